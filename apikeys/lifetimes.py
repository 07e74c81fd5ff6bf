"""The states of a key's life, and until when a key may be valid."""

from datetime import UTC, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.base.settings import mailmetrics
from campaigns.fields import utc_now

EXPIRING_WITHIN = timedelta(days=14)
# A connection in the site's time zone can't read an instant that is in the year 10000 there.
LATEST_EXPIRY = datetime.max.replace(tzinfo=UTC) - timedelta(hours=14)


class KeyState(models.TextChoices):
    ACTIVE = "active", gettext_lazy("Active")
    EXPIRING = "expiring", gettext_lazy("Expiring")
    EXPIRED = "expired", gettext_lazy("Expired")
    REVOKED = "revoked", gettext_lazy("Revoked")

    def condition_at(self, instant: datetime) -> Q:
        """Select the keys that are in this state at an aware instant, as `APIKey.state_at` says."""
        unrevoked, soon = Q(revoked_at__isnull=True), instant + EXPIRING_WITHIN
        match self:
            case KeyState.REVOKED:
                return ~unrevoked
            case KeyState.EXPIRED:
                return unrevoked & Q(expires_at__lte=instant)
            case KeyState.EXPIRING:
                return unrevoked & Q(expires_at__gt=instant, expires_at__lte=soon)
        return unrevoked & (Q(expires_at__isnull=True) | Q(expires_at__gt=soon))


def checked_expiry(expires_at: datetime | None) -> datetime | None:
    """The instant from which a new key is refused: without one, the end of the longest life.

    Raises ValidationError for the field ``expires_at``.
    """
    longest = longest_expiry()
    if expires_at is None:
        return longest
    if timezone.is_naive(expires_at):
        raise _refused_expiry(_("The expiry %(expiry)s has no time zone."), expires_at)
    if expires_at <= utc_now():
        raise _refused_expiry(_("The expiry %(expiry)s is not in the future."), expires_at)
    try:
        validate_life(expires_at)
    except ValidationError as error:
        raise ValidationError({"expires_at": error.messages}) from None
    return min(expires_at, LATEST_EXPIRY).astimezone(UTC)


def _refused_expiry(reason: str, expiry: datetime) -> ValidationError:
    return ValidationError({"expires_at": reason % {"expiry": expiry}})


def longest_expiry() -> datetime | None:
    """Until when a key that is made now may be valid; None if ``MAX_KEY_DAYS`` is not set."""
    if mailmetrics.MAX_KEY_DAYS is None:
        return None
    return utc_now() + timedelta(days=mailmetrics.MAX_KEY_DAYS)


def validate_life(expires_at: datetime) -> None:
    """ValidationError for an aware instant beyond the longest life of a key that is made now."""
    longest = longest_expiry()
    if longest is not None and expires_at > longest:
        raise ValidationError(
            _("A key may live for %(days)s days at most: until %(longest)s if it is made now."),
            params={
                "days": mailmetrics.MAX_KEY_DAYS,
                "longest": longest.strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
        )
