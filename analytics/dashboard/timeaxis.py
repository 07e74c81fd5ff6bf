"""The time axis of a chart: one point a day, a week or a month; pure."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from itertools import count

from analytics.periods import Interval, Period

# Where the reader leaves the choice to the page, it draws up to these many days or weeks.
MOST_DAYS = 100
MOST_DAYS_IN_WEEKS = 1100
# More points than a screen has room for are not drawn, whoever asks.
MOST_POINTS = 400
MOST_TICKS = 10
ROLLING_DAYS = 7
_FEWEST_DAYS_IN_WEEKS = 28

_COARSER: dict[Interval, Interval] = {"day": "week", "week": "month"}


def interval_of(period: Period, wanted: Interval | None) -> Interval:
    """What a point stands for: what is wanted, or coarser where that makes too many points."""
    if wanted is None:
        days = len(period)
        return "day" if days <= MOST_DAYS else "week" if days <= MOST_DAYS_IN_WEEKS else "month"
    while wanted in _COARSER and len(list(period.split(wanted))) > MOST_POINTS:
        wanted = _COARSER[wanted]
    return wanted


def points(period: Period, interval: Interval) -> list[Period]:
    """The days of each point. Weeks begin on Monday; the first and the last may be cut short by the
    window, as may months."""
    return list(period.split(interval))


def rate_points(
    period: Period, interval: Interval, wanted: Interval | None
) -> tuple[Interval | None, list[Period]]:
    """The days of each point of a rate, and their interval, None for seven rolling days.

    A day's rate says little: what was sent on Friday is opened on Saturday. So there are weeks
    instead of days where the window has some, unless the reader wants days; and seven days up to
    each of them otherwise, which may begin before the window.
    """
    if interval != "day":
        return interval, points(period, interval)
    if wanted is None and len(period) >= _FEWEST_DAYS_IN_WEEKS:
        return "week", points(period, "week")
    return None, [Period(_days_before(day, ROLLING_DAYS - 1), day) for day in period]


def _days_before(day: date, days: int) -> date:
    return date.fromordinal(max(1, day.toordinal() - days))


def earlier(period: Period, days: int) -> Period | None:
    """The same number of days, so many days before; None before the first date there is."""
    try:
        return Period(period.first - timedelta(days), period.last - timedelta(days))
    except OverflowError:
        return None


def ticks(period: Period) -> tuple[str, list[date]]:
    """At most ten round days to label the axis with, and their kind: "day", "month" or "year"."""
    return next(
        (kind, days)
        for kind, is_round in _roundness()
        if len(days := list(filter(is_round, period))) <= MOST_TICKS
    )


def slots_of(days: Sequence[date], spans: Sequence[Period]) -> list[int]:
    """In which of the spans, one after the other, each of the days is."""
    last_days = [span.last for span in spans]
    return [sum(last < day for last in last_days) for day in days]


def _roundness() -> Iterator[tuple[str, Callable[[date], bool]]]:
    """Ever rounder days: all, every other one, Mondays, every other Monday, months, years."""
    yield "day", lambda day: True
    yield "day", lambda day: day.toordinal() % 2 == 0
    yield "day", lambda day: day.weekday() == 0
    yield "day", lambda day: day.weekday() == 0 and _week(day) % 2 == 0
    for months in (1, 2, 3, 6):
        yield "month", partial(_begins_months, months)
    for power in count():
        for digit in (1, 2, 5):
            yield "year", partial(_begins_years, digit * 10**power)


def _week(day: date) -> int:
    return (day.toordinal() - 1) // 7  # day 1, 0001-01-01, was a Monday


def _begins_months(months: int, day: date) -> bool:
    return day.day == 1 and (day.month - 1) % months == 0


def _begins_years(years: int, day: date) -> bool:
    return (day.month, day.day) == (1, 1) and day.year % years == 0
