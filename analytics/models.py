"""Totals, kept exact by the database's triggers (see the migrations); nothing else writes them."""

from datetime import date

from django.db import models
from django.db.models import Q

from campaigns.models import Campaign, Workspace

COUNTS = ("sent", "opened", "replied", "bounced")


def _no_negative_count() -> Q:
    return Q(sent__gte=0, opened__gte=0, replied__gte=0, bounced__gte=0)


class Counts(models.Model):
    """How many messages were sent, opened, replied to and bounced, each counted once."""

    sent = models.BigIntegerField(default=0)
    opened = models.BigIntegerField(default=0)
    replied = models.BigIntegerField(default=0)
    bounced = models.BigIntegerField(default=0)

    class Meta:
        abstract = True


class CampaignTotals(Counts):
    """The counts of one campaign. No row means that all four are zero.

    (workspace, campaign) refers to the campaign's own (workspace, id) in the database, which is
    what refuses an event whose campaign is in another workspace.
    """

    pk = models.CompositePrimaryKey("workspace_id", "campaign_id")
    workspace = models.ForeignKey(
        Workspace,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    campaign = models.ForeignKey(
        Campaign,
        on_delete=models.DO_NOTHING,
        related_name="totals",
        db_constraint=False,
        db_index=False,
    )

    class Meta:
        app_label = "mailmetrics_analytics"
        verbose_name_plural = "campaign totals"
        constraints = [
            models.CheckConstraint(
                condition=_no_negative_count(), name="mailmetrics_campaigntotals_not_negative"
            ),
        ]


class DailyTotals(Counts):
    """The counts of one workspace on one UTC day: what happened that day, whenever it was sent.

    No row means that all four are zero.
    """

    pk = models.CompositePrimaryKey("workspace_id", "day")
    workspace = models.ForeignKey(
        Workspace,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    day = models.DateField()

    class Meta:
        app_label = "mailmetrics_analytics"
        verbose_name_plural = "daily totals"
        constraints = [
            models.CheckConstraint(
                condition=_no_negative_count(), name="mailmetrics_dailytotals_not_negative"
            ),
            # PostgreSQL knows more days than Python, and "infinity".
            models.CheckConstraint(
                condition=Q(day__range=(date.min, date.max)),
                name="mailmetrics_dailytotals_day_in_range",
            ),
        ]


class Dashboard(Workspace):
    """A workspace seen through its numbers: what makes the dashboard a page of an admin site."""

    class Meta:
        app_label = "mailmetrics_analytics"
        proxy = True
        default_permissions = ()
        verbose_name = "dashboard"
        verbose_name_plural = "dashboard"


class PrunedTotals(Counts):
    """What the events that were pruned counted, by campaign and UTC day (see
    ``totals.pruning``).

    As the events do, each row counts in the totals of its campaign and its day.
    """

    pk = models.CompositePrimaryKey("workspace_id", "campaign_id", "day")
    workspace = models.ForeignKey(
        Workspace,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    campaign = models.ForeignKey(
        Campaign,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    day = models.DateField()

    class Meta:
        app_label = "mailmetrics_analytics"
        verbose_name_plural = "pruned totals"
        constraints = [
            models.CheckConstraint(
                condition=_no_negative_count(), name="mailmetrics_prunedtotals_not_negative"
            ),
        ]
