"""Holding the totals against the events: a recount that finds differences, and one that mends.

Events that were pruned are not there to be counted again: what they counted is in PrunedTotals.

The triggers keep the totals exact by themselves; this is for peace of mind and for accidents such
as a restore with triggers off.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

from analytics.models import COUNTS, CampaignTotals, DailyTotals, PrunedTotals
from campaigns.models import EmailEvent, EventKind, Workspace

_EVENTS = EmailEvent._meta.db_table
_PRUNED = PrunedTotals._meta.db_table
COUNTED = ", ".join(
    f"sum(CASE WHEN kind = {EventKind[count.upper()].value} THEN 1 ELSE 0 END) AS {count}"
    for count in COUNTS
)
DAY = {
    "postgresql": "(occurred_at AT TIME ZONE 'UTC')::date",
    # As in the triggers: date() rounds to milliseconds.
    "sqlite": "date(substr(occurred_at, 1, 19) || ltrim(substr(occurred_at, 20), '.0123456789'))",
}

Counts = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Difference:
    """Totals that are not what a recount of the events gives; ``key`` is the campaign or day."""

    table: str
    workspace_id: int
    key: str
    totals: Counts
    recount: Counts

    def __str__(self) -> str:
        return (
            f"{self.table} of workspace {self.workspace_id}, {self.key}: "
            f"{_told(self.totals)}; the events give {_told(self.recount)}"
        )


def _told(counts: Counts) -> str:
    return ", ".join(f"{count} {name}" for name, count in zip(COUNTS, counts, strict=True))


def differences(*, using: str) -> Iterator[Difference]:
    """Every total that differs from a recount. Each table is read at one moment."""
    for table, key, value in _totals(using):
        with connections[using].cursor() as cursor:
            cursor.execute(_difference_sql(table, key, value))
            for workspace_id, changed, *counts in cursor.fetchall():
                # SQLite keeps an id without its dashes.
                name = UUID(str(changed)) if key == "campaign_id" else changed
                totals, recount = tuple(counts[:4]), tuple(counts[4:])
                yield Difference(table, workspace_id, str(name), totals, recount)


def _totals(using: str) -> list[tuple[str, str, str]]:
    """Each table of totals, its key within a workspace, and that key's value in an event."""
    return [
        (CampaignTotals._meta.db_table, "campaign_id", "campaign_id"),
        (DailyTotals._meta.db_table, "day", DAY[connections[using].vendor]),
    ]


def _difference_sql(table: str, key: str, value: str) -> str:
    return f"""
        SELECT workspace_id, key,
               {", ".join(f"sum(t_{count})" for count in COUNTS)},
               {", ".join(f"sum(e_{count})" for count in COUNTS)}
          FROM (
            SELECT workspace_id, {key} AS key,
                   {", ".join(f"{count} AS t_{count}" for count in COUNTS)},
                   {", ".join(f"0 AS e_{count}" for count in COUNTS)}
              FROM {table}
            UNION ALL
            SELECT workspace_id, {value}, 0, 0, 0, 0, {COUNTED} FROM {_EVENTS} GROUP BY 1, 2
            UNION ALL
            SELECT workspace_id, {key}, 0, 0, 0, 0, {", ".join(COUNTS)} FROM {_PRUNED}
          ) counted
         GROUP BY workspace_id, key
        HAVING {" OR ".join(f"sum(t_{count}) <> sum(e_{count})" for count in COUNTS)}
         ORDER BY workspace_id, key
    """


def rebuild(*, using: str, on_workspace: Callable[[], Any] = lambda: None) -> None:
    """Make all totals anew, in one transaction: readers see the old ones until it commits.

    Writers of events wait for it. ``on_workspace`` is called as each workspace is done.
    """
    workspaces = Workspace.objects.using(using).order_by("pk").values_list("pk", flat=True)
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        _keep_writers_out(cursor, using)
        for table, *_ in _totals(using):
            cursor.execute(f"DELETE FROM {table}")
        for workspace_id in workspaces:
            for totals in _totals(using):
                cursor.execute(_recount_sql(*totals), {"workspace_id": workspace_id})
            on_workspace()


def _keep_writers_out(cursor: CursorWrapper, using: str) -> None:
    # On SQLite the first write of the transaction does.
    if connections[using].vendor == "postgresql":
        cursor.execute(f"LOCK TABLE {_EVENTS} IN SHARE ROW EXCLUSIVE MODE")


def _recount_sql(table: str, key: str, value: str) -> str:
    return f"""
        INSERT INTO {table} (workspace_id, {key}, {", ".join(COUNTS)})
        SELECT workspace_id, key, {", ".join(f"sum({count})" for count in COUNTS)}
          FROM (SELECT workspace_id, {value} AS key, {COUNTED} FROM {_EVENTS}
                 WHERE workspace_id = %(workspace_id)s GROUP BY 1, 2
                UNION ALL
                SELECT workspace_id, {key}, {", ".join(COUNTS)} FROM {_PRUNED}
                 WHERE workspace_id = %(workspace_id)s) counted
         GROUP BY 1, 2
    """
