"""The states of a key, and which keys are in one at an instant."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

EXPIRING_WITHIN = timedelta(days=14)


class KeyState(models.TextChoices):
    ACTIVE = "active", _("Active")
    EXPIRING = "expiring", _("Expiring")
    EXPIRED = "expired", _("Expired")
    REVOKED = "revoked", _("Revoked")

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
