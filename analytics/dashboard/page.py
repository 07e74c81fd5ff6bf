"""The numbers as a page of an admin site; ``analytics.admin.register`` makes it one."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analytics.dashboard.activity import read_activity
from analytics.dashboard.addresses import (
    CAMPAIGN,
    CAMPAIGN_CSV,
    CAMPAIGNS_CSV,
    COMPARISON,
    PAGE,
    TIMELINE_CSV,
    WORKSPACES,
    hidden_fields,
    query_with,
    without_empty,
)
from analytics.dashboard.campaign_page import (
    RANK_PARAMETER,
    RankForm,
    campaign_answer,
    campaign_facts,
    launch_window,
)
from analytics.dashboard.comparison import compare
from analytics.dashboard.exports import campaigns_response, refusal, timeline_response
from analytics.dashboard.figures import column_names, count_text, kpi_figures
from analytics.dashboard.filters import DashboardFilter
from analytics.dashboard.presets import presets
from analytics.dashboard.table import make_table, read_campaigns
from analytics.dashboard.table_form import TABLE_PARAMETERS, VISIBLE_FIELDS, TableForm, split
from analytics.dashboard.timeline import draw_timeline
from analytics.dashboard.workspaces import OfferedWorkspaces, search_workspaces
from analytics.replica import read_report
from analytics.snapshots import in_one_snapshot, outside_transactions
from campaigns import zones
from campaigns.base.read_only import ReadOnlyAdmin
from campaigns.base.refusals import ExplainedRefusals, permission
from campaigns.models import Campaign, Workspace

# What the pages of campaigns let the reader choose of the dashboard's choice.
_WINDOW_FIELDS = ("from_date", "to_date", "interval")


class DashboardAdmin(ExplainedRefusals, ReadOnlyAdmin):
    """For staff who may view campaigns and workspaces. Override ``get_queryset`` to offer fewer
    workspaces, ``has_view_permission`` to let others in."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return all(may_view(request, model) for model in (Campaign, Workspace))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_urls(self) -> list[URLPattern]:
        def view(page: Callable[..., HttpResponseBase]) -> Any:
            return outside_transactions(self.admin_site.admin_view(page))

        campaign = "campaigns/<uuid:campaign_id>/"
        pages = [
            path("", view(self.changelist_view), name=PAGE),
            path("workspaces/", view(self.workspaces), name=WORKSPACES),
            path("campaigns.csv", view(self.campaigns_csv), name=CAMPAIGNS_CSV),
            path("timeline.csv", view(self.timeline_csv), name=TIMELINE_CSV),
            path(campaign, view(self.campaign_view), name=CAMPAIGN),
            path(f"{campaign}timeline.csv", view(self.campaign_csv), name=CAMPAIGN_CSV),
            path("compare/", view(self.comparison_view), name=COMPARISON),
        ]
        return self.explained(pages)

    def permissions_for(self, act: str) -> list[tuple[str, str]]:
        return [permission(model, "view") for model in (Campaign, Workspace)]

    @method_decorator(require_safe)
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        given, asked = self._asked(request)
        context: dict[str, Any] = {
            "title": _("Dashboard"),
            "asked": asked,
            "kept": hidden_fields(split(given)[1], but=["page"]),
        }
        if may_open(request, site=self.admin_site, model=Workspace):
            context["workspace_list"] = self._url(_WORKSPACE_LIST, "")
        if asked and asked.is_valid():
            context |= in_one_snapshot(lambda: self._answer(asked, given))
        context |= extra_context or {}
        return self._page(request, "dashboard", context)

    @method_decorator(require_safe)
    def campaign_view(self, request: HttpRequest, campaign_id: UUID) -> HttpResponse:
        """One campaign: its figures, its timeline, and its place among the others."""
        campaign, given, asked = self._campaign(request, campaign_id)
        form = RankForm(given)
        context: dict[str, Any] = {
            "title": campaign.name,
            "asked": asked,
            "own_form": form,
            "hidden": hidden_fields(given, but=[*_WINDOW_FIELDS, RANK_PARAMETER]),
            "dashboard": self._url(PAGE, query_with(given, **{RANK_PARAMETER: ""})),
            "timeline_csv": self._url(CAMPAIGN_CSV, given.urlencode(), campaign.pk),
            **campaign_facts(campaign),
        }
        if launch := launch_window(campaign):
            context["from_launch"] = query_with(given, **launch)
        if may_open(request, site=self.admin_site, model=Campaign):
            context["change_page"] = self._url(_CHANGE_PAGE, "", campaign.pk)
        if asked.is_valid() and form.is_valid():
            context |= in_one_snapshot(
                lambda: campaign_answer(campaign, asked=asked, least=form.least)
            )
            context["presets"] = _presets(asked, given)
        return self._page(request, "campaign", context)

    @method_decorator(require_safe)
    def comparison_view(self, request: HttpRequest) -> HttpResponse:
        """The campaigns that were chosen in the table, drawn together."""
        given, asked = self._asked(request)
        form = TableForm(split(given)[1])
        context: dict[str, Any] = {
            "title": _("Comparison"),
            "asked": asked,
            "compare_errors": form.errors.get("compare", []),
            "hidden": hidden_fields(given, but=_WINDOW_FIELDS),
            "table_hidden": hidden_fields(given, but=["compare"]),
            "dashboard": self._url(PAGE, given.urlencode()),
        }
        if asked and asked.is_valid() and not context["compare_errors"]:
            context |= {
                "subtitle": asked.asked_workspace.name,
                "comparison": in_one_snapshot(lambda: compare(asked, chosen=form.compared)),
                "period": asked.period,
                "presets": _presets(asked, given),
                "query": given.urlencode(),
            }
        return self._page(request, "comparison", context)

    @method_decorator(require_safe)
    def workspaces(self, request: HttpRequest) -> HttpResponse:
        """What the field that searches for a workspace asks."""
        self._check_permission(request)
        term, page = (request.GET.get(name, "") for name in ("term", "page"))
        return search_workspaces(self.get_queryset(request), term=term, page=page)

    @method_decorator(require_safe)
    def campaigns_csv(self, request: HttpRequest) -> HttpResponseBase:
        given, asked = self._asked(request)
        form = TableForm(split(given)[1])
        if not (asked and asked.is_valid() and form.is_valid()):
            return refusal(asked, form)
        rows = read_campaigns(form, asked)["campaigns"]
        return campaigns_response(asked, rows, metrics=form.chosen_metrics)

    @method_decorator(require_safe)
    def timeline_csv(self, request: HttpRequest) -> HttpResponseBase:
        _given, asked = self._asked(request)
        if not (asked and asked.is_valid()):
            return refusal(asked)
        return timeline_response(asked, "timeline", asked.narrowed)

    @method_decorator(require_safe)
    def campaign_csv(self, request: HttpRequest, campaign_id: UUID) -> HttpResponseBase:
        campaign, _given, asked = self._campaign(request, campaign_id)
        if not asked.is_valid():
            return refusal(asked)
        name = slugify(campaign.name)[:60] or f"{campaign.pk}"
        return timeline_response(asked, f"timeline-{name}", Campaign.objects.filter(pk=campaign.pk))

    def _asked(self, request: HttpRequest) -> tuple[QueryDict, DashboardFilter | None]:
        """What the request asks: all of it, and what the whole page is about, None where there is
        no workspace to ask about."""
        self._check_permission(request)
        given = without_empty(request.GET)
        workspaces = OfferedWorkspaces(self.get_queryset(request))
        if not workspaces:
            return given, None
        asked = DashboardFilter(split(given)[0], workspaces=workspaces)
        if workspaces.are_many:
            asked.search_by(self.admin_site, self._url(WORKSPACES, ""))
        if asked.is_valid():
            given["workspace"] = str(asked.workspace_id)
        return given, asked

    def _campaign(
        self, request: HttpRequest, campaign_id: UUID
    ) -> tuple[Campaign, QueryDict, DashboardFilter]:
        """The campaign, and what is asked of it in its own workspace."""
        self._check_permission(request)
        campaign = Campaign.objects.select_related("workspace").filter(pk=campaign_id).first()
        given = without_empty(request.GET)
        if campaign:
            given["workspace"] = str(campaign.workspace_id)
            workspaces = OfferedWorkspaces(
                self.get_queryset(request).filter(pk=campaign.workspace_id)
            )
            if workspaces:
                of_page = split(given)[0]
                of_page.pop(RANK_PARAMETER, None)
                return campaign, given, DashboardFilter(of_page, workspaces=workspaces)
        raise Http404(_("There is no such campaign."))

    def _check_permission(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _answer(self, asked: DashboardFilter, given: QueryDict) -> dict[str, Any]:
        activity = read_activity(
            workspace_id=asked.workspace_id, campaigns=asked.narrowed, window=asked.period
        )
        form = TableForm(split(given)[1])
        report = read_campaigns(form, asked, page=form.page_number) if form.is_valid() else None
        if report and not form.narrows:
            campaigns = report["workspace_kpis"]["total_campaigns"]
        else:
            campaigns = _count(asked)
        return {
            "subtitle": asked.asked_workspace.name,
            "kpis": kpi_figures(activity, campaigns=campaigns),
            "before": activity.before,
            "columns": column_names(),
            "period": asked.period,
            "length": count_text(len(asked.period)),
            "presets": _presets(asked, given),
            "timeline": draw_timeline(activity, interval=asked.wanted_interval),
            "timeline_csv": self._url(TIMELINE_CSV, given.urlencode()),
            "query": given.urlencode(),
            "table": report and make_table(form, report, asked, given=given),
            "table_form": form,
            "table_fields": VISIBLE_FIELDS,
            "table_hidden": hidden_fields(given, but=[*VISIBLE_FIELDS, "compare", "page"]),
            "table_reset": query_with(given, **dict.fromkeys(TABLE_PARAMETERS, "")),
        }

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            f"admin/mailmetrics/{name}.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "window_fields": _WINDOW_FIELDS,
                **context,
            },
        )

    def _url(self, name: str, query: str, *args: object) -> str:
        address = reverse(f"admin:{name}", args=args, current_app=self.admin_site.name)
        return f"{address}?{query}" if query else address


_CHANGE_PAGE = f"{Campaign._meta.app_label}_{Campaign._meta.model_name}_change"
_WORKSPACE_LIST = f"{Workspace._meta.app_label}_{Workspace._meta.model_name}_changelist"


def _presets(asked: DashboardFilter, given: QueryDict) -> list[tuple[Any, str, bool]]:
    """The label and query of each, and whether it is the present window."""
    return [
        (preset.label, query_with(given, page="", **preset.changes), preset.period == asked.period)
        for preset in presets(zones.today(asked.zone))
    ]


def _count(asked: DashboardFilter) -> int:
    campaigns = Campaign.objects.all() if asked.narrowed is None else asked.narrowed
    own = campaigns.filter(workspace=asked.workspace_id)
    return read_report(lambda alias: own.using(alias).count())


def may_view(request: HttpRequest, model: type[Model]) -> bool:
    """As the admin has it: who may change may view."""
    name = f"{model._meta.app_label}.{{}}_{model._meta.model_name}"
    return any(request.user.has_perm(name.format(act)) for act in ("view", "change"))


def may_open(request: HttpRequest, *, site: AdminSite, model: type[Model]) -> bool:
    """Whether the site has the model's pages and lets the user see them."""
    return site.is_registered(model) and site.get_model_admin(model).has_view_permission(request)
