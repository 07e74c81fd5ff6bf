"""Where the dashboard's pages are, and the query that they share: one page's choice is kept by the
links to the others, so that the way back loses nothing."""

from collections.abc import Sequence
from uuid import UUID

from django.contrib.admin import AdminSite
from django.http import QueryDict
from django.urls import reverse

PAGE = "mailmetrics_analytics_dashboard_changelist"
CAMPAIGN = "mailmetrics_analytics_dashboard_campaign"
CAMPAIGN_CSV = "mailmetrics_analytics_dashboard_campaign_timeline"
COMPARISON = "mailmetrics_analytics_dashboard_comparison"
CAMPAIGNS_CSV = "mailmetrics_analytics_dashboard_campaigns"
WORKSPACES = "mailmetrics_analytics_dashboard_workspaces"
TIMELINE_CSV = "mailmetrics_analytics_dashboard_timeline"


def dashboard_url(*, site: AdminSite, workspace_id: int) -> str:
    """Where the site shows that workspace's numbers."""
    return f"{_address(site, PAGE)}?workspace={workspace_id}"


def campaign_url(*, site: AdminSite, campaign_id: UUID | str, query: str = "") -> str:
    """Where the site shows that campaign's numbers."""
    address = _address(site, CAMPAIGN, campaign_id)
    return f"{address}?{query}" if query else address


def _address(site: AdminSite, name: str, *args: object) -> str:
    return reverse(f"admin:{name}", args=args, current_app=site.name)


def without_empty(form: QueryDict) -> QueryDict:
    """Without the empty fields: a form sends them, the API refuses them."""
    given = QueryDict(mutable=True)
    for name, values in form.lists():
        if filled := [value for value in values if value]:
            given.setlist(name, filled)
    return given


def query_with(given: QueryDict, **changes: str | Sequence[str]) -> str:
    """The query with these parameters instead of their former values; "" and () leave one out."""
    changed = given.copy()
    for name, value in changes.items():
        changed.setlist(name, [value] if isinstance(value, str) else list(value))
    return without_empty(changed).urlencode()


def hidden_fields(given: QueryDict, *, but: Sequence[str]) -> list[tuple[str, str]]:
    """What a form has to send along beside its own fields."""
    return [(name, each) for name, values in given.lists() if name not in but for each in values]
