"""Ids that count on after Citus has taken a table in.

From a table with a foreign key to a reference table Citus makes one of its own, whose ids begin at
1 again, whatever is in it: so with the keys, and with a host's tables that point to a campaign.
"""

from typing import NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from campaigns.base.citus import has_citus

OURS = ("mailmetrics_", "django_migrations")  # how the names of tables begin


class Column(NamedTuple):
    """One that numbers its rows by itself; the table's name as SQL has it."""

    table: str
    name: str

    def __str__(self) -> str:
        return f"{self.table}.{self.name}"


_COLUMNS = """
      FROM pg_class c
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attidentity <> '' AND NOT a.attisdropped
      JOIN pg_sequence s
        ON s.seqrelid = pg_get_serial_sequence(c.oid::regclass::text, a.attname)::regclass
     WHERE pg_has_role(c.relowner, 'USAGE')
"""
_LAST = f"SELECT c.oid::regclass::text, a.attname, pg_sequence_last_value(s.seqrelid) {_COLUMNS}"
# Of the tables that Citus has taken in, on the coordinator: the other nodes number apart.
_NEXT = f"""
    SELECT c.oid::regclass::text, a.attname,
           COALESCE(pg_sequence_last_value(s.seqrelid) + s.seqincrement, s.seqstart)
    {_COLUMNS}
       AND EXISTS (SELECT FROM pg_dist_local_group WHERE groupid = 0)
       AND EXISTS (SELECT FROM pg_dist_partition p
                    WHERE p.logicalrelid = c.oid AND p.partmethod = 'n' AND p.repmodel <> 't')
     ORDER BY 1, 2
"""


def last_numbers(cursor: CursorWrapper) -> dict[Column, int]:
    """What each has given last, of the tables that this role owns."""
    cursor.execute(_LAST)
    return {Column(table, name): last for table, name, last in cursor.fetchall() if last}


def columns_behind(connection: BaseDatabaseWrapper) -> dict[Column, int]:
    """Those that would give a number that is there, with the highest that is.

    Of our tables and of Django's list of migrations, which other nodes may read. Empty for a role
    that does not own the tables.
    """
    if not has_citus(connection):
        return {}
    with connection.cursor() as cursor:
        return {
            column: highest
            for column, (following, highest) in _taken_in(cursor).items()
            if column.table.rpartition(".")[2].startswith(OURS) and following <= highest
        }


def restore(cursor: CursorWrapper, before: dict[Column, int]) -> None:
    """Let no column give a number again that it gave ``before``, or that is there."""
    for column, (following, highest) in _taken_in(cursor).items():
        last = max(highest, before.get(column, 0))
        if following <= last:
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, %s), %s)", [*column, last])


def _taken_in(cursor: CursorWrapper) -> dict[Column, tuple[int, int]]:
    """The number that is next, and the highest that is there."""
    cursor.execute(_NEXT)
    found = {}
    for table, name, following in cursor.fetchall():
        cursor.execute(f"SELECT max({cursor.db.ops.quote_name(name)}) FROM {table}")
        found[Column(table, name)] = (following, cursor.fetchone()[0] or 0)
    return found
