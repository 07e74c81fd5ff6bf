"""Which tables Citus, PostgreSQL's distributed engine, divides among the nodes of a cluster."""

import re

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


# The patch releases of a series that, on the node that has the shard, plan a prepared statement
# again at each use and keep each of these plans until the session ends: they have Citus's change
# 8371 and lack 8824.
_KEEPING_PLANS = {(12, 1): range(11, 14), (13, 2): range(1, 3), (14, 0): range(2)}


def release_that_keeps_plans(connection: BaseDatabaseWrapper) -> str:
    """The database's release of Citus if it leaks plans, as "13.2.2", else ""."""
    if not has_citus(connection):
        return ""
    with connection.cursor() as cursor:
        cursor.execute("SELECT citus_version()")
        return leaking_release(cursor.fetchone()[0])


def leaking_release(version: str) -> str:
    """The same of what ``citus_version()`` tells."""
    told = re.match(r"Citus (\d+)\.(\d+)\.(\d+)\b", version)
    if not told:
        return ""
    major, minor, patch = map(int, told.groups())
    return f"{major}.{minor}.{patch}" if patch in _KEEPING_PLANS.get((major, minor), ()) else ""


def has_shards(connection: BaseDatabaseWrapper, table: str) -> bool:
    """Whether some of a distributed table's shards are on the node that answers."""
    with connection.cursor() as cursor:
        cursor.execute(_HAS_SHARDS, [table])
        return bool(cursor.fetchone()[0])


def set_for_transaction(cursor: CursorWrapper) -> None:
    for name, value in SETTINGS.items():
        cursor.execute(f"SET LOCAL {name} = '{value}'")


_PLACED = """
    SELECT relname, CASE WHEN partmethod <> 'n' THEN 'distributed'
                         WHEN repmodel = 't' THEN 'reference' ELSE 'local' END
      FROM pg_dist_partition JOIN pg_class ON pg_class.oid = logicalrelid
     WHERE pg_table_is_visible(pg_class.oid)
"""
_HAS_SHARDS = """
    SELECT EXISTS (
        SELECT FROM pg_dist_shard
          JOIN pg_dist_placement USING (shardid)
          JOIN pg_dist_local_group USING (groupid)
         WHERE logicalrelid = to_regclass(%s))
"""
