"""Windows of whole UTC days; pure."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Literal

DEFAULT_DAYS = 90

Interval = Literal["day", "week", "month"]


class InvalidPeriod(ValueError):
    """A window that can't be answered; ``parameter`` names the one to mend.

    ``reason`` is ``text``, which can be translated, with its ``values`` filled in. ``too_long``
    tells a window with too many days from one that is none.
    """

    def __init__(
        self, *, parameter: str, text: str, values: Mapping[str, object], too_long: bool = False
    ) -> None:
        self.reason = text % values
        super().__init__(self.reason)
        self.parameter = parameter
        self.text = text
        self.values = values
        self.too_long = too_long


def gettext_noop(text: str) -> str:
    """Mark a text for translation, which is up to those who show it."""
    return text


TURNED_ROUND = gettext_noop("%(first)s is after the last day, %(last)s.")
TOO_LONG = gettext_noop("%(first)s to %(last)s is %(days)s days; the most is %(most)s.")
TOO_EARLY = gettext_noop("The %(days)s days that end on %(last)s begin before %(earliest)s.")


@dataclass(frozen=True, slots=True)
class Period:
    """The days from ``first`` to ``last``, both included; InvalidPeriod if there are none."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.first > self.last:
            values = {"first": self.first, "last": self.last}
            raise InvalidPeriod(parameter="from_date", text=TURNED_ROUND, values=values)

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __iter__(self) -> Iterator[date]:
        return map(date.fromordinal, self.ordinals)

    @property
    def ordinals(self) -> range:
        return range(self.first.toordinal(), self.last.toordinal() + 1)

    def split(self, interval: Literal["day", "week", "month"]) -> Iterator["Period"]:
        """Its days, weeks from Monday or months; the first and the last may be cut short."""
        for _, days in groupby(self, _GROUPINGS[interval]):
            first, *rest = days
            yield Period(first, rest[-1] if rest else first)


_GROUPINGS: dict[str, Callable[[date], Hashable]] = {
    "day": date.toordinal,
    "week": lambda day: (day.toordinal() - 1) // 7,  # day 1, 0001-01-01, was a Monday
    "month": lambda day: (day.year, day.month),
}


def resolve(*, from_date: date | None, to_date: date | None, today: date, most_days: int) -> Period:
    """The window asked for: 90 days unless ``from_date`` is given, ending today unless ``to_date``.

    Raises InvalidPeriod when it has no day, more than ``most_days``, or would begin before the
    first date there is.
    """
    last = to_date or today
    period = Period(from_date or _default_first(last), last)
    if len(period) > most_days:
        values = {"first": period.first, "last": last, "days": len(period), "most": most_days}
        raise InvalidPeriod(parameter="from_date", text=TOO_LONG, values=values, too_long=True)
    return period


def _default_first(last: date) -> date:
    try:
        return last - timedelta(days=DEFAULT_DAYS - 1)
    except OverflowError:
        values = {"days": DEFAULT_DAYS, "last": last, "earliest": date.min}
        raise InvalidPeriod(parameter="to_date", text=TOO_EARLY, values=values) from None


def utc_today() -> date:
    return datetime.now(UTC).date()
