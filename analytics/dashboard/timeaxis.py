"""The time axis of a chart: one point a day, a week or a month; pure."""

from collections.abc import Callable, Hashable, Iterator
from datetime import date
from functools import partial
from itertools import count, groupby

from analytics.periods import Period

MOST_DAYS = 366
MOST_DAYS_IN_WEEKS = 1100
MOST_TICKS = 10

_Grouping = Callable[[date], Hashable]


def points(period: Period) -> tuple[str, list[Period]]:
    """What a point stands for, "day", "week" or "month", and the days of each.

    Weeks begin on Monday; the first and the last may be cut short by the window, as may months.
    """
    unit, grouping = _resolution(len(period))
    groups = (list(days) for _, days in groupby(period, grouping))
    return unit, [Period(days[0], days[-1]) for days in groups]


def _resolution(days: int) -> tuple[str, _Grouping]:
    if days <= MOST_DAYS:
        return "day", date.toordinal
    if days <= MOST_DAYS_IN_WEEKS:
        return "week", _week
    return "month", lambda day: (day.year, day.month)


def _week(day: date) -> int:
    return (day.toordinal() - 1) // 7  # day 1, 0001-01-01, was a Monday


def ticks(period: Period) -> tuple[str, list[date]]:
    """At most ten round days to label the axis with, and their format for Django's ``date``."""
    return next(
        (style, days)
        for style, is_round in _roundness()
        if len(days := list(filter(is_round, period))) <= MOST_TICKS
    )


def _roundness() -> Iterator[tuple[str, Callable[[date], bool]]]:
    """Ever rounder days: all, every other one, Mondays, every other Monday, months, years."""
    yield "M j", lambda day: True
    yield "M j", lambda day: day.toordinal() % 2 == 0
    yield "M j", lambda day: day.weekday() == 0
    yield "M j", lambda day: day.weekday() == 0 and _week(day) % 2 == 0
    for months in (1, 2, 3, 6):
        yield "M Y", partial(_begins_months, months)
    for power in count():
        for digit in (1, 2, 5):
            yield "Y", partial(_begins_years, digit * 10**power)


def _begins_months(months: int, day: date) -> bool:
    return day.day == 1 and (day.month - 1) % months == 0


def _begins_years(years: int, day: date) -> bool:
    return (day.month, day.day) == (1, 1) and day.year % years == 0
