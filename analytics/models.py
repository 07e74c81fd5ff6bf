"""Totals, kept exact by the database's triggers (see the migrations); nothing else writes them."""

from datetime import date
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.kinds import KIND_WORDS
from campaigns.models import Campaign, Workspace

COUNTS = KIND_WORDS
# What every answer has; the others are there for those who ask.
CORE_COUNTS = COUNTS[:4]


class Counts(models.Model):
    """How many messages each kind of event happened to, each message counted once per kind.

    The key begins with the workspace. With a campaign, (workspace, campaign) refers to the
    campaign's own (workspace, id) in the database, which is what refuses an event whose campaign is
    in another workspace.
    """

    workspace = models.ForeignKey(
        Workspace,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )

    class Meta:
        abstract = True
        app_label = "mailmetrics_analytics"
        constraints = [
            models.CheckConstraint(
                condition=Q(**{f"{count}__gte": 0 for count in COUNTS}),
                name="mailmetrics_%(class)s_not_negative",
            ),
        ]


for _count in COUNTS:
    Counts.add_to_class(_count, models.BigIntegerField(default=0))


class CampaignDay(Counts):
    """The counts of one campaign on one day."""

    pk = models.CompositePrimaryKey("workspace_id", "campaign_id", "day")
    campaign = models.ForeignKey(
        Campaign,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    day = models.DateField()

    class Meta(Counts.Meta):
        abstract = True


class Totals(Counts):
    """Counts that are the events' sums: those of a fixture are left out, for its events make them.

    ``loaddata`` would add what it has of them to what the triggers have counted, or the reverse.
    """

    class Meta(Counts.Meta):
        abstract = True

    def _save_table(self, raw: bool = False, *args: Any, **kwargs: Any) -> bool:
        # Not save_base: a fixture calls that of models.Model itself.
        model: Any = super()
        return False if raw else bool(model._save_table(raw, *args, **kwargs))


class CampaignTotals(Totals):
    """The counts of one campaign. No row means that all are zero."""

    pk = models.CompositePrimaryKey("workspace_id", "campaign_id")
    campaign = models.ForeignKey(
        Campaign,
        on_delete=models.DO_NOTHING,
        related_name="totals",
        db_constraint=False,
        db_index=False,
    )

    class Meta(Totals.Meta):
        verbose_name = _("campaign totals")
        verbose_name_plural = _("campaign totals")


class CampaignDailyTotals(Totals, CampaignDay):
    """The counts of one campaign on one day: the grain of which the other two are the sums."""

    class Meta(Totals.Meta):
        verbose_name = _("campaign daily totals")
        verbose_name_plural = _("campaign daily totals")


class DailyTotals(Totals):
    """The counts of one workspace on one day: what happened that day, whenever it was sent.

    A day is one of the workspace's time zone. No row means that all are zero.
    """

    pk = models.CompositePrimaryKey("workspace_id", "day")
    day = models.DateField()

    class Meta(Totals.Meta):
        verbose_name = _("daily totals")
        verbose_name_plural = _("daily totals")
        constraints = [
            *Totals.Meta.constraints,
            # PostgreSQL knows more days than Python, and "infinity".
            models.CheckConstraint(
                condition=Q(day__range=(date.min, date.max)),
                name="mailmetrics_dailytotals_day_in_range",
            ),
        ]


class PrunedTotals(CampaignDay):
    """What the events that were pruned counted, by campaign and day (see ``totals.pruning``).

    As the events do, each row counts in the totals of its campaign and its day. The day is one of
    the time zone that the workspace had when they were pruned.
    """

    class Meta(CampaignDay.Meta):
        verbose_name = _("pruned totals")
        verbose_name_plural = _("pruned totals")


class Dashboard(Workspace):
    """A workspace seen through its numbers: what makes the dashboard a page of an admin site."""

    class Meta:
        app_label = "mailmetrics_analytics"
        proxy = True
        default_permissions = ()
        verbose_name = _("dashboard")
        verbose_name_plural = _("dashboard")
