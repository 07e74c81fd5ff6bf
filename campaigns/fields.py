"""Fields whose stored form does not depend on the host site's settings."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.functions.datetime import TruncBase
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _


def utc_now() -> datetime:
    """The present instant, aware and in UTC, with or without ``USE_TZ``."""
    return datetime.now(UTC)


class InstantField(models.DateTimeField):  # type: ignore[type-arg]
    """An instant, read as an aware datetime in UTC whatever ``USE_TZ`` and ``TIME_ZONE`` say.

    Django's own field drops the offset without ``USE_TZ`` and follows the connection's zone on
    SQLite, where this one stores the wall clock of UTC. A naive value is taken to be in the site's
    default time zone, as Django's forms give it.

    To the ORM it is a DateTimeField: differences, ``TruncDay``, ``__date`` and ``date_hierarchy``
    work as on Django's own, in the current zone. Only on SQLite without ``USE_TZ``, or with a
    ``TIME_ZONE`` of the database's, do Django's functions take what is stored for that zone's.
    """

    def get_prep_value(self, value: Any) -> datetime | None:
        instant: datetime | None = self.to_python(value)
        if instant is None:
            return None
        if timezone.is_naive(instant):
            instant = timezone.make_aware(instant, timezone.get_default_timezone())
        return instant.astimezone(UTC)

    def get_db_prep_value(
        self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False
    ) -> Any:
        instant = value if prepared else self.get_prep_value(value)
        if isinstance(instant, datetime) and connection.vendor == "sqlite":
            return instant.replace(tzinfo=None).isoformat(sep=" ")
        return instant

    def from_db_value(
        self, value: datetime | None, expression: Any, connection: BaseDatabaseWrapper
    ) -> datetime | None:
        # What Django cut stays in the zone that it was cut in: its midnight is a day's name.
        if value is None or value.tzinfo is UTC or isinstance(expression, TruncBase):
            return value
        if connection.vendor == "sqlite" and value.tzinfo in {None, connection.timezone}:
            # Django put the connection's zone on the wall clock of UTC, or none.
            return value.replace(tzinfo=UTC)
        if timezone.is_naive(value):
            # Without USE_TZ Django chops the zone off what PostgreSQL answered, but keeps its fold.
            value = value.replace(tzinfo=ZoneInfo(connection.timezone_name))
        return value.astimezone(UTC)


class InstantFormField(forms.SplitDateTimeField):
    """An instant as a date and a time in the current zone; answers it aware and in UTC.

    Without ``USE_TZ`` Django's own would show an aware value in UTC and read it in another zone.
    Both inputs are named: the field's label stands beside them and belongs to neither.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        parts = getattr(self.widget, "widgets", ())
        for part, name in zip(parts, (_("Date"), _("Time")), strict=False):
            part.attrs.setdefault("aria-label", name)

    def prepare_value(self, value: Any) -> Any:
        # As text, it is from the address of a page that adds.
        return _in_default_zone(_readable(value) if isinstance(value, str) else value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(_in_default_zone(initial), data)

    def compress(self, data_list: Any) -> datetime | None:
        instant: datetime | None = super().compress(data_list)
        if instant is None:
            return None
        if timezone.is_naive(instant):
            instant = timezone.make_aware(instant, timezone.get_default_timezone())
        try:
            return instant.astimezone(UTC)
        except OverflowError:
            raise ValidationError(
                self.error_messages["invalid_date"], code="invalid_date"
            ) from None


def _readable(text: str) -> datetime | None:
    try:
        instant = parse_datetime(text)
        return timezone.localtime(instant) if instant and timezone.is_aware(instant) else instant
    except (ValueError, OverflowError):
        return None


def _in_default_zone(value: Any) -> Any:
    if settings.USE_TZ or not isinstance(value, datetime) or timezone.is_naive(value):
        return value
    return timezone.make_naive(value, timezone.get_default_timezone())


class BytewiseCharField(models.CharField):  # type: ignore[type-arg]
    """Text compared byte by byte on every database: SQLite's default, the "C" collation elsewhere.

    An identifier from outside has no language; its index is smaller and its sort several times
    faster without one.
    """

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        parameters = super().db_parameters(connection)
        if connection.vendor == "postgresql":
            parameters["collation"] = "C"
        return dict(parameters)
