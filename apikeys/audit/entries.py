"""The audit trail's rows: what was done with a key, or was tried with it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.fields import InstantField, utc_now
from campaigns.models import Workspace


class AuditKind(models.TextChoices):
    MADE = "made", _("Made")
    CHANGED = "changed", _("Changed")
    ROTATED = "rotated", _("Rotated")
    REVOKED = "revoked", _("Revoked")
    DELETED = "deleted", _("Deleted")
    FIRST_USED = "first_used", _("First used from an address")
    REFUSED = "refused", _("Refused")
    EXPOSED = "exposed", _("Sent over plain HTTP")


class AuditEntry(models.Model):
    """It outlives its key and its workspace, so the database holds neither of them for it: an
    entry waits for no lock on their rows, and their deletion leaves it as it is."""

    at = InstantField(_("when"), default=utc_now)
    kind = models.CharField(_("action"), max_length=20, choices=AuditKind)
    workspace = models.ForeignKey(
        Workspace,
        on_delete=models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("workspace"),
    )
    key = models.ForeignKey(
        "mailmetrics_apikeys.APIKey",
        on_delete=models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="audit_entries",
        verbose_name=_("API key"),
    )
    # The key's name and hint at that time.
    label = models.CharField(_("key"), max_length=130)
    # The user or the command's caller; empty for what the key's holder did.
    actor = models.CharField(_("by"), max_length=254, blank=True)
    # Of the client, as `network_of` has it.
    address = models.CharField(_("address"), max_length=64, blank=True)
    detail = models.CharField(_("detail"), max_length=255, blank=True)

    class Meta:
        app_label = "mailmetrics_apikeys"
        verbose_name = _("audit trail entry")
        verbose_name_plural = _("audit trail entries")
        default_permissions = ("view",)
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["key", "kind", "at"], name="mailmetrics_audit_by_key"),
            models.Index(fields=["workspace", "at"], name="mailmetrics_audit_by_space"),
            models.Index(fields=["at"], name="mailmetrics_audit_by_instant"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=AuditKind.values), name="mailmetrics_audit_known_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.label}"
