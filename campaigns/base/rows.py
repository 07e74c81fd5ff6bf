"""Rows as plain tuples, at the speed of the driver: for the few reads that every request makes.

What the ORM adds to a read is compiling it, and a converter for each value. Here neither is done:
a value comes as the database's driver reads it, so a caller selects columns whose type is certain,
and converts instants to UTC itself.
"""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet

_DJANGO_S_OWN = (BaseDatabaseWrapper.cursor, BaseDatabaseWrapper._cursor)  # type: ignore[attr-defined]


def fetched(
    alias: str, statement: str, parameters: Sequence[object] | None = None
) -> list[tuple[Any, ...]]:
    """All rows of a statement; on PostgreSQL in binary, which costs a third of reading text."""
    connection: Any = connections[alias]
    is_postgresql = connection.vendor == "postgresql"
    if is_postgresql and _has_django_s_cursor(connection):
        return _fetched_at_once(connection, statement, parameters)
    with connection.cursor() as cursor:
        if is_postgresql:
            cursor.cursor = _binary(connection)
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _fetched_at_once(connection: Any, statement: str, parameters: Any) -> list[tuple[Any, ...]]:
    """As by ``connection.cursor()``, without its second cursor and a wrapper of each method."""
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    connection.validate_thread_sharing()
    with connection.wrap_database_errors:
        cursor = _binary(connection)
        wrapped = (
            connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
        )
        wrapped(cursor).execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _has_django_s_cursor(connection: Any) -> bool:
    """Not where a backend prepares each cursor, as one that keeps a schema for each tenant does,
    nor where a tool watches the connection or forbids to use it."""
    kind = type(connection)
    return (kind.cursor, kind._cursor) == _DJANGO_S_OWN and "cursor" not in vars(connection)


def _binary(connection: Any) -> Any:
    """The driver's own cursor: Django's asks for text, which no option of it changes."""
    database = connection.Database
    cursor = database.Cursor(connection.connection)
    cursor.format = database.pq.Format.BINARY
    return cursor


def fetched_among(
    queryset: QuerySet[Any, Any], statement: str, parameters: Sequence[object]
) -> list[tuple[Any, ...]]:
    """All rows of a statement whose ``{among}`` stands for the query, before the parameters."""
    connection: Any = connections[queryset.db]
    try:
        among, own = queryset.query.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:
        return []
    statement, parameters = statement.format(among=among), [*own, *parameters]
    if connection.vendor != "postgresql":
        return fetched(queryset.db, statement, parameters)
    # Bound as Django would: on the server, a parameter of any expression may lack a type.
    return fetched(queryset.db, connection.ops.compose_sql(statement, parameters))
