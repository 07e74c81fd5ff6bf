"""Windows that are often asked for; pure but for their labels."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analytics.periods import Period

_DAYS: dict[int, str | Promise] = {
    7: _("7 days"),
    30: _("30 days"),
    90: _("90 days"),
}


@dataclass(frozen=True, slots=True)
class Preset:
    label: str | Promise
    period: Period

    @property
    def changes(self) -> dict[str, str]:
        """The parameters that ask for it."""
        return {"from_date": f"{self.period.first}", "to_date": f"{self.period.last}"}


def presets(today: date) -> Iterator[Preset]:
    """Each ends today, but for the last month."""
    for days, label in _DAYS.items():
        yield Preset(label, Period(today - timedelta(days - 1), today))
    month = today.replace(day=1)
    yield Preset(_("This month"), Period(month, today))
    last = month - timedelta(1)
    yield Preset(_("Last month"), Period(last.replace(day=1), last))
    yield Preset(_("12 months"), Period(_a_year_before(today) + timedelta(1), today))


def _a_year_before(day: date) -> date:
    """The same day of the year before, or the last of February."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)
