"""API keys: only a digest is kept, with what the key grants and how long."""

from django.db import models
from django.db.models import Q

from campaigns.fields import InstantField, utc_now
from campaigns.models import Workspace


class APIKey(models.Model):
    """A key to one workspace. The key itself is shown once, when it is made, and never stored."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, editable=False)
    hint = models.CharField(max_length=16, editable=False)
    scopes = models.JSONField(default=list)
    # Text, not a foreign key: it outlives the account, and the host's user model may live in
    # another database.
    created_by = models.CharField(max_length=150, blank=True, editable=False)
    created_at = InstantField(default=utc_now, editable=False)
    expires_at = InstantField(null=True, blank=True)
    revoked_at = InstantField(null=True, blank=True, editable=False)
    last_used_at = InstantField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "API key"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["digest"], name="mailmetrics_apikey_digest_unique"),
            models.CheckConstraint(condition=~Q(name=""), name="mailmetrics_apikey_has_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint})"
