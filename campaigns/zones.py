"""Time zones by their IANA names, and where a day begins in one.

Python's tzdata decides here. On PostgreSQL the days of the totals are cut by the server's own.
"""

from datetime import UTC, date, datetime, time
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)


def validate_time_zone(name: str) -> None:
    """Raises ValidationError unless Python knows a zone of exactly this name."""
    if name not in _known_zones():
        raise ValidationError(
            _("%(name)s is not a time zone. Enter an IANA name such as Europe/Berlin."),
            code="invalid",
            params={"name": name},
        )


# Reading the names takes some ten milliseconds.
_known_zones = cache(available_timezones)


def today(zone: str) -> date:
    """The present day of the zone."""
    return datetime.now(ZoneInfo(zone)).date()


def has_day(instant: datetime, zone: str) -> bool:
    """Whether the instant, which is aware, is on a day of the zone's calendar, years 1 to 9999."""
    try:
        instant.astimezone(ZoneInfo(zone))
    except OverflowError:
        return False
    return True


def day_start(day: date, zone: str) -> datetime:
    """The instant, in UTC, at which the day begins in the zone.

    Where the clock skips midnight, or the whole day, that is the instant after the skip. The first
    and the last day of the calendar begin no sooner and no later than UTC can tell.
    """
    try:
        return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
    except OverflowError:
        return _EARLIEST if day.year == _EARLIEST.year else _LATEST
