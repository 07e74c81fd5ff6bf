"""Holding the totals against the events: a recount that finds differences, and one that mends.

Events that were pruned are not there to be counted again: what they counted is in PrunedTotals.

The triggers keep the totals exact by themselves; this is for peace of mind, and for accidents such
as a restore with triggers off or time zones whose rules have changed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connections, transaction

from analytics.models import COUNTS, CampaignDailyTotals, CampaignTotals, DailyTotals, PrunedTotals
from analytics.totals import triggers
from campaigns.kinds import EventKind
from campaigns.models import EmailEvent, Workspace

_EVENTS = EmailEvent._meta.db_table
_WORKSPACES = Workspace._meta.db_table
_PRUNED = PrunedTotals._meta.db_table
COUNTED = ", ".join(
    f"sum(CASE WHEN kind = {kind.value} THEN 1 ELSE 0 END) AS {kind.label}" for kind in EventKind
)
# As in the triggers: datetime() rounds to milliseconds.
_SQLITE_INSTANT = (
    "datetime(substr(occurred_at, 1, 19) || ltrim(substr(occurred_at, 20), '.0123456789'))"
)
_ZONE = f"(SELECT time_zone FROM {_WORKSPACES} w WHERE w.id = workspace_id)"
# An event's instant, to be compared with that of a day's beginning, and its day.
INSTANT = {"postgresql": "occurred_at", "sqlite": _SQLITE_INSTANT}
DAY = {
    "postgresql": f"(occurred_at AT TIME ZONE {_ZONE})::date",
    "sqlite": f"mailmetrics_day({_SQLITE_INSTANT}, {_ZONE})",
}
# Each table of totals with its key within a workspace.
_TOTALS = (
    (CampaignTotals._meta.db_table, ("campaign_id",)),
    (CampaignDailyTotals._meta.db_table, ("campaign_id", "day")),
    (DailyTotals._meta.db_table, ("day",)),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """Totals that are not what a recount of the events gives; ``key`` is the campaign or day."""

    table: str
    workspace_id: int
    key: str
    totals: tuple[int, ...]
    recount: tuple[int, ...]

    def __str__(self) -> str:
        return (
            f"{self.table} of workspace {self.workspace_id}, {self.key}: "
            f"{_described(self.totals)}; the events give {_described(self.recount)}"
        )


def _described(counts: tuple[int, ...]) -> str:
    nonzero = [f"{count} {name}" for name, count in zip(COUNTS, counts, strict=True) if count]
    return ", ".join(nonzero) or "nothing"


def differences(*, using: str) -> Iterator[Difference]:
    """Every total that differs from a recount. Each table is read at one moment.

    What equals the events in all three tables is equal among them, too.
    """
    for table, key in _TOTALS:
        with connections[using].cursor() as cursor:
            cursor.execute(_difference_sql(table, key, DAY[connections[using].vendor]))
            for workspace_id, *row in cursor.fetchall():
                name = ", ".join(map(_key_text, key, row))
                counts = row[len(key) :]
                totals, recount = counts[: len(COUNTS)], counts[len(COUNTS) :]
                yield Difference(table, workspace_id, name, tuple(totals), tuple(recount))


def _key_text(column: str, value: Any) -> str:
    # SQLite keeps an id without its dashes.
    return str(UUID(str(value))) if column == "campaign_id" else str(value)


def _difference_sql(table: str, key: tuple[str, ...], day: str) -> str:
    columns = ", ".join(key)
    of_event = ", ".join(f"{day} AS day" if column == "day" else column for column in key)
    zeros = ", ".join(["0"] * len(COUNTS))
    positions = ", ".join(str(n + 1) for n in range(len(key) + 1))
    return f"""
        SELECT workspace_id, {columns},
               {", ".join(f"sum(t_{count})" for count in COUNTS)},
               {", ".join(f"sum(e_{count})" for count in COUNTS)}
          FROM (
            SELECT workspace_id, {columns},
                   {", ".join(f"{count} AS t_{count}" for count in COUNTS)},
                   {", ".join(f"0 AS e_{count}" for count in COUNTS)}
              FROM {table}
            UNION ALL
            SELECT workspace_id, {of_event}, {zeros}, {COUNTED} FROM {_EVENTS} GROUP BY {positions}
            UNION ALL
            SELECT workspace_id, {columns}, {zeros}, {", ".join(COUNTS)} FROM {_PRUNED}
          ) counted
         GROUP BY {positions}
        HAVING {" OR ".join(f"sum(t_{count}) <> sum(e_{count})" for count in COUNTS)}
         ORDER BY {positions}
    """


def rebuild(*, using: str, on_workspace: Callable[[], Any] = lambda: None) -> None:
    """Make all totals anew, in one transaction: readers see the old ones until it commits.

    Triggers that are missing or disabled are created again. Writers of events wait, and so does a
    change of a time zone. ``on_workspace`` is called as each workspace is done.
    """
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # on SQLite the first write keeps others out
            cursor.execute(f"LOCK TABLE {_EVENTS} IN SHARE ROW EXCLUSIVE MODE")
        if triggers.missing(connection):
            triggers.remove(connection)
            triggers.install(connection)
        for table, _ in _TOTALS:
            cursor.execute(f"DELETE FROM {table}")
        workspaces = Workspace.objects.using(using).select_for_update(no_key=True).order_by("pk")
        for workspace_id in list(workspaces.values_list("pk", flat=True)):
            triggers.recount(cursor, workspace_id=workspace_id)
            on_workspace()
