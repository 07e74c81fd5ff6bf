"""Dividing the tables among the nodes of a Citus cluster, by their workspace.

Workspaces and campaigns are whole on every node. The totals and the events of one workspace are on
one node together, so that whoever asks about a workspace, or writes its events, needs that alone.
"""

from collections.abc import Iterator
from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import Model

from analytics.models import CampaignDailyTotals, CampaignTotals, DailyTotals, PrunedTotals
from analytics.totals import triggers
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
    lines = [f"set {name} = '{SETTINGS[name]}' for the database" for name in unset(connection)]
    lines += [
        f"make {table} a reference table" for table in REFERENCE if placed.get(table) != "reference"
    ]
    return lines + [
        f"distribute {table} by workspace_id"
        for table in DISTRIBUTED
        if placed.get(table) != "distributed"
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
    """Raise CannotDistribute where the tables can't be distributed, with the reason."""
    if connection.vendor != "postgresql":
        raise CannotDistribute(f"{connection.display_name} has no Citus: PostgreSQL alone has it.")
    if not has_citus(connection):
        raise CannotDistribute("The database lacks the extension citus. CREATE EXTENSION makes it.")
    for reason in _reasons(connection):
        raise CannotDistribute(reason)


def _reasons(connection: BaseDatabaseWrapper) -> Iterator[str]:
    present = set(connection.introspection.table_names())
    if absent := sorted({*REFERENCE, *DISTRIBUTED} - present):
        yield f"The database lacks the tables {', '.join(absent)}. `migrate` makes them."
    if not _asked(connection, "SELECT citus_is_coordinator()"):
        yield "This node is not the coordinator."
    if not _asked(connection, "SELECT EXISTS (SELECT FROM pg_dist_node WHERE groupid = 0)"):
        yield "The coordinator does not know its own address: see citus_set_coordinator_host()."
    if not _asked(connection, "SELECT EXISTS (SELECT FROM pg_dist_node WHERE shouldhaveshards)"):
        yield "No node takes shards: see citus_add_node()."
    if _asked(connection, "SELECT current_setting('citus.shard_replication_factor')") != "1":
        yield "citus.shard_replication_factor is not 1: shards with replicas have no triggers."
    if not _asked(connection, _OWNS_DATABASE) and unset(connection):
        yield "To set " + ", ".join(unset(connection)) + " for the database takes its owner."
    if not is_begun(connection) and (lacking := sorted(triggers.missing(connection))):
        yield (
            f"The database lacks the triggers {', '.join(lacking)}. "
            "`mailmetrics_rebuild_totals` creates them."
        )


_OWNS_DATABASE = (
    "SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database()"
)


def _asked(connection: BaseDatabaseWrapper, question: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0]


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
