"""The domain: workspaces, their campaigns, and the events of each message.

Models name their app, here as in the other apps: so they can be imported where it is missing, and
a system check says so instead of a stack trace.
"""

import uuid
from datetime import date

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns import zones
from campaigns.fields import BytewiseCharField, InstantField, utc_now
from campaigns.kinds import EventKind

__all__ = ["Campaign", "CampaignStatus", "EmailEvent", "EventKind", "OpenBatch", "Workspace"]


class Workspace(models.Model):
    """A tenant. Nothing that belongs to one workspace is ever seen from another."""

    name = models.CharField(_("name"), max_length=255)
    created_at = InstantField(_("created at"), default=utc_now, editable=False)
    # Every day of the workspace, in totals, answers and pages, is a day of this zone. Whatever
    # changes it makes the database cut the recorded days anew (see analytics.totals).
    time_zone = models.CharField(
        _("time zone"),
        max_length=63,
        default="UTC",
        validators=[zones.validate_time_zone],
        help_text=_(
            "An IANA name such as Europe/Berlin. Changing it cuts the recorded days anew; "
            "days whose events were pruned keep their old cut."
        ),
    )
    # The database refuses an event from before this instant: it can't be told from a duplicate of
    # one that was pruned (see analytics.totals.pruning).
    events_pruned_before = InstantField(null=True, editable=False)
    # Whether events have come with a recipient, and without: see campaigns.recording.counterparts.
    # Null at first: on SQLite no other column can be added to a table that triggers read.
    has_recipients = models.BooleanField(null=True, editable=False)
    has_ids_alone = models.BooleanField(null=True, editable=False)

    class Meta:
        app_label = "mailmetrics_campaigns"
        verbose_name = _("workspace")
        verbose_name_plural = _("workspaces")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["name"],
                name="mailmetrics_workspace_name_unique",
                violation_error_message=_("A workspace with this name exists."),
            ),
            models.CheckConstraint(condition=~Q(name=""), name="mailmetrics_workspace_has_name"),
        ]

    def __str__(self) -> str:
        return self.name

    def today(self) -> date:
        """The present day in the workspace's time zone."""
        return zones.today(self.time_zone)


class CampaignStatus(models.TextChoices):
    DRAFT = "DRAFT", _("Draft")
    ACTIVE = "ACTIVE", _("Active")
    PAUSED = "PAUSED", _("Paused")
    COMPLETED = "COMPLETED", _("Completed")
    FAILED = "FAILED", _("Failed")


class Campaign(models.Model):
    """A mailing to a number of leads. Without ``launched_at`` it was never launched."""

    id = models.UUIDField(_("ID"), primary_key=True, default=uuid.uuid4)
    workspace = models.ForeignKey(
        Workspace,
        on_delete=models.CASCADE,
        related_name="campaigns",
        db_index=False,
        verbose_name=_("workspace"),
    )
    name = models.CharField(_("name"), max_length=255)
    status = models.CharField(
        _("status"), max_length=9, choices=CampaignStatus, default=CampaignStatus.DRAFT
    )
    total_leads = models.IntegerField(_("leads"), default=0, validators=[MinValueValidator(0)])
    launched_at = InstantField(_("launched at"), null=True, blank=True)
    created_at = InstantField(_("created at"), default=utc_now)

    class Meta:
        app_label = "mailmetrics_campaigns"
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        ordering = ["-created_at", "id"]
        constraints = [
            # The target of the totals' foreign key: a campaign counts in its own workspace only.
            models.UniqueConstraint(
                fields=["workspace", "id"], name="mailmetrics_campaign_in_workspace"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="mailmetrics_campaign_has_name"),
            models.CheckConstraint(
                condition=Q(status__in=CampaignStatus.values),
                name="mailmetrics_campaign_status_known",
            ),
            models.CheckConstraint(
                condition=Q(total_leads__gte=0), name="mailmetrics_campaign_leads_not_negative"
            ),
        ]
        indexes = [
            models.Index(
                "workspace", models.F("created_at").desc(), "id", name="mailmetrics_campaign_newest"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class EmailEvent(models.Model):
    """What happened to a message, once per kind, at its earliest instant.

    Written by ``campaigns.recording.record_events``. The database's triggers keep the totals and
    refuse a campaign of another workspace, so no row pays for a foreign key check of its own;
    they also remove a campaign's events with it, so Django need not collect them.
    """

    pk = models.CompositePrimaryKey("workspace_id", "message_id", "kind")
    # Fixed-width columns first: no padding between them.
    workspace = models.ForeignKey(
        Workspace,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    occurred_at = InstantField()
    campaign = models.ForeignKey(
        Campaign,
        on_delete=models.DO_NOTHING,
        related_name="events",
        db_constraint=False,
        db_index=False,
    )
    kind = models.SmallIntegerField(choices=EventKind)
    message_id = BytewiseCharField(max_length=255)

    class Meta:
        app_label = "mailmetrics_campaigns"
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__range=(min(EventKind.values), max(EventKind.values))),
                name="mailmetrics_event_kind_known",
            ),
            models.CheckConstraint(
                condition=~Q(message_id=""), name="mailmetrics_event_has_message"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} {self.get_kind_display()}"


class OpenBatch(models.Model):
    """While its one row is there, inserted events are counted together, when it is deleted.

    On SQLite alone, where that is four times as fast as counting them one by one. Events with a
    rowid above ``after_rowid`` are not counted yet, and can't be changed. The row refers to a
    workspace that does not exist, so that no transaction commits with a batch open.
    """

    only_one = models.SmallIntegerField(primary_key=True, default=1)
    after_rowid = models.BigIntegerField()
    no_workspace = models.ForeignKey(
        Workspace, on_delete=models.DO_NOTHING, related_name="+", db_index=False
    )

    class Meta:
        app_label = "mailmetrics_campaigns"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(only_one=1), name="mailmetrics_openbatch_only_one"),
        ]

    def __str__(self) -> str:
        return f"events after row {self.after_rowid}"
