"""What happened on made-up days."""

from collections.abc import Sequence
from datetime import date, timedelta

from analytics.dashboard.activity import Activity
from analytics.metrics import rate
from analytics.periods import Period
from analytics.reports import TimelineDay

Counts = tuple[int, int, int, int]  # sent, opened, replied, bounced


def activity_of(
    *days: Counts, before: Sequence[Counts] = (), first: str = "2024-03-01"
) -> Activity:
    """The activity of consecutive days, and of those just before them."""
    start = date.fromisoformat(first)
    early = start - timedelta(len(before))
    return Activity(
        window=Period(start, start + timedelta(len(days) - 1)),
        days=[_day(start + timedelta(n), counts) for n, counts in enumerate(days)],
        earlier=[_day(early + timedelta(n), counts) for n, counts in enumerate(before)],
    )


def _day(day: date, counts: Counts) -> TimelineDay:
    sent, opened, replied, bounced = counts
    return {
        "date": day,
        "sent": sent,
        "opened": opened,
        "replied": replied,
        "bounced": bounced,
        "open_rate": rate(opened, sent),
        "reply_rate": rate(replied, sent),
        "bounce_rate": rate(bounced, sent),
    }
