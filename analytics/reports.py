"""The two questions, answered from the totals as plain values in the shape of the public page.

The API's views and the admin's dashboard both ask here, so their numbers can't disagree. Each
answer is one query, and so one moment: it has a batch of events wholly or not at all.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, Literal, NotRequired, TypedDict, cast
from uuid import UUID

from django.db.models import QuerySet

from analytics.listing import Pagination, ordered, page_of
from analytics.metrics import CORE_METRICS, Metric, optional_metrics, rate
from analytics.models import CampaignDailyTotals, CampaignTotals, DailyTotals
from analytics.periods import Period
from analytics.replica import read_report
from campaigns.base.rows import fetched, fetched_among
from campaigns.models import Campaign

Interval = Literal["day", "week", "month"]
Fetched = tuple[Any, ...]


class WorkspaceKPIs(TypedDict):
    total_campaigns: int
    total_sends: int
    avg_open_rate: float
    avg_reply_rate: float
    avg_bounce_rate: float


class CampaignRow(TypedDict):
    campaign_id: str  # spelled with hyphens, as the API has it
    campaign_name: str
    status: str
    total_leads: int
    total_sent: int
    total_opened: int
    total_replied: int
    total_bounced: int
    open_rate: float
    reply_rate: float
    bounce_rate: float
    created_at: datetime


class CampaignReport(TypedDict):
    workspace_kpis: WorkspaceKPIs
    campaigns: list[CampaignRow]
    pagination: NotRequired[Pagination]


class TimelineDay(TypedDict):
    date: date
    sent: int
    opened: int
    replied: int
    bounced: int
    open_rate: float
    reply_rate: float
    bounce_rate: float


class TimelineReport(TypedDict):
    timeline: list[TimelineDay]
    from_date: date
    to_date: date


def campaign_report(
    *,
    workspace_id: int,
    campaigns: QuerySet[Campaign] | None = None,
    activity: Period | None = None,
    metrics: Sequence[str] = (),
    sort_by: str = "",
    descending: bool = True,
    page: int | None = None,
    limit: int | None = None,
) -> CampaignReport:
    """The KPIs of a workspace's campaigns and each one's own, newest first.

    ``campaigns`` narrows them down; those of other workspaces are left out whatever it holds.
    With ``activity`` all counts are of what happened on its days. ``metrics`` are the kinds of
    optional metrics, whose counts and rates follow the others. ``sort_by`` names a count or rate
    of the answer, ``created_at``, ``launched_at`` or ``name``; ties go by id, and a campaign that
    was never launched comes last. With ``page`` or ``limit`` only that part is listed, and
    ``pagination`` says which; the KPIs cover all. Rates are pooled: summed count over summed sent.
    """
    optional = optional_metrics(metrics)
    rows: Sequence[Fetched] = _campaign_rows(workspace_id, campaigns, activity, optional)
    report: CampaignReport = {"workspace_kpis": _kpis(rows, optional), "campaigns": []}
    if sort_by:
        key = _sort_key(sort_by, optional)
        rows = ordered(sorted(rows, key=itemgetter(0)), key, descending=descending)
    if page or limit:
        rows, report["pagination"] = page_of(rows, page=page, limit=limit)
    report["campaigns"] = [_campaign_row(row, optional) for row in rows]
    return report


# By hand, for what the ORM takes to compile a join costs as much as to read 500 campaigns. An id
# is read as text: of a thousand UUIDs the garbage collector would have to look at each.
_CAMPAIGNS = (
    "SELECT CAST(c.id AS text), c.name, c.status, c.total_leads, c.created_at, c.launched_at, "
    f"{{counts}} FROM {Campaign._meta.db_table} c "
    "LEFT JOIN {totals} t ON t.campaign_id = c.id {of_workspace}WHERE c.workspace_id = %s"
)
_NEWEST_FIRST = "ORDER BY c.created_at DESC, c.id"
_FIRST_COUNT = 6
_ACTIVITY = (
    f"(SELECT campaign_id, {{sums}} FROM {CampaignDailyTotals._meta.db_table} "
    "WHERE workspace_id = %s AND day BETWEEN %s AND %s GROUP BY campaign_id)"
)


def _campaign_rows(
    workspace_id: int,
    campaigns: QuerySet[Campaign] | None,
    activity: Period | None,
    optional: Iterable[Metric],
) -> list[Fetched]:
    kinds = _kinds(optional)
    counts = ", ".join(f"COALESCE(t.{kind}, 0)" for kind in kinds)
    parameters: list[object] = [workspace_id, workspace_id]
    totals, of_workspace = CampaignTotals._meta.db_table, "AND t.workspace_id = %s "
    if activity is not None:
        totals, of_workspace = _ACTIVITY.format(sums=_sums(kinds)), ""
        parameters[1:1] = [activity.first, activity.last]
    statement = _CAMPAIGNS.format(counts=counts, totals=totals, of_workspace=of_workspace)
    if campaigns is None:
        return read_report(lambda alias: fetched(alias, f"{statement} {_NEWEST_FIRST}", parameters))
    return _read_among(
        f"{statement} AND c.id IN ({{among}}) {_NEWEST_FIRST}", parameters, workspace_id, campaigns
    )


def _read_among(
    statement: str, parameters: Sequence[object], workspace_id: int, campaigns: QuerySet[Campaign]
) -> list[Fetched]:
    among = campaigns
    if not among.query.is_sliced:  # a slice can't be filtered, and depends on its order
        among = among.filter(workspace_id=workspace_id).order_by()
    return read_report(
        lambda alias: fetched_among(among.values("pk").using(alias), statement, parameters),
        campaigns=campaigns,
    )


def _kinds(optional: Iterable[Metric]) -> list[str]:
    return [metric.kind for metric in (*CORE_METRICS, *optional)]


def _sums(kinds: Iterable[str]) -> str:
    # PostgreSQL's sum of bigints is a numeric, which Python would read as a Decimal.
    return ", ".join(f"CAST(sum({kind}) AS bigint) AS {kind}" for kind in kinds)


def _campaign_row(row: Fetched, optional: Sequence[Metric]) -> CampaignRow:
    campaign_id, name, status, total_leads, created_at, _, sent, opened, replied, bounced = row[:10]
    answer: CampaignRow = {
        # SQLite has it without hyphens, and instants without their zone, which is UTC.
        "campaign_id": campaign_id if "-" in campaign_id else str(UUID(campaign_id)),
        "campaign_name": name,
        "status": status,
        "total_leads": total_leads,
        "total_sent": sent,
        "total_opened": opened,
        "total_replied": replied,
        "total_bounced": bounced,
        "open_rate": rate(opened, sent),
        "reply_rate": rate(replied, sent),
        "bounce_rate": rate(bounced, sent),
        "created_at": (
            created_at.astimezone(UTC) if created_at.tzinfo else created_at.replace(tzinfo=UTC)
        ),
    }
    if optional:
        cast(dict[str, Any], answer).update(
            {
                name: value
                for metric, count in zip(optional, row[10:], strict=True)
                for name, value in ((metric.total, count), (metric.rate, rate(count, sent)))
            }
        )
    return answer


def _sort_key(sort_by: str, optional: Sequence[Metric]) -> Callable[[Fetched], Any]:
    columns = {"name": 1, "created_at": 4, "launched_at": 5}
    rates: dict[str, int] = {}
    for column, metric in enumerate((*CORE_METRICS, *optional), _FIRST_COUNT):
        columns[metric.total] = column
        rates[metric.rate] = column
    if sort_by in columns:
        return itemgetter(columns[sort_by])
    if sort_by and sort_by in rates:
        column = rates[sort_by]
        return lambda row: rate(row[column], row[_FIRST_COUNT])
    raise ValueError(f"Campaigns can't be sorted by {sort_by!r}.")


def _kpis(rows: Sequence[Fetched], optional: Sequence[Metric]) -> WorkspaceKPIs:
    width = len(CORE_METRICS) + len(optional)
    sums = [sum([row[_FIRST_COUNT + column] for row in rows]) for column in range(width)]
    sent, opened, replied, bounced = sums[:4]
    kpis: WorkspaceKPIs = {
        "total_campaigns": len(rows),
        "total_sends": sent,
        "avg_open_rate": rate(opened, sent),
        "avg_reply_rate": rate(replied, sent),
        "avg_bounce_rate": rate(bounced, sent),
    }
    for metric, count in zip(optional, sums[4:], strict=True):
        cast(dict[str, Any], kpis)[metric.average] = rate(count, sent)
    return kpis


def timeline_report(
    *,
    workspace_id: int,
    period: Period,
    campaigns: QuerySet[Campaign] | None = None,
    interval: Interval = "day",
    metrics: Sequence[str] = (),
) -> TimelineReport:
    """What happened on every day of the period, whenever its mail was sent; once, in order.

    ``campaigns`` narrows it down, as in ``campaign_report``, and ``metrics`` adds to it. A week,
    from Monday, or a month goes by its first day in the period, and counts no day outside it.
    """
    optional = optional_metrics(metrics)
    counts = _daily_counts(workspace_id, period, campaigns, optional)
    nothing = (0,) * (len(CORE_METRICS) + len(optional))
    days = [(day, counts.get(day, nothing)) for day in period]
    if interval != "day":
        found = dict(days)
        days = [
            (span.first, tuple(map(sum, zip(*(found[day] for day in span), strict=True))))
            for span in period.split(interval)
        ]
    return {
        "timeline": [_timeline_day(day, row, optional) for day, row in days],
        "from_date": period.first,
        "to_date": period.last,
    }


# Most days of a window are past, and asked for again and again.
_day_rate = lru_cache(maxsize=16_384)(rate)


def _daily_counts(
    workspace_id: int,
    period: Period,
    campaigns: QuerySet[Campaign] | None,
    optional: Iterable[Metric],
) -> dict[date, Fetched]:
    kinds = _kinds(optional)
    parameters = [workspace_id, period.first, period.last]
    of_days = "WHERE workspace_id = %s AND day BETWEEN %s AND %s"
    if campaigns is None:
        statement = f"SELECT day, {', '.join(kinds)} FROM {DailyTotals._meta.db_table} {of_days}"
        rows = read_report(lambda alias: fetched(alias, statement, parameters))
    else:
        statement = (
            f"SELECT day, {_sums(kinds)} FROM {CampaignDailyTotals._meta.db_table} {of_days} "
            "AND campaign_id IN ({among}) GROUP BY day"
        )
        rows = _read_among(statement, parameters, workspace_id, campaigns)
    return {row[0]: row[1:] for row in rows}


def _timeline_day(day: date, row: Fetched, optional: Sequence[Metric]) -> TimelineDay:
    sent, opened, replied, bounced = row[:4]
    answer: TimelineDay = {
        "date": day,
        "sent": sent,
        "opened": opened,
        "replied": replied,
        "bounced": bounced,
        "open_rate": _day_rate(opened, sent),
        "reply_rate": _day_rate(replied, sent),
        "bounce_rate": _day_rate(bounced, sent),
    }
    if optional:
        cast(dict[str, Any], answer).update(
            {
                name: value
                for metric, count in zip(optional, row[4:], strict=True)
                for name, value in ((metric.kind, count), (metric.rate, rate(count, sent)))
            }
        )
    return answer
