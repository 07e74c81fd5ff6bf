"""The SQL of the reports, by hand: to compile a join takes the ORM as long as to read 500 rows."""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connections
from django.db.models import QuerySet

from analytics.metrics import Metric
from analytics.models import CampaignDailyTotals, CampaignTotals, DailyTotals
from analytics.periods import Period
from analytics.replica import read_report
from analytics.sorting import Order
from campaigns.base.rows import fetched, fetched_among
from campaigns.models import Campaign

Fetched = tuple[Any, ...]
Statement = tuple[str, list[object]]

# An id is read as text: of a thousand UUIDs the garbage collector would have to look at each.
_COLUMNS = "CAST(c.id AS text) AS id, c.name, c.status, c.total_leads, c.created_at"
FIRST_COUNT = 5  # the counts follow these, and then launched_at for those who want it
_CAMPAIGNS = f"{Campaign._meta.db_table} c"
_TOTALS = f"(SELECT * FROM {CampaignTotals._meta.db_table} WHERE workspace_id = %s) t"
_DAYS = f"{DailyTotals._meta.db_table} WHERE workspace_id = %s"
_IN_PERIOD = " AND day BETWEEN %s AND %s"
_ACTIVITY = (
    f"WITH activity AS (SELECT campaign_id, {{sums}} FROM {CampaignDailyTotals._meta.db_table} "
    f"WHERE workspace_id = %s{_IN_PERIOD} GROUP BY campaign_id) "
)


class _Source(NamedTuple):
    """Campaigns to choose from: a FROM clause, its parameters, and the column of their ids."""

    clause: str
    parameters: list[object]
    column: str = "c.id"


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignReading:
    """Which campaigns of a workspace to read, with which counts: all, or of the activity's days."""

    workspace_id: int
    campaigns: QuerySet[Campaign] | None
    campaign_ids: Collection[UUID] | None
    activity: Period | None
    metrics: Sequence[Metric]
    least_sent: int = 0
    with_launch: bool = False

    def all_rows(self, order: Order) -> list[Fetched]:
        def question(vendor: str) -> Statement:
            activity, of_activity = self._activity
            source = self._with_totals(vendor)
            return (
                f"{activity}SELECT {self._columns} {source.clause} "
                f"ORDER BY {order.key(vendor, self._counts)} {order.direction}, c.id",
                [*of_activity, *source.parameters],
            )

        return _read(question, self.workspace_id, self.campaigns)

    def page(self, order: Order, *, limit: int, offset: int) -> tuple[list[Fetched], list[int]]:
        """The rows of one page, and of all campaigns their number and their summed counts.

        All of it is of one statement, and so of one moment: the last one, where a page by counts
        takes a second.
        """
        if order.by_counts and order.descending:
            # A campaign without totals has only zeros, and so comes after every other number.
            rows, sums, last = self._page(self._totals, order, limit, offset)
            if (len(rows) == limit and last) or offset + len(rows) == sums[0]:
                return rows, sums
        both = order.by_counts or self.least_sent
        source = self._with_totals if both else self._campaigns
        return self._page(source, order, limit, offset)[:2]

    def _page(
        self, ranked: Callable[[str], _Source], order: Order, limit: int, offset: int
    ) -> tuple[list[Fetched], list[int], Any]:
        """A page of the source's campaigns, the sums of all, and what the last is sorted by."""

        def question(vendor: str) -> Statement:
            activity, of_activity = self._activity
            source = ranked(vendor)
            number = (self._totals if self.least_sent else self._campaigns)(vendor)
            sums = self._summed(vendor)
            sort_key = order.key(vendor, self._counts)
            totals, of_totals = self._relation
            # Of the others no more is read than they are sorted by. The limit is no parameter: a
            # plan that knows how few there are looks each of them up.
            return (
                f"{activity}SELECT {self._columns}, p.sort_key, n.*, s.* "
                f"FROM (SELECT count(*) {number.clause}) n "
                f"CROSS JOIN (SELECT {_sums(self.metrics)} {sums.clause}) s "
                f"LEFT JOIN (SELECT {source.column} AS id, {sort_key} AS sort_key "
                f"{source.clause} ORDER BY 2 {order.direction}, 1 LIMIT {limit:d} OFFSET %s) p "
                "ON 1 = 1 "
                f"LEFT JOIN {_CAMPAIGNS} ON c.workspace_id = %s AND c.id = p.id "
                f"LEFT JOIN {totals} ON t.campaign_id = c.id "
                f"ORDER BY p.sort_key {order.direction}, p.id",
                [
                    *of_activity,
                    *number.parameters,
                    *sums.parameters,
                    *source.parameters,
                    offset,
                    self.workspace_id,
                    *of_totals,
                ],
            )

        rows = _read(question, self.workspace_id, self.campaigns)
        width = FIRST_COUNT + len(self.metrics) + self.with_launch
        if not rows:  # as no campaign can be among those that are asked for
            return [], [0] * (1 + len(self.metrics)), None
        # Of an empty page there is one row, with the sums alone.
        page = [row[:width] for row in rows if row[0] is not None]
        return page, list(rows[0][width + 1 :]), rows[-1][width]

    @property
    def _columns(self) -> str:
        # The API's answers have no launch, and to read a thousand instants takes a while.
        return ", ".join([_COLUMNS, *self._counts.values(), *["c.launched_at"] * self.with_launch])

    @property
    def _counts(self) -> dict[str, str]:
        """The expression of each kind; a campaign without events has no totals."""
        return {metric.kind: f"COALESCE(t.{metric.kind}, 0)" for metric in self.metrics}

    @property
    def _activity(self) -> Statement:
        """The totals of the activity's days, for a statement that reads them more than once."""
        if self.activity is None:
            return "", []
        days = [self.workspace_id, self.activity.first, self.activity.last]
        return _ACTIVITY.format(sums=_sums(self.metrics)), days

    @property
    def _relation(self) -> Statement:
        return (_TOTALS, [self.workspace_id]) if self.activity is None else ("activity t", [])

    def _campaigns(self, vendor: str) -> _Source:
        source = _Source(f"FROM {_CAMPAIGNS} WHERE c.workspace_id = %s", [self.workspace_id])
        return self._narrowed(vendor, source)

    def _with_totals(self, vendor: str) -> _Source:
        totals, of_totals = self._relation
        clause = f"FROM {_CAMPAIGNS} LEFT JOIN {totals} ON t.campaign_id = c.id"
        source = _Source(f"{clause} WHERE c.workspace_id = %s", [*of_totals, self.workspace_id])
        return self._sent_enough(self._narrowed(vendor, source))

    def _totals(self, vendor: str) -> _Source:
        totals, of_totals = self._relation
        source = _Source(f"FROM {totals} WHERE 1 = 1", of_totals, "t.campaign_id")
        return self._sent_enough(self._narrowed(vendor, source))

    def _summed(self, vendor: str) -> _Source:
        """Where the counts add up to those of all the campaigns: if that is all, in the days."""
        if self.campaigns is not None or self.campaign_ids is not None or self.least_sent:
            return self._totals(vendor)
        if self.activity is None:
            return _Source(f"FROM {_DAYS}", [self.workspace_id])
        days = [self.workspace_id, self.activity.first, self.activity.last]
        return _Source(f"FROM {_DAYS}{_IN_PERIOD}", days)

    def _narrowed(self, vendor: str, source: _Source) -> _Source:
        clause, parameters, column = source
        if self.campaigns is not None:
            clause += f" AND {column} IN (SELECT id FROM chosen)"
        if self.campaign_ids is not None:
            clause += f" AND {column} {_AMONG[vendor]}"
            parameters = [*parameters, _ids(vendor, self.campaign_ids)]
        return _Source(clause, parameters, column)

    def _sent_enough(self, source: _Source) -> _Source:
        if not self.least_sent:
            return source
        return source._replace(
            clause=f"{source.clause} AND t.sent >= %s",
            parameters=[*source.parameters, self.least_sent],
        )


def daily_counts(
    *,
    workspace_id: int,
    period: Period,
    campaigns: QuerySet[Campaign] | None,
    campaign_ids: Collection[UUID] | None,
    metrics: Sequence[Metric],
) -> dict[int, Fetched]:
    """The counts of each day of the period on which something happened, by its ordinal."""

    def question(vendor: str) -> Statement:
        parameters: list[object] = [workspace_id, period.first, period.last]
        if campaigns is None and campaign_ids is None:
            kinds = ", ".join(metric.kind for metric in metrics)
            return f"SELECT {_ORDINAL[vendor]}, {kinds} FROM {_DAYS}{_IN_PERIOD}", parameters
        narrowed = f"WHERE workspace_id = %s{_IN_PERIOD}"
        if campaigns is not None:
            narrowed += " AND campaign_id IN (SELECT id FROM chosen)"
        if campaign_ids is not None:
            narrowed += f" AND campaign_id {_AMONG[vendor]}"
            parameters.append(_ids(vendor, campaign_ids))
        return (
            f"SELECT {_ORDINAL[vendor]}, {_sums(metrics)} "
            f"FROM {CampaignDailyTotals._meta.db_table} {narrowed} GROUP BY day",
            parameters,
        )

    rows = _read(question, workspace_id, campaigns)
    return {row[0]: row[1:] for row in rows}


# A day as Python's ``date.toordinal`` counts it: to read a date takes the drivers longer.
_ORDINAL = {
    "postgresql": "day - DATE '0001-01-01' + 1",
    "sqlite": "CAST(julianday(day) - 1721424.5 AS integer)",
}


def _sums(metrics: Iterable[Metric]) -> str:
    # PostgreSQL's sum of bigints is a numeric, which Python would read as a Decimal.
    return ", ".join(
        f"CAST(COALESCE(sum({each.kind}), 0) AS bigint) AS {each.kind}" for each in metrics
    )


# Any number of ids in one parameter: the statement stays the same, and is prepared.
_AMONG = {"postgresql": "= ANY(%s)", "sqlite": "IN (SELECT value FROM json_each(%s))"}


def _ids(vendor: str, campaign_ids: Collection[UUID]) -> object:
    if vendor == "postgresql":
        return list(campaign_ids)
    return json.dumps([each.hex for each in campaign_ids])


def _read(
    question: Callable[[str], Statement],
    workspace_id: int,
    campaigns: QuerySet[Campaign] | None,
) -> list[Fetched]:
    """The rows of the vendor's statement, in which ``chosen`` are the campaigns."""
    if campaigns is None:
        return read_report(lambda alias: fetched(alias, *question(connections[alias].vendor)))
    among = campaigns
    if not among.query.is_sliced:  # a slice can't be filtered, and depends on its order
        among = among.filter(workspace_id=workspace_id).order_by()

    def read(alias: str) -> list[Fetched]:
        statement, parameters = question(connections[alias].vendor)
        chosen = among.values("pk").using(alias)
        return fetched_among(chosen, _with_chosen(statement), parameters)

    return read_report(read, campaigns=campaigns)


def _with_chosen(statement: str) -> str:
    others = statement.removeprefix("WITH ")
    return "WITH chosen (id) AS ({among})" + (", " if others != statement else " ") + others
