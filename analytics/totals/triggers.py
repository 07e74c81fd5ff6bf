"""Installing the database's triggers, whose SQL is in ``sql/``, and telling which are missing.

The folders of ``sql/`` are the versions that migrations have installed; the last is the present
one, and a released one is never edited. A site that makes its tables without migrations, as a test
runner may, calls ``install(connection)`` once they are there.

Where Citus distributes the tables, ``citus_create.sql`` follows ``postgresql_create.sql`` and
replaces some of its functions. Each kind of PostgreSQL has its own, and the other's are missed.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from django.db import NotSupportedError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from analytics.models import PrunedTotals
from campaigns.base.citus import has_citus, is_distributed, set_for_transaction
from campaigns.models import Campaign, EmailEvent, Workspace

VERSION = 3
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
    """Create the triggers, in one transaction, on a database that has the tables and none yet.

    On PostgreSQL the functions belong to the tables' owner, whoever installs them: they run with
    its rights, and it can replace them.
    """
    scripts = [_script(connection.vendor, version, "create")]
    if are_distributed(connection):
        scripts.append(_script("citus", version, "create"))
    _run(connection, scripts)


def remove(connection: BaseDatabaseWrapper, *, version: int = VERSION) -> None:
    """Drop whatever of the triggers there is."""
    _run(connection, [_script(connection.vendor, version, "drop")])


def are_distributed(connection: BaseDatabaseWrapper) -> bool:
    """Whether the triggers have to be those for Citus."""
    return is_distributed(connection, EmailEvent._meta.db_table)


@cache
def expected(vendor: str) -> frozenset[str]:
    """The names of the triggers of the present version."""
    return frozenset(re.findall(r"^CREATE TRIGGER (\w+)", _script(vendor, VERSION, "create"), re.M))


@cache
def _functions(kind: str, *, replaced: bool = False) -> frozenset[str]:
    """What the triggers call, as ``name()``: what a script makes, or what it replaces."""
    statement = "CREATE OR REPLACE FUNCTION" if replaced else "CREATE FUNCTION"
    script = _script(kind, VERSION, "create")
    return frozenset(f"{name}()" for name in re.findall(rf"^{statement} (\w+)", script, re.M))


def missing(connection: BaseDatabaseWrapper) -> set[str]:
    """The triggers that the database lacks, or does not fire, and functions that they lack.

    Those for Citus are missed by a database that it does not distribute, as after a restore, and
    the reverse.
    """
    found, wanted = _found(connection), expected(connection.vendor) | _functions(connection.vendor)
    if connection.vendor == "postgresql":
        if are_distributed(connection):
            wanted |= _functions("citus")
        if are_of_another_kind(connection):
            found -= _functions("citus", replaced=True)
    return set(wanted - found)


def are_of_another_kind(connection: BaseDatabaseWrapper) -> bool:
    """Whether the functions are Citus's where it distributes nothing, or the reverse."""
    if connection.vendor != "postgresql":
        return False
    found = _found(connection) & _functions("citus")
    return not found if are_distributed(connection) else bool(found)


def _found(connection: BaseDatabaseWrapper) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(_FIRING[connection.vendor])
        return {name for (name,) in cursor.fetchall()}


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


# The same, as a call of a function that citus_create.sql makes.
CONDITION_ON_CITUS = "mailmetrics_events_are_counted()"


def _on_events(vendor: str) -> int:
    return sum(name.startswith(_ON_EVENTS) for name in expected(vendor))


def recount(cursor: CursorWrapper, *, workspace_id: int) -> None:
    """Make a workspace's totals anew, by the triggers' own routine, within a transaction."""
    statement = {
        "postgresql": "SELECT mailmetrics_recount(%s)",
        "sqlite": "INSERT INTO mailmetrics_recounted VALUES (%s)",
    }[cursor.db.vendor]
    cursor.execute(statement, [workspace_id])


def _script(kind: str, version: int, name: str) -> str:
    if kind not in (*VENDORS, "citus"):
        raise NotSupportedError(
            f"django-mailmetrics has its triggers for PostgreSQL and SQLite, not for {kind}."
        )
    script = _SQL / str(version) / f"{kind}_{name}.sql"
    if not script.exists():
        raise NotSupportedError(
            f"Version {version} of the triggers is not for tables that Citus distributes. "
            "A dump that is restored to one server can be migrated so far back."
        )
    return script.read_text("utf-8")


def _run(connection: BaseDatabaseWrapper, scripts: list[str]) -> None:
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            if has_citus(connection):
                set_for_transaction(cursor)
            with _path_of_functions(cursor):
                # One by one: Citus sends them to its other nodes as they are.
                for statement in _STATEMENT.finditer("".join(scripts)):
                    cursor.execute(statement[0])
                cursor.execute(_OF_ANOTHER_OWNER)
                for (statement,) in cursor.fetchall():
                    cursor.execute(statement)
        else:
            for text in _statements(scripts[0]):
                cursor.execute(text)


# What gives them to the tables' owner, if it may have them.
_OF_ANOTHER_OWNER = f"""
    SELECT format('ALTER %s OWNER TO %I', made.name, pg_get_userbyid(c.relowner))
      FROM pg_class c
      JOIN LATERAL (
               SELECT format('FUNCTION %s', oid::regprocedure), proowner
                 FROM pg_proc
                WHERE pronamespace = c.relnamespace AND starts_with(proname, 'mailmetrics_')
                UNION ALL
               SELECT format('TYPE %s', reltype::regtype), relowner
                 FROM pg_class
                WHERE relnamespace = c.relnamespace AND starts_with(relname, 'mailmetrics_')
                  AND relkind = 'c'
           ) AS made (name, owner) ON made.owner <> c.relowner
     WHERE c.oid = '{EmailEvent._meta.db_table}'::regclass
       AND ((SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
            OR has_schema_privilege(c.relowner, c.relnamespace, 'CREATE'))
"""

# Of PostgreSQL: up to a semicolon that is in no comment, dollar quotes or quotes.
_STATEMENT = re.compile(r"(?:--[^\n]*|\$(\w*)\$.*?\$\1\$|'[^']*'|[^;])+;", re.DOTALL)


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
