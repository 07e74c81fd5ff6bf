"""Installing the database's triggers, whose SQL is in ``sql/``, and telling which are missing.

The folders of ``sql/`` are the versions that migrations have installed; the last is the present
one, and a released one is never edited. A site that makes its tables without migrations, as a test
runner may, calls ``install(connection)`` once they are there.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from analytics.models import PrunedTotals
from campaigns.models import Campaign, EmailEvent, Workspace

VERSION = 2
VENDORS = ("postgresql", "sqlite")

_SQL = Path(__file__).parent / "sql"
_TABLES = ", ".join(
    f"to_regclass('{model._meta.db_table}')"
    for model in (EmailEvent, Campaign, Workspace, PrunedTotals)
)
# Disabled ones, and those that fire for replication alone, keep no totals; nor do those whose
# function looks for the tables elsewhere, since their schema was renamed or copied.
_FIRING = {
    "postgresql": f"""
        SELECT tgname
          FROM pg_trigger
               JOIN pg_class c ON c.oid = tgrelid
               JOIN pg_namespace n ON n.oid = c.relnamespace
               JOIN pg_proc p ON p.oid = tgfoid
         WHERE tgenabled IN ('O', 'A') AND tgrelid IN ({_TABLES})
           AND NOT EXISTS (SELECT FROM unnest(p.proconfig) o
                            WHERE o LIKE 'search_path=%'
                              AND o <> 'search_path=' || quote_ident(n.nspname) || ', pg_temp')
         UNION ALL
        SELECT proname || '()'
          FROM pg_proc p
               JOIN pg_class c ON c.relnamespace = p.pronamespace
         WHERE c.oid = to_regclass('{EmailEvent._meta.db_table}')
    """,
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
}

_ON_EVENTS = "mailmetrics_events_"
_EVENTS_FIRING = {
    "postgresql": f"SELECT count(*) FROM pg_trigger WHERE starts_with(tgname, '{_ON_EVENTS}') "
    f"AND tgrelid = to_regclass('{EmailEvent._meta.db_table}') AND tgenabled IN ('O', 'A')",
    "sqlite": "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' "
    f"AND name GLOB '{_ON_EVENTS}*'",
}


def install(connection: BaseDatabaseWrapper, *, version: int = VERSION) -> None:
    """Create the triggers, in one transaction, on a database that has the tables and none yet."""
    _run(connection, version, "create")


def remove(connection: BaseDatabaseWrapper, *, version: int = VERSION) -> None:
    """Drop whatever of the triggers there is."""
    _run(connection, version, "drop")


@cache
def expected(vendor: str) -> frozenset[str]:
    """The names of the triggers of the present version."""
    return frozenset(re.findall(r"^CREATE TRIGGER (\w+)", _script(vendor, VERSION, "create"), re.M))


@cache
def _functions(vendor: str) -> frozenset[str]:
    """What the triggers call, as ``name()``."""
    script = _script(vendor, VERSION, "create")
    return frozenset(f"{name}()" for name in re.findall(r"^CREATE FUNCTION (\w+)", script, re.M))


def missing(connection: BaseDatabaseWrapper) -> set[str]:
    """The triggers that the database lacks, or does not fire, and functions that they lack."""
    wanted = expected(connection.vendor) | _functions(connection.vendor)
    with connection.cursor() as cursor:
        cursor.execute(_FIRING[connection.vendor])
        return set(wanted - {name for (name,) in cursor.fetchall()})


def missing_for_events(connection: BaseDatabaseWrapper) -> set[str]:
    """The same for those who record, before each batch: a short look where nothing is missing."""
    wanted = _on_events(connection.vendor)
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS_FIRING[connection.vendor])
        (firing,) = cursor.fetchone()
    return set() if firing == wanted else missing(connection)


def condition_for_events() -> str:
    """The same as SQL of PostgreSQL, true where nothing is missing."""
    return f"({_EVENTS_FIRING['postgresql']}) = {_on_events('postgresql')}"


def _on_events(vendor: str) -> int:
    return sum(name.startswith(_ON_EVENTS) for name in expected(vendor))


def recount(cursor: CursorWrapper, *, workspace_id: int) -> None:
    """Make a workspace's totals anew, by the triggers' own routine, within a transaction."""
    statement = {
        "postgresql": "SELECT mailmetrics_recount(%s)",
        "sqlite": "INSERT INTO mailmetrics_recounted VALUES (%s)",
    }[cursor.db.vendor]
    cursor.execute(statement, [workspace_id])


def _script(vendor: str, version: int, name: str) -> str:
    if vendor not in VENDORS:
        raise NotImplementedError(
            f"django-mailmetrics has its triggers for PostgreSQL and SQLite, not for {vendor}."
        )
    return (_SQL / str(version) / f"{vendor}_{name}.sql").read_text("utf-8")


def _run(connection: BaseDatabaseWrapper, version: int, name: str) -> None:
    script = _script(connection.vendor, version, name)
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with _path_of_functions(cursor):
                cursor.execute(script)
        else:
            for statement in _statements(script):
                cursor.execute(statement)


@contextmanager
def _path_of_functions(cursor: CursorWrapper) -> Iterator[None]:
    """The search path that the functions keep: the schema of our tables, then ``pg_temp``.

    Unless it is named, ``pg_temp`` comes first, and a session's table would stand for ours.
    """
    cursor.execute(
        "SELECT current_setting('search_path'), set_config('search_path', "
        "quote_ident(nspname) || ', pg_temp', true) FROM pg_class c JOIN pg_namespace n "
        f"ON n.oid = c.relnamespace WHERE c.oid = '{EmailEvent._meta.db_table}'::regclass"
    )
    before, _ = cursor.fetchone()
    yield
    cursor.execute("SELECT set_config('search_path', %s, true)", [before])


def _statements(script: str) -> Iterator[str]:
    """SQLite's own idea of where a statement ends; a trigger has semicolons within."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
