"""The two questions, answered from the totals as plain values in the shape of the public page.

The API's views and the admin's dashboard both ask here, so their numbers can't disagree. Each
answer is one query, and so one moment: it has a batch of events wholly or not at all.
"""

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, TypedDict
from uuid import UUID

from django.db.models import QuerySet

from analytics.metrics import rates
from analytics.models import CORE_COUNTS, CampaignTotals, DailyTotals
from analytics.periods import Period
from analytics.replica import read_report
from campaigns.base.rows import fetched, fetched_among
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


class CampaignReport(TypedDict):
    workspace_kpis: WorkspaceKPIs
    campaigns: list[CampaignRow]


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
    *, workspace_id: int, campaigns: QuerySet[Campaign] | None = None
) -> CampaignReport:
    """The KPIs of a workspace's campaigns and each one's own, newest first.

    ``campaigns`` narrows them down; those of other workspaces are left out whatever it holds.
    Rates are pooled: summed count over summed sent.
    """
    listed = [_campaign_row(row) for row in _campaign_rows(workspace_id, campaigns)]
    return {"workspace_kpis": _kpis(listed), "campaigns": listed}


# By hand, for what the ORM takes to compile a join costs as much as to read 500 campaigns. An id
# is read as text: of a thousand UUIDs the garbage collector would have to look at each.
_CAMPAIGNS = (
    "SELECT CAST(c.id AS text), c.name, c.status, c.total_leads, "
    f"{', '.join(f't.{count}' for count in CORE_COUNTS)}, c.created_at "
    f"FROM {Campaign._meta.db_table} c LEFT JOIN {CampaignTotals._meta.db_table} t "
    "ON t.workspace_id = %s AND t.campaign_id = c.id WHERE c.workspace_id = %s"
)
_NEWEST_FIRST = "ORDER BY c.created_at DESC, c.id"
_ALL_CAMPAIGNS = f"{_CAMPAIGNS} {_NEWEST_FIRST}"
_SOME_CAMPAIGNS = f"{_CAMPAIGNS} AND c.id IN ({{among}}) {_NEWEST_FIRST}"


def _campaign_rows(
    workspace_id: int, campaigns: QuerySet[Campaign] | None
) -> list[tuple[Any, ...]]:
    parameters = [workspace_id, workspace_id]
    if campaigns is None:
        return read_report(lambda alias: fetched(alias, _ALL_CAMPAIGNS, parameters))
    if not campaigns.query.is_sliced:  # a slice can't be filtered, and depends on its order
        campaigns = campaigns.filter(workspace_id=workspace_id).order_by()
    among = campaigns.values("pk")
    return read_report(
        lambda alias: fetched_among(among.using(alias), _SOME_CAMPAIGNS, parameters),
        campaigns=campaigns,
    )


def _campaign_row(row: tuple[Any, ...]) -> CampaignRow:
    campaign_id, name, status, total_leads, sent, opened, replied, bounced, created_at = row
    if sent is None:
        # A campaign without events has no totals.
        sent = opened = replied = bounced = 0
    open_rate, reply_rate, bounce_rate = rates(sent, opened, replied, bounced)
    return {
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
        "created_at": (
            created_at.astimezone(UTC) if created_at.tzinfo else created_at.replace(tzinfo=UTC)
        ),
    }


def _kpis(rows: list[CampaignRow]) -> WorkspaceKPIs:
    sent = sum([row["total_sent"] for row in rows])
    open_rate, reply_rate, bounce_rate = rates(
        sent,
        sum([row["total_opened"] for row in rows]),
        sum([row["total_replied"] for row in rows]),
        sum([row["total_bounced"] for row in rows]),
    )
    return {
        "total_campaigns": len(rows),
        "total_sends": sent,
        "avg_open_rate": open_rate,
        "avg_reply_rate": reply_rate,
        "avg_bounce_rate": bounce_rate,
    }


def timeline_report(*, workspace_id: int, period: Period) -> TimelineReport:
    """Every day of the period once, in order, with what happened on that UTC day."""
    counts = _daily_counts(workspace_id, period)
    return {
        "timeline": [_timeline_day(day, counts.get(day, _NOTHING)) for day in period],
        "from_date": period.first,
        "to_date": period.last,
    }


_DAYS = (
    f"SELECT day, {', '.join(CORE_COUNTS)} FROM {DailyTotals._meta.db_table} "
    "WHERE workspace_id = %s AND day BETWEEN %s AND %s"
)
_NOTHING = (None, 0, 0, 0, 0)
# Most days of a window are past, and asked for again and again.
_day_rates = lru_cache(maxsize=4_096)(rates)


def _daily_counts(workspace_id: int, period: Period) -> dict[date, tuple[Any, ...]]:
    parameters = [workspace_id, period.first, period.last]
    rows = read_report(lambda alias: fetched(alias, _DAYS, parameters))
    return {row[0]: row for row in rows}


def _timeline_day(day: date, row: tuple[Any, ...]) -> TimelineDay:
    _, sent, opened, replied, bounced = row
    open_rate, reply_rate, bounce_rate = _day_rates(sent, opened, replied, bounced)
    return {
        "date": day,
        "sent": sent,
        "opened": opened,
        "replied": replied,
        "bounced": bounced,
        "open_rate": open_rate,
        "reply_rate": reply_rate,
        "bounce_rate": bounce_rate,
    }
