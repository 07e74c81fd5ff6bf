"""Ids that count on after Citus has taken a table in.

From a table with a foreign key to a reference table Citus makes one of its own, whose ids begin at
1 again, whatever is in it: so with the keys, and with a host's tables that point to a campaign.
"""

from typing import NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from campaigns.base.citus import has_citus


class Column(NamedTuple):
    """One that numbers its rows by itself."""

    table: str
    name: str

    def __str__(self) -> str:
        return f"{self.table}.{self.name}"


# Of this role's tables: it may ask their sequences.
_GIVEN = """
    SELECT c.relname, a.attname,
           pg_sequence_last_value(pg_get_serial_sequence(c.oid::regclass::text, a.attname))
      FROM pg_class c
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attidentity <> ''
     WHERE c.relkind = 'r' AND pg_table_is_visible(c.oid) AND pg_has_role(c.relowner, 'USAGE')
"""
_NEXT = """
    SELECT c.relname, a.attname,
           COALESCE(pg_sequence_last_value(s.seqrelid) + s.seqincrement, s.seqstart)
      FROM pg_dist_partition p
      JOIN pg_class c ON c.oid = p.logicalrelid
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attidentity <> ''
      JOIN pg_sequence s
        ON s.seqrelid = pg_get_serial_sequence(c.oid::regclass::text, a.attname)::regclass
      JOIN pg_dist_local_group g ON g.groupid = 0
     WHERE p.partmethod = 'n' AND p.repmodel <> 't' AND starts_with(c.relname, 'mailmetrics_')
       AND pg_table_is_visible(c.oid)
       AND has_table_privilege(c.oid, 'SELECT') AND has_sequence_privilege(s.seqrelid, 'SELECT')
     ORDER BY 1, 2
"""


def given(cursor: CursorWrapper) -> dict[Column, int]:
    """The last number that each has given."""
    cursor.execute(_GIVEN)
    return {Column(table, name): last for table, name, last in cursor.fetchall() if last}


def begun_anew(connection: BaseDatabaseWrapper) -> list[tuple[Column, int]]:
    """Columns that would give a number that is there, with the highest that is.

    Of our own tables that this role may read, and on the coordinator: the others number apart.
    """
    if not has_citus(connection):
        return []
    quote = connection.ops.quote_name
    behind = []
    with connection.cursor() as cursor:
        cursor.execute(_NEXT)
        for table, name, following in cursor.fetchall():
            cursor.execute(f"SELECT max({quote(name)}) FROM {quote(table)}")
            highest = cursor.fetchone()[0]
            if highest is not None and following <= highest:
                behind.append((Column(table, name), highest))
    return behind


def count_on(connection: BaseDatabaseWrapper, before: dict[Column, int]) -> None:
    """Let no column give a number again that it had given before: an id is never another row's."""
    with connection.cursor() as cursor:
        now = given(cursor)
        anew = {column: last for column, last in before.items() if now.get(column, 0) < last}
        for column, highest in (anew | dict(begun_anew(connection))).items():
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, %s), %s)",
                [
                    connection.ops.quote_name(column.table),
                    column.name,
                    max(highest, before.get(column, 0)),
                ],
            )
