"""The SQL of the reports, by hand: to compile a join takes the ORM as long as to read 500 rows."""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
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
_TOTALS = f"{CampaignTotals._meta.db_table} t ON t.workspace_id = %s AND t.campaign_id = c.id"
_ACTIVITY = (
    f"(SELECT campaign_id, {{sums}} FROM {CampaignDailyTotals._meta.db_table} "
    "WHERE workspace_id = %s AND day BETWEEN %s AND %s GROUP BY campaign_id) t "
    "ON t.campaign_id = c.id"
)
_CHOSEN = "WITH chosen (id) AS ({among}) "


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
        counts = self._counts()

        def question(vendor: str) -> Statement:
            source, parameters = self._source(vendor)
            return (
                f"SELECT {_COLUMNS}, {', '.join(counts.values())}{self._launch} {source} "
                f"ORDER BY {order.key(vendor, counts)} {order.direction}, c.id",
                parameters,
            )

        return _read(question, self.workspace_id, self.campaigns)

    def page(self, order: Order, *, limit: int, offset: int) -> tuple[list[Fetched], list[int]]:
        """The rows of one page, and of all campaigns their number and their summed counts.

        In one statement, and so of one moment; its second half is there where the page is empty,
        too.
        """
        counts = self._counts()
        named = ", ".join(f"{count} AS {kind}" for kind, count in counts.items())
        sums = ", ".join(f"CAST(COALESCE(sum({kind}), 0) AS bigint)" for kind in counts)

        def question(vendor: str) -> Statement:
            # All are joined once, without what a page alone needs of them.
            source, parameters = self._source(vendor)
            return (
                "SELECT * FROM (WITH matching AS ("
                f"SELECT c.id, {named}, {order.key(vendor, counts)} AS sort_key {source}) "
                f"SELECT {_COLUMNS}, {', '.join(f'p.{kind}' for kind in counts)}{self._launch}, "
                "p.sort_key, k.* "
                f"FROM (SELECT count(*), {sums} FROM matching) k LEFT JOIN ("
                f"(SELECT * FROM matching ORDER BY sort_key {order.direction}, id "
                f"LIMIT %s OFFSET %s) p JOIN {Campaign._meta.db_table} c ON c.id = p.id) ON 1 = 1"
                f") answer ORDER BY sort_key {order.direction}, id",
                [*parameters, limit, offset],
            )

        rows = _read(question, self.workspace_id, self.campaigns)
        width = FIRST_COUNT + len(counts) + self.with_launch
        all_campaigns = list(rows[0][width + 1 :]) if rows else [0] * (1 + len(counts))
        return [row[:width] for row in rows if row[0] is not None], all_campaigns

    @property
    def _launch(self) -> str:
        # The API's answers have none, and to read a thousand instants takes a while.
        return ", c.launched_at" * self.with_launch

    def _counts(self) -> dict[str, str]:
        """The expression of each kind; a campaign without events has no totals."""
        return {metric.kind: f"COALESCE(t.{metric.kind}, 0)" for metric in self.metrics}

    def _source(self, vendor: str) -> Statement:
        parameters: list[object] = [self.workspace_id, self.workspace_id]
        totals = _TOTALS
        if self.activity is not None:
            totals = _ACTIVITY.format(sums=_sums(self.metrics))
            parameters[1:1] = [self.activity.first, self.activity.last]
        source = f"FROM {Campaign._meta.db_table} c LEFT JOIN {totals} WHERE c.workspace_id = %s"
        if self.campaigns is not None:
            source += " AND c.id IN (SELECT id FROM chosen)"
        if self.campaign_ids is not None:
            source += f" AND c.id {_AMONG[vendor]}"
            parameters.append(_ids(vendor, self.campaign_ids))
        if self.least_sent:
            source += " AND t.sent >= %s"
            parameters.append(self.least_sent)
        return source, parameters


def daily_counts(
    *,
    workspace_id: int,
    period: Period,
    campaigns: QuerySet[Campaign] | None,
    campaign_ids: Collection[UUID] | None,
    metrics: Sequence[Metric],
) -> dict[date, Fetched]:
    """The counts of each day of the period on which something happened."""

    def question(vendor: str) -> Statement:
        parameters: list[object] = [workspace_id, period.first, period.last]
        of_days = "WHERE workspace_id = %s AND day BETWEEN %s AND %s"
        if campaigns is None and campaign_ids is None:
            kinds = ", ".join(metric.kind for metric in metrics)
            return f"SELECT day, {kinds} FROM {DailyTotals._meta.db_table} {of_days}", parameters
        if campaigns is not None:
            of_days += " AND campaign_id IN (SELECT id FROM chosen)"
        if campaign_ids is not None:
            of_days += f" AND campaign_id {_AMONG[vendor]}"
            parameters.append(_ids(vendor, campaign_ids))
        return (
            f"SELECT day, {_sums(metrics)} FROM {CampaignDailyTotals._meta.db_table} {of_days} "
            "GROUP BY day",
            parameters,
        )

    rows = _read(question, workspace_id, campaigns)
    return {row[0]: row[1:] for row in rows}


def _sums(metrics: Iterable[Metric]) -> str:
    # PostgreSQL's sum of bigints is a numeric, which Python would read as a Decimal.
    return ", ".join(f"CAST(sum({each.kind}) AS bigint) AS {each.kind}" for each in metrics)


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
        return fetched_among(chosen, _CHOSEN + statement, parameters)

    return read_report(read, campaigns=campaigns)
