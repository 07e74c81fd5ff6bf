"""Rows as plain tuples, at the speed of the driver: for the few reads that every request makes.

What the ORM adds to a read is compiling it, and a converter for each value. Here neither is done:
a value comes as the database's driver reads it, so a caller selects columns of whose type it is
sure, and brings an instant to UTC itself.
"""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import QuerySet

_KEPT = "mailmetrics_cursor"


def fetched(
    alias: str, statement: str, parameters: Sequence[object] | None = None
) -> list[tuple[Any, ...]]:
    """All rows of a statement; on PostgreSQL in binary, which costs a third of reading text."""
    connection: Any = connections[alias]
    if connection.vendor == "postgresql":
        return _fetched_in_binary(connection, statement, parameters)
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _fetched_in_binary(
    connection: Any, statement: str, parameters: Sequence[object] | None
) -> list[tuple[Any, ...]]:
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    # A new cursor looks up again how each type is read: a third of what a short read costs.
    # Taken away while it is in use, for what watches the queries might read something, too.
    kept = vars(connection).pop(_KEPT, None)
    if logged := connection.queries_logged:
        kept = None  # another kind of cursor writes the log
    if kept is None or kept.connection is not connection.connection:
        kept = _new_cursor(connection)
    kept.execute(statement, parameters)
    with connection.wrap_database_errors:
        rows: list[tuple[Any, ...]] = kept.cursor.fetchall()
    if not logged:
        setattr(connection, _KEPT, kept)
    return rows


def _new_cursor(connection: Any) -> Any:
    cursor = connection.cursor()
    # Django's own asks for text, which no option of it changes.
    cursor.cursor = connection.Database.Cursor(connection.connection)
    cursor.cursor.format = connection.Database.pq.Format.BINARY
    return cursor


def fetched_among(
    queryset: QuerySet[Any, Any], statement: str, parameters: Sequence[object]
) -> list[tuple[Any, ...]]:
    """All rows of a statement with ``{among}`` in it, which stands for the query, after the
    parameters."""
    connection: Any = connections[queryset.db]
    try:
        among, its_own = queryset.query.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:
        return []
    statement, parameters = statement.format(among=among), [*parameters, *its_own]
    if connection.vendor != "postgresql":
        return fetched(queryset.db, statement, parameters)
    # Bound as Django would: on the server, a parameter of any expression may lack a type.
    return fetched(queryset.db, connection.ops.compose_sql(statement, parameters))
