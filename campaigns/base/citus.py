"""Which tables Citus, PostgreSQL's distributed engine, divides among the nodes of a cluster."""

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

# What every session has to have: a campaign's deletion reaches shards that its transaction has
# read, and shards have triggers, wherever they are moved.
SETTINGS = {"citus.multi_shard_modify_mode": "sequential", "citus.enable_unsafe_triggers": "on"}


def placed_tables(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """The tables that Citus knows of: "distributed", "reference" (whole on each node) or "local".

    By their names without a schema, as the search path finds them. None where there is no Citus.
    """
    if not has_citus(connection):
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_PLACED)
        return dict(cursor.fetchall())


def has_citus(connection: BaseDatabaseWrapper) -> bool:
    """Whether the database has the extension."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')")
        return bool(cursor.fetchone()[0])


def is_distributed(connection: BaseDatabaseWrapper, table: str) -> bool:
    return placed_tables(connection).get(table) == "distributed"


def set_for_transaction(cursor: CursorWrapper) -> None:
    for name, value in SETTINGS.items():
        cursor.execute(f"SET LOCAL {name} = '{value}'")


_PLACED = """
    SELECT relname, CASE WHEN partmethod <> 'n' THEN 'distributed'
                         WHEN repmodel = 't' THEN 'reference' ELSE 'local' END
      FROM pg_dist_partition JOIN pg_class ON pg_class.oid = logicalrelid
     WHERE pg_table_is_visible(pg_class.oid)
"""
