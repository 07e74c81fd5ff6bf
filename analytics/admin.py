"""Campaigns and workspaces in Django's admin, with their totals.

Here and not in ``campaigns``: imports run one way, and the totals are kept on this side. Events
are no part of the admin: they are recorded, not edited, and far too many to list.
"""

from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.contrib.admin.widgets import AdminSplitDateTime
from django.db.models import (
    Case,
    Count,
    F,
    FilteredRelation,
    FloatField,
    Q,
    QuerySet,
    Sum,
    When,
)
from django.db.models.functions import Cast, Coalesce
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from analytics.dashboard.addresses import campaign_url, dashboard_url
from analytics.dashboard.campaign_page import launch_window
from analytics.dashboard.figures import NOTHING, count_text, rate_text, short_day
from analytics.dashboard.labels import COUNT_LABELS, RATE_LABELS
from analytics.dashboard.page import DashboardAdmin, may_open
from analytics.deletion import deleted_objects
from analytics.metrics import rate
from analytics.models import CORE_COUNTS, Dashboard
from campaigns.base.lookups import CarefulLookups
from campaigns.base.refusals import ExplainedRefusals
from campaigns.fields import InstantField, InstantFormField
from campaigns.models import Campaign, Workspace
from campaigns.workspace_choices import ManyWorkspaces, WorkspaceFilter

_CAMPAIGN: Any = Campaign._meta  # for the names of its fields in the reader's language
TOTALS = ("open_rate", "reply_rate", "bounce_rate", *CORE_COUNTS)

_PICTURE = (
    '<a href="{url}" title="{text}" aria-label="{text}"><svg width="18" height="18" '
    'viewBox="0 0 18 18" aria-hidden="true"><path d="M2 2v14h14M5 12l3-4 3 2 4-6"/></svg></a>'
)


def _by_rate(count: str) -> Case:
    """Only to sort by: what is shown is the rate that the API tells."""
    share = Cast(F(f"total_{count}"), FloatField()) / F("total_sent")
    return Case(When(total_sent__gt=0, then=share), default=0.0, output_field=FloatField())


class TotalsAdmin(CarefulLookups):
    """Columns for rows that have ``total_sent`` and the like, and sort by them."""

    class Media:
        css = {"all": ["mailmetrics_campaigns/lists.css"]}

    formfield_overrides = {
        InstantField: {"form_class": InstantFormField, "widget": AdminSplitDateTime}
    }
    # Neither the second count of the list nor one for each filter.
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        return deleted_objects(list(objs), request, self.admin_site)

    @admin.display(description=COUNT_LABELS["sent"], ordering="total_sent")
    def sent(self, row: Any) -> str:
        return count_text(row.total_sent)

    @admin.display(description=COUNT_LABELS["opened"], ordering="total_opened")
    def opened(self, row: Any) -> str:
        return count_text(row.total_opened)

    @admin.display(description=COUNT_LABELS["replied"], ordering="total_replied")
    def replied(self, row: Any) -> str:
        return count_text(row.total_replied)

    @admin.display(description=COUNT_LABELS["bounced"], ordering="total_bounced")
    def bounced(self, row: Any) -> str:
        return count_text(row.total_bounced)

    @admin.display(description=RATE_LABELS["opened"], ordering=_by_rate("opened"))
    def open_rate(self, row: Any) -> str:
        return _shown(row.total_opened, row.total_sent)

    @admin.display(description=RATE_LABELS["replied"], ordering=_by_rate("replied"))
    def reply_rate(self, row: Any) -> str:
        return _shown(row.total_replied, row.total_sent)

    @admin.display(description=RATE_LABELS["bounced"], ordering=_by_rate("bounced"))
    def bounce_rate(self, row: Any) -> str:
        return _shown(row.total_bounced, row.total_sent)


def _shown(count: int, sent: int) -> str:
    return rate_text(rate(count, sent)) if sent else NOTHING


class CampaignAdmin(ExplainedRefusals, ManyWorkspaces, TotalsAdmin):
    list_display = ("name", "numbers", "workspace", "status", "launched", *TOTALS, "leads")
    list_filter = ("status", ("workspace", WorkspaceFilter), "launched_at")
    list_select_related = ("workspace",)
    search_fields = ("name", "workspace__name")

    @admin.display(
        description=_CAMPAIGN.get_field("launched_at").verbose_name,
        ordering="launched_at",
        empty_value=NOTHING,
    )
    def launched(self, campaign: Campaign) -> str | None:
        """The day, as everywhere one of the workspace's time zone."""
        if campaign.launched_at is None:
            return None
        day = campaign.launched_at.astimezone(ZoneInfo(campaign.workspace.time_zone)).date()
        return short_day(day)

    @admin.display(
        description=_CAMPAIGN.get_field("total_leads").verbose_name, ordering="total_leads"
    )
    def leads(self, campaign: Campaign) -> str:
        return count_text(campaign.total_leads)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        # The workspace in the join lets it use the totals' key.
        own = FilteredRelation("totals", condition=Q(totals__workspace=F("workspace")))
        counts = {f"total_{count}": Coalesce(F(f"own__{count}"), 0) for count in CORE_COUNTS}
        campaigns: QuerySet[Campaign] = super().get_queryset(request)
        return campaigns.annotate(own=own).annotate(**counts)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = ["name", "workspace", "status", "total_leads", "launched_at"]
        if obj is None:
            return [(None, {"fields": fields})]
        return [
            (None, {"fields": ["id", *fields, "created_at"]}),
            (_("Totals"), {"fields": [*TOTALS, *self._link(request)]}),
        ]

    @admin.display(description=_("dashboard"))
    def dashboard(self, campaign: Campaign) -> SafeString:
        return format_html('<a href="{}">{}</a>', self._numbers_url(campaign), _("Dashboard"))

    @admin.display(description=_("dashboard"))
    def numbers(self, campaign: Campaign) -> SafeString:
        """The same link as a picture, for which the list has room."""
        text = _("%(name)s in the dashboard") % {"name": campaign.name}
        return format_html(_PICTURE, url=self._numbers_url(campaign), text=text)

    def _numbers_url(self, campaign: Campaign) -> str:
        """Its own page there, with the days in which most happened to it."""
        window = urlencode(launch_window(campaign))
        return campaign_url(site=self.admin_site, campaign_id=campaign.pk, query=window)

    def get_list_display(self, request: HttpRequest) -> Any:
        left_out = [] if self._link(request) else ["numbers"]
        return [each for each in self.list_display if each not in left_out]

    def _link(self, request: HttpRequest) -> list[str]:
        seen = may_open(request, site=self.admin_site, model=Dashboard)
        return ["dashboard"] if seen else []

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # Its events keep it in its workspace.
        return () if obj is None else ("id", "workspace", "created_at", *TOTALS, "dashboard")


class WorkspaceAdmin(ExplainedRefusals, TotalsAdmin):
    list_display = ("name", "campaign_count", *TOTALS)
    search_fields = ("name",)
    ordering = ("name",)  # the model's own is not for rows with sums

    # Not "campaigns": by that name the list would sort by the relation, and repeat its rows.
    @admin.display(description=_("campaigns"), ordering="total_campaigns")
    def campaign_count(self, workspace: Any) -> str:
        return count_text(workspace.total_campaigns)

    @admin.display(description=_("dashboard"))
    def dashboard(self, workspace: Any) -> SafeString:
        url = dashboard_url(site=self.admin_site, workspace_id=workspace.pk)
        return format_html('<a href="{}">{}</a>', url, _("Dashboard"))

    def get_list_display(self, request: HttpRequest) -> Any:
        return [*self.list_display, *self._link(request)]

    def _link(self, request: HttpRequest) -> list[str]:
        seen = may_open(request, site=self.admin_site, model=Dashboard)
        return ["dashboard"] if seen else []

    def get_queryset(self, request: HttpRequest) -> QuerySet[Workspace]:
        # Joins: Citus refuses subqueries of one workspace each. The workspace lets them use the
        # totals' key.
        own = FilteredRelation(
            "campaigns__totals", condition=Q(campaigns__totals__workspace=F("pk"))
        )
        counts = {f"total_{count}": Coalesce(Sum(f"own__{count}"), 0) for count in CORE_COUNTS}
        workspaces: QuerySet[Workspace] = super().get_queryset(request)
        return workspaces.annotate(own=own).annotate(**counts, total_campaigns=Count("campaigns"))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return [(None, {"fields": ["name", "time_zone"]})]
        return [
            (None, {"fields": ["name", "time_zone", "created_at"]}),
            (_("Totals"), {"fields": ["campaign_count", *TOTALS, *self._link(request)]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else ("created_at", "campaign_count", *TOTALS, "dashboard")


def register(site: admin.AdminSite) -> None:
    """Show campaigns, workspaces and the dashboard in a host's own AdminSite."""
    site.register(Campaign, CampaignAdmin)
    site.register(Workspace, WorkspaceAdmin)
    site.register(Dashboard, DashboardAdmin)


register(admin.site)
