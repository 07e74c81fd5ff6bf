"""The two questions, answered from the totals as plain values in the shape of the public page.

The API's views and the admin's dashboard both ask here, so their numbers can't disagree. Each
answer is of one query, and so of one moment: it has a batch of events wholly or not at all.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import islice, repeat
from typing import Any, NotRequired, TypedDict, cast
from uuid import UUID

from django.db.models import QuerySet

from analytics.listing import DEFAULT_LIMIT, Pagination, pagination
from analytics.metrics import CORE_METRICS, Metric, core_rates, optional_metrics, rate
from analytics.periods import Interval, Period
from analytics.reading import FIRST_COUNT, CampaignReading, Fetched, daily_counts
from analytics.sorting import Order
from campaigns.models import Campaign


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
    launched_at: NotRequired[datetime | None]


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
    campaign_ids: Collection[UUID] | None = None,
    activity: Period | None = None,
    metrics: Sequence[str] = (),
    sort_by: str = "",
    descending: bool = True,
    page: int | None = None,
    limit: int | None = None,
    least_sent: int = 0,
    unsent_last: bool = False,
    with_launch: bool = False,
    on_read: Callable[[object], None] | None = None,
) -> CampaignReport:
    """The KPIs of a workspace's campaigns and each one's own, newest first.

    ``campaigns`` and ``campaign_ids`` narrow them down; those of other workspaces are left out
    whatever these hold.
    With ``activity`` all counts are of what happened on its days. ``metrics`` are the kinds of
    optional metrics, whose counts and rates follow the others. ``sort_by`` names a count or rate
    of the answer, ``created_at``, ``launched_at`` or ``name``, which goes by the code points of its
    characters; ties go by id, and a campaign that was never launched comes last. With ``page`` or
    ``limit`` only that part is listed, and ``pagination`` says which; the KPIs cover all. Rates are
    pooled: summed count over summed sent.

    The API has none of these: ``least_sent`` leaves out campaigns that sent fewer, ``unsent_last``
    takes a campaign that sent nothing for one without rates, which comes last by them in either
    direction, and ``with_launch`` adds ``launched_at`` to the rows, and ``status`` sorts, too.

    ``on_read`` is called with all that was read, before the answer is made of it; an error of it
    is the caller's.
    """
    optional = optional_metrics(metrics)
    chosen = (*CORE_METRICS, *optional)
    reading = CampaignReading(
        workspace_id=workspace_id,
        campaigns=campaigns,
        campaign_ids=campaign_ids,
        activity=activity,
        metrics=chosen,
        least_sent=least_sent,
        with_launch=with_launch,
    )
    order = (
        Order(sort_by=sort_by, descending=descending, unsent_last=unsent_last)
        if sort_by
        else Order()
    )
    if not (page or limit):
        rows = reading.all_rows(order)
        if on_read:
            on_read(rows)
        return _campaigns(rows, _sums(rows, chosen), optional, with_launch=with_launch)
    page, limit = page or 1, limit or DEFAULT_LIMIT
    rows, sums = reading.page(order, limit=limit, offset=(page - 1) * limit)
    if on_read:
        on_read((rows, sums))
    report = _campaigns(rows, sums, optional, with_launch=with_launch)
    report["pagination"] = pagination(page=page, limit=limit, total=sums[0])
    return report


def _campaigns(
    rows: Sequence[Fetched],
    sums: Sequence[int],
    optional: Sequence[Metric],
    *,
    with_launch: bool,
) -> CampaignReport:
    core = FIRST_COUNT + len(CORE_METRICS)
    others = slice(core, core + len(optional))
    is_wider = optional or with_launch
    campaigns = _campaign_rows([row[:core] for row in rows] if is_wider else rows)
    if optional:
        for campaign, row in zip(campaigns, rows, strict=True):
            cast(dict[str, Any], campaign).update(
                {
                    name: value
                    for metric, count in zip(optional, row[others], strict=True)
                    for name, value in (
                        (metric.total, count),
                        (metric.rate, rate(count, campaign["total_sent"])),
                    )
                }
            )
    if with_launch:
        for campaign, row in zip(campaigns, rows, strict=True):
            campaign["launched_at"] = row[-1] and _in_utc(row[-1])
    return {"workspace_kpis": _kpis(sums, optional), "campaigns": campaigns}


def _campaign_rows(rows: Sequence[Fetched]) -> list[CampaignRow]:
    # In one expression: a call for each of a thousand rows costs as much as its rates.
    return [
        {
            # SQLite has it without hyphens, and instants without their zone, which is UTC.
            "campaign_id": campaign_id if "-" in campaign_id else str(UUID(campaign_id)),
            "campaign_name": name,
            "status": status,
            "total_leads": total_leads,
            "total_sent": sent,
            "total_opened": opened,
            "total_replied": replied,
            "total_bounced": bounced,
            "open_rate": open_rate,
            "reply_rate": reply_rate,
            "bounce_rate": bounce_rate,
            "created_at": created_at if created_at.tzinfo is UTC else _in_utc(created_at),
        }
        for (
            campaign_id,
            name,
            status,
            total_leads,
            created_at,
            sent,
            opened,
            replied,
            bounced,
        ) in rows
        for open_rate, reply_rate, bounce_rate in [core_rates(sent, opened, replied, bounced)]
    ]


def _in_utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def _sums(rows: Sequence[Fetched], metrics: Sequence[Metric]) -> list[int]:
    """The number of campaigns, and the sum of each count."""
    columns = range(FIRST_COUNT, FIRST_COUNT + len(metrics))
    return [len(rows), *(sum([row[column] for row in rows]) for column in columns)]


def _kpis(sums: Sequence[int], optional: Sequence[Metric]) -> WorkspaceKPIs:
    total, sent, opened, replied, bounced = sums[:5]
    kpis: WorkspaceKPIs = {
        "total_campaigns": total,
        "total_sends": sent,
        "avg_open_rate": rate(opened, sent),
        "avg_reply_rate": rate(replied, sent),
        "avg_bounce_rate": rate(bounced, sent),
    }
    for metric, count in zip(optional, sums[5:], strict=True):
        cast(dict[str, Any], kpis)[metric.average] = rate(count, sent)
    return kpis


def timeline_report(
    *,
    workspace_id: int,
    period: Period,
    campaigns: QuerySet[Campaign] | None = None,
    campaign_ids: Collection[UUID] | None = None,
    interval: Interval = "day",
    metrics: Sequence[str] = (),
) -> TimelineReport:
    """What happened on every day of the period, whenever its mail was sent; once, in order.

    ``campaigns`` and ``campaign_ids`` narrow it down, as in ``campaign_report``, and ``metrics``
    adds to it. A week,
    from Monday, or a month goes by its first day in the period, and counts no day outside it.
    """
    optional = optional_metrics(metrics)
    counts = daily_counts(
        workspace_id=workspace_id,
        period=period,
        campaigns=campaigns,
        campaign_ids=campaign_ids,
        metrics=(*CORE_METRICS, *optional),
    )
    nothing = (0,) * (len(CORE_METRICS) + len(optional))
    of_days = list(map(counts.get, period.ordinals, repeat(nothing)))
    if interval == "day":
        answers = _timeline(period, of_days, optional)
    else:
        spans = list(period.split(interval))
        answers = _timeline([span.first for span in spans], _summed(of_days, spans), optional)
    return {
        "timeline": answers,
        "from_date": period.first,
        "to_date": period.last,
    }


@lru_cache(maxsize=4_096)
def _day_rates(counts: Fetched) -> tuple[float, float, float]:
    """Most days of a window are past, and asked for again and again."""
    return core_rates(*counts[: len(CORE_METRICS)])


def _summed(of_days: Sequence[Fetched], spans: Iterable[Period]) -> list[Fetched]:
    """The sums of each span's days, which follow one another."""
    days = iter(of_days)
    return [tuple(map(sum, zip(*islice(days, len(span)), strict=True))) for span in spans]


def _timeline(
    days: Iterable[date], counts: Sequence[Fetched], optional: Sequence[Metric]
) -> list[TimelineDay]:
    # In one expression: a call for each of a thousand days costs as much as its rates.
    answers: list[TimelineDay] = [
        {
            "date": day,
            "sent": row[0],
            "opened": row[1],
            "replied": row[2],
            "bounced": row[3],
            "open_rate": open_rate,
            "reply_rate": reply_rate,
            "bounce_rate": bounce_rate,
        }
        for day, row in zip(days, counts, strict=True)
        for open_rate, reply_rate, bounce_rate in [_day_rates(row)]
    ]
    if optional:
        for answer, row in zip(answers, counts, strict=True):
            cast(dict[str, Any], answer).update(
                {
                    name: value
                    for metric, count in zip(optional, row[4:], strict=True)
                    for name, value in ((metric.kind, count), (metric.rate, rate(count, row[0])))
                }
            )
    return answers
