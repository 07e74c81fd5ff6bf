"""The numbers as a page of an admin site; ``analytics.admin.register`` makes it one."""

from typing import Any, cast

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analytics import reports
from analytics.dashboard.activity import read_activity
from analytics.dashboard.exports import csv_response
from analytics.dashboard.figures import (
    campaign_texts,
    column_names,
    count_text,
    day_texts,
    kpi_figures,
)
from analytics.dashboard.filters import DashboardFilter
from analytics.dashboard.presets import presets
from analytics.dashboard.timeline import draw_timeline
from analytics.dashboard.workspaces import OfferedWorkspaces, search_workspaces
from analytics.rows import campaign_columns, timeline_columns
from campaigns import zones
from campaigns.base.refusals import ExplainedRefusals, permission
from campaigns.models import Campaign, Workspace

MOST_CAMPAIGNS = 500
PAGE = "mailmetrics_analytics_dashboard_changelist"
CAMPAIGNS_CSV = "mailmetrics_analytics_dashboard_campaigns"
WORKSPACES = "mailmetrics_analytics_dashboard_workspaces"
TIMELINE_CSV = "mailmetrics_analytics_dashboard_timeline"


class DashboardAdmin(ExplainedRefusals):
    """For staff who may view campaigns and workspaces. Override ``get_queryset`` to offer fewer
    workspaces, ``has_view_permission`` to let others in."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return all(may_view(request, model) for model in (Campaign, Workspace))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        pages = [
            path("", view(self.changelist_view), name=PAGE),
            path("workspaces/", view(self.workspaces), name=WORKSPACES),
            path("campaigns.csv", view(self.campaigns_csv), name=CAMPAIGNS_CSV),
            path("timeline.csv", view(self.timeline_csv), name=TIMELINE_CSV),
        ]
        return self.explained(pages)

    def permissions_for(self, act: str) -> list[tuple[str, str]]:
        return [permission(model, "view") for model in (Campaign, Workspace)]

    @method_decorator(require_safe)
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        asked = self._asked(request)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Dashboard"),
            "opts": self.opts,
            "asked": asked,
            **(self._answer(request, asked) if asked and asked.is_valid() else {}),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/mailmetrics/dashboard.html", context)

    @method_decorator(require_safe)
    def workspaces(self, request: HttpRequest) -> HttpResponse:
        """What the field that searches for a workspace asks."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        term, page = (request.GET.get(name, "") for name in ("term", "page"))
        return search_workspaces(self.get_queryset(request), term=term, page=page)

    @method_decorator(require_safe)
    def campaigns_csv(self, request: HttpRequest) -> HttpResponseBase:
        asked = self._asked(request)
        if not (asked and asked.is_valid()):
            return _refused(asked)
        rows = _campaign_report(asked)
        return csv_response(
            filename=_filename(asked, "campaigns"),
            columns=campaign_columns(),
            rows=rows["campaigns"],
        )

    @method_decorator(require_safe)
    def timeline_csv(self, request: HttpRequest) -> HttpResponseBase:
        asked = self._asked(request)
        if not (asked and asked.is_valid()):
            return _refused(asked)
        days = _timeline_report(asked)
        return csv_response(
            filename=_filename(asked, f"timeline-{days['from_date']}-{days['to_date']}"),
            columns=timeline_columns(),
            rows=days["timeline"],
        )

    def _asked(self, request: HttpRequest) -> DashboardFilter | None:
        """What the request asks, None where there is no workspace to ask about."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        given = _given(request.GET)
        workspaces = OfferedWorkspaces(self.get_queryset(request))
        if not workspaces:
            return None
        asked = DashboardFilter(given, workspaces=workspaces)
        if workspaces.are_many:
            asked.search_by(self.admin_site, self._url(WORKSPACES))
        return asked

    def _url(self, name: str) -> str:
        return reverse(f"admin:{name}", current_app=self.admin_site.name)

    def _answer(self, request: HttpRequest, asked: DashboardFilter) -> dict[str, Any]:
        campaigns = _campaign_report(asked)
        activity = read_activity(
            workspace_id=asked.workspace_id, campaigns=asked.narrowed, window=asked.period
        )
        listed = campaigns["campaigns"]
        return {
            "subtitle": asked.asked_workspace.name,
            "kpis": kpi_figures(activity, campaigns=campaigns["workspace_kpis"]["total_campaigns"]),
            "before": activity.before,
            "campaigns": [campaign_texts(row, zone=asked.zone) for row in listed[:MOST_CAMPAIGNS]],
            "campaigns_listed": count_text(len(listed)),
            "campaigns_left_out": len(listed) > MOST_CAMPAIGNS,
            "campaigns_open": may_open(request, site=self.admin_site, model=Campaign),
            "columns": column_names(),
            "days": [day_texts(day) for day in activity.days],
            "period": asked.period,
            "presets": [
                (preset.label, _query(asked, **preset.changes), preset.period == asked.period)
                for preset in presets(zones.today(asked.zone))
            ],
            "timeline": draw_timeline(activity, interval=asked.wanted_interval),
            "query": _query(asked),
        }


def _campaign_report(asked: DashboardFilter) -> reports.CampaignReport:
    return reports.campaign_report(
        workspace_id=asked.workspace_id, campaigns=asked.narrowed, activity=asked.period
    )


def _timeline_report(asked: DashboardFilter) -> reports.TimelineReport:
    return reports.timeline_report(
        workspace_id=asked.workspace_id, campaigns=asked.narrowed, period=asked.period
    )


def dashboard_url(*, site: AdminSite, workspace_id: int) -> str:
    """Where the site shows that workspace's numbers."""
    page = reverse(f"admin:{PAGE}", current_app=site.name)
    return f"{page}?workspace={workspace_id}"


def may_view(request: HttpRequest, model: type[Model]) -> bool:
    """As the admin has it: who may change may view."""
    name = f"{model._meta.app_label}.{{}}_{model._meta.model_name}"
    return any(request.user.has_perm(name.format(act)) for act in ("view", "change"))


def may_open(request: HttpRequest, *, site: AdminSite, model: type[Model]) -> bool:
    """Whether the site has the model's pages and lets the user see them."""
    return site.is_registered(model) and site.get_model_admin(model).has_view_permission(request)


def _given(form: QueryDict) -> QueryDict:
    """Without the empty fields: a form sends them, the API refuses them."""
    given = QueryDict(mutable=True)
    for name, values in form.lists():
        if filled := [value for value in values if value]:
            given.setlist(name, filled)
    return given


def _query(asked: DashboardFilter, **changes: str) -> str:
    given = cast(QueryDict, asked.data).copy()
    for name, value in changes.items():
        given[name] = value
    given["workspace"] = str(asked.workspace_id)
    return given.urlencode()


def _refused(asked: DashboardFilter | None) -> HttpResponse:
    """The API's words, for whoever has put a link together by hand."""
    errors = asked.errors if asked else {"workspace": [_("There is none.")]}
    reasons = (f"{name}: {reason}\n" for name, given in errors.items() for reason in given)
    return HttpResponse("".join(reasons), status=400, content_type="text/plain; charset=utf-8")


def _filename(asked: DashboardFilter, what: str) -> str:
    name = slugify(asked.asked_workspace.name) or f"workspace-{asked.workspace_id}"
    return f"{name}-{what}.csv"
