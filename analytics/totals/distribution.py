"""Dividing the tables among the nodes of a Citus cluster, by their workspace.

Workspaces and campaigns are whole on every node. The totals and the events of one workspace are on
one node together, so that whoever asks about a workspace, or writes its events, needs that alone.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management import CommandError
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.migrations import Migration
from django.db.models import Model

from analytics.models import CampaignDailyTotals, CampaignTotals, DailyTotals, PrunedTotals
from analytics.totals import numbering, triggers
from campaigns.base.citus import SETTINGS, has_citus, placed_tables, set_for_transaction
from campaigns.models import Campaign, EmailEvent, Workspace
from campaigns.recording import retried


def _tables(*models: type[Model]) -> tuple[str, ...]:
    return tuple(model._meta.db_table for model in models)


REFERENCE = _tables(Workspace, Campaign)
# The others stand beside the first of them.
DISTRIBUTED = _tables(EmailEvent, CampaignTotals, CampaignDailyTotals, DailyTotals, PrunedTotals)


class CannotDistribute(Exception):
    """Says what has to be otherwise first."""


def remaining(connection: BaseDatabaseWrapper) -> list[str]:
    """What there is to do, a line for each; nothing where all of it is done."""
    lines = unplaced(connection)
    if lacking := sorted(triggers.missing(connection)):
        lines.append(f"create again {', '.join(lacking)}")
    return lines


def unplaced(connection: BaseDatabaseWrapper) -> list[str]:
    """The same without the triggers, which have a check of their own."""
    placed = placed_tables(connection)
    return [
        *(f"set {name} = '{SETTINGS[name]}' for the database" for name in unset(connection)),
        *(
            f"make {table} a reference table"
            for table in REFERENCE
            if placed.get(table) != "reference"
        ),
        *(
            f"distribute {table} by workspace_id"
            for table in DISTRIBUTED
            if placed.get(table) != "distributed"
        ),
        *(
            f"let {column} count on from {highest}"
            for column, highest in numbering.columns_behind(connection).items()
        ),
    ]


def is_begun(connection: BaseDatabaseWrapper) -> bool:
    """Whether some of the tables are distributed."""
    return "distributed" in map(placed_tables(connection).get, DISTRIBUTED)


def unset(connection: BaseDatabaseWrapper) -> list[str]:
    """The settings that a new session would not have."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT unnest(setconfig) FROM pg_db_role_setting JOIN pg_database d "
            "ON d.oid = setdatabase WHERE datname = current_database() AND setrole = 0"
        )
        known = {name for (name,) in cursor.fetchall()}
    return [name for name, value in SETTINGS.items() if f"{name}={value}" not in known]


def refuse(connection: BaseDatabaseWrapper) -> None:
    """Raise CannotDistribute where the tables can't be distributed, with the reason.

    A database that fails, or lacks the tables, raises its own error first.
    """
    if has_citus(connection) and _asked(connection, "SELECT groupid <> 0 FROM pg_dist_local_group"):
        raise CannotDistribute("This node is a worker: the coordinator distributes the tables.")
    _look_at_tables(connection)
    if connection.vendor != "postgresql":
        raise CannotDistribute(f"{connection.display_name} has no Citus: PostgreSQL alone has it.")
    if not has_citus(connection):
        raise CannotDistribute("The database lacks the extension citus. CREATE EXTENSION makes it.")
    for reason in (*_reasons_of_cluster(connection), *_reasons_of_tables(connection)):
        raise CannotDistribute(reason)


def _look_at_tables(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for table in (*REFERENCE, *DISTRIBUTED):
            cursor.execute(f"SELECT 1 FROM {table} LIMIT 1")


def _reasons_of_cluster(connection: BaseDatabaseWrapper) -> Iterator[str]:
    if not _asked(connection, "SELECT EXISTS (SELECT FROM pg_dist_node WHERE groupid = 0)"):
        yield "The coordinator does not know its own address: see citus_set_coordinator_host()."
    if not _asked(connection, "SELECT EXISTS (SELECT FROM pg_dist_node WHERE shouldhaveshards)"):
        yield "No node takes shards: see citus_add_node()."
    if _asked(connection, "SELECT current_setting('citus.shard_replication_factor')") != "1":
        yield "citus.shard_replication_factor is not 1: shards with replicas have no triggers."
    if not _asked(connection, _OWNS_DATABASE) and (settings := unset(connection)):
        yield f"To set {', '.join(settings)} for the database takes its owner."


def _reasons_of_tables(connection: BaseDatabaseWrapper) -> Iterator[str]:
    for table in _named(connection, _OF_OTHERS):
        yield f"To distribute {table} takes the owner of the table."
    for table in _named(connection, _WITH_ROW_SECURITY):
        yield (
            f"Row security of {table} holds for this role, and what it hides would be lost: "
            "a superuser, or a role with BYPASSRLS, may distribute it."
        )
    placed = placed_tables(connection)
    for table in (*REFERENCE, *DISTRIBUTED):
        wanted = "reference" if table in REFERENCE else "distributed"
        if placed.get(table, "local") not in ("local", wanted):
            yield f"{table} is a {placed[table]} table already: undistribute_table() it first."
    for table in _named(connection, _OTHERWISE):
        yield (
            f"{table} is distributed otherwise than by workspace_id, beside the events and without "
            "replicas: undistribute_table() it first."
        )
    if is_begun(connection) and remaining(connection) and _asked(connection, _TRUNCATE_ON_SHARDS):
        yield (
            f"{DISTRIBUTED[0]} was distributed by hand, with its triggers, which have counted its "
            "rows again: restore a dump to one server and begin there."
        )
    if not is_begun(connection) and (lacking := sorted(triggers.missing(connection))):
        yield (
            f"The database lacks the triggers {', '.join(lacking)}. "
            "`mailmetrics_rebuild_totals` creates them."
        )


_OWNS_DATABASE = (
    "SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database()"
)
_OF_OTHERS = "NOT pg_has_role(relowner, 'USAGE')"
_WITH_ROW_SECURITY = "row_security_active(c.oid)"
# create_distributed_table() gives shards the triggers for TRUNCATE; installing triggers does not.
_TRUNCATE_ON_SHARDS = f"""
    SELECT bool_or(result = 't')
      FROM run_command_on_shards('{DISTRIBUTED[0]}', $$
          SELECT EXISTS (SELECT FROM pg_trigger
                          WHERE tgrelid = '%s'::regclass AND tgtype & 32 > 0 AND NOT tgisinternal)
      $$)
"""
_OTHERWISE = f"""
    EXISTS (SELECT FROM pg_dist_partition p
             WHERE p.logicalrelid = c.oid AND p.partmethod <> 'n'
               AND (column_to_column_name(p.logicalrelid, p.partkey) <> 'workspace_id'
                    OR p.colocationid <> COALESCE(
                        (SELECT colocationid FROM pg_dist_partition
                          WHERE logicalrelid = '{DISTRIBUTED[0]}'::regclass AND partmethod <> 'n'),
                        p.colocationid)
                    OR EXISTS (SELECT FROM pg_dist_shard s JOIN pg_dist_placement USING (shardid)
                                WHERE s.logicalrelid = c.oid GROUP BY shardid HAVING count(*) > 1)))
"""


def _named(connection: BaseDatabaseWrapper, condition: str) -> list[str]:
    """Those of our tables for which a condition holds."""
    names = ", ".join(f"to_regclass('{table}')" for table in (*REFERENCE, *DISTRIBUTED))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT relname FROM pg_class c WHERE c.oid IN ({names}) AND {condition} ORDER BY 1"
        )
        return [name for (name,) in cursor.fetchall()]


def _asked(connection: BaseDatabaseWrapper, question: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0]


# Behind it there are only triggers that know no cluster.
_BEFORE_CLUSTERS = ("mailmetrics_analytics", "0004_totals_by_campaign_and_day")


def refuse_migration(*, plan: Iterable[tuple[Migration, bool]], using: str, **kwargs: Any) -> None:
    """For pre_migrate: raise CommandError, before anything is undone, if it leads too far back."""
    backwards = {(each.app_label, each.name) for each, is_backwards in plan if is_backwards}
    if _BEFORE_CLUSTERS in backwards and triggers.are_distributed(connections[using]):
        raise CommandError(
            f"The triggers before {' '.join(_BEFORE_CLUSTERS)} are not for tables that Citus "
            "distributes. A dump that is restored to one server can be migrated so far back."
        )


def distribute(*, using: str) -> None:
    """Do what remains, in one transaction; readers and writers wait until it commits.

    Raises CannotDistribute.
    """
    connection = connections[using]
    refuse(connection)
    if remaining(connection):
        retried(lambda: _distribute(using), using)


def _distribute(using: str) -> None:
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        _prepare(cursor)
        before = numbering.last_numbers(cursor)
        # Without them: the rows that are copied to the shards have been counted.
        triggers.remove(connection)
        placed = placed_tables(connection)
        for table in REFERENCE:
            if placed.get(table) != "reference":
                cursor.execute("SELECT create_reference_table(%s)", [table])
        together = "none"
        for table in DISTRIBUTED:
            if placed.get(table) != "distributed":
                cursor.execute(
                    "SELECT create_distributed_table(%s, 'workspace_id', colocate_with => %s)",
                    [table, together],
                )
            together = DISTRIBUTED[0]
        # What was there before, which nobody sees any more; with triggers it would be deleted from
        # the shards, too.
        for table in (*DISTRIBUTED, *reversed(REFERENCE)):
            cursor.execute("SELECT truncate_local_data_after_distributing_table(%s)", [table])
        numbering.restore(cursor, before)
        triggers.install(connection)


def _prepare(cursor: CursorWrapper) -> None:
    cursor.execute("SET LOCAL client_min_messages = error")
    set_for_transaction(cursor)
    for name, value in SETTINGS.items():
        cursor.execute(f"ALTER DATABASE {_database(cursor)} SET {name} = '{value}'")
    # In the order in which those take them who record events.
    cursor.execute(f"LOCK TABLE {', '.join((*DISTRIBUTED, *REFERENCE))} IN ACCESS EXCLUSIVE MODE")


def _database(cursor: CursorWrapper) -> str:
    return str(cursor.db.ops.quote_name(cursor.db.settings_dict["NAME"]))
