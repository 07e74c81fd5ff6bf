"""What SQLite needs of each connection for the totals to be exact.

``recursive_triggers``: without it the row that ``INSERT OR REPLACE`` or ``UPDATE OR REPLACE``
overwrites is deleted without its delete trigger, and would stay counted. It is off by default and
not kept in the file.

``mailmetrics_day``: SQLite knows no time zones, so the triggers ask this function for an instant's
day. A writer from outside Django, such as the ``sqlite3`` shell, does not have it and is refused.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db import router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from campaigns.models import EmailEvent


def prepare(*, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Only where the events are: a host's triggers in its other databases stay as they are."""
    if connection.vendor == "sqlite" and router.allow_migrate_model(connection.alias, EmailEvent):
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA recursive_triggers = ON")
        connection.connection.create_function("mailmetrics_day", 2, local_day, deterministic=True)


def connect() -> None:
    connection_created.connect(prepare, dispatch_uid="mailmetrics_sqlite_connections")


def local_day(instant: str, zone: str) -> str | None:
    """The day in the zone of an instant such as ``2024-01-15 10:00:00``, which is in UTC.

    None if that is no instant, the zone is unknown, or its calendar does not have the day.
    """
    if zone == "UTC":
        return instant[:10]
    try:
        return _day_of_hour(instant[:13], zone) or _local(instant, zone)[:10]
    except (OSError, OverflowError, TypeError, ValueError, KeyError):
        return None


@lru_cache(maxsize=16_384)
def _day_of_hour(hour: str, zone: str) -> str:
    """The day of all instants of the hour, or "" if its clock changes or it has two days."""
    first, last = _local(f"{hour}:00:00", zone), _local(f"{hour}:59:59", zone)
    same = first[:10] == last[:10] and first[19:] == last[19:]
    return first[:10] if same else ""


def _local(instant: str, zone: str) -> str:
    """Date, time and offset in the zone; KeyError if there is no such zone."""
    in_utc = datetime.strptime(instant, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    return in_utc.astimezone(ZoneInfo(zone)).isoformat(sep=" ")
