"""The two endpoints that read, and the one that tells whose key it is."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import HttpResponse
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.viewsets import ViewSet

from analytics import reports
from analytics.api.conditional import Validator
from analytics.api.isolation import IsolatedView
from analytics.api.keyed import KeyedView
from analytics.api.outages import OutageView
from analytics.api.rendering import CSVRenderer, JSONRenderer
from analytics.parameters import (
    CAMPAIGN_PARAMETERS,
    TIMELINE_PARAMETERS,
    Parameters,
    campaign_query,
    timeline_query,
)
from analytics.parameters.narrowing import campaigns_of
from analytics.rows import campaign_columns, timeline_columns
from apikeys.permissions import ANY_KEY
from apikeys.throttling.views import ThrottledView
from apikeys.throttling.windows import AddressThrottle
from campaigns.base.settings import mailmetrics


class CampaignAnalyticsViewSet(KeyedView, ViewSet):
    """Campaign KPIs and the daily timeline of the key's workspace."""

    renderer_classes = (JSONRenderer, CSVRenderer)
    required_scope = "campaigns:read"

    csv_columns: Callable[[], tuple[str, ...]]  # of the rows that are answered

    def list(self, request: Request) -> HttpResponse:
        query = campaign_query(Parameters(request.query_params, CAMPAIGN_PARAMETERS))
        self.csv_columns = partial(campaign_columns, query.metrics)
        validator = Validator(request)
        report = reports.campaign_report(
            workspace_id=self.api_key.workspace_id,
            campaigns=campaigns_of(query, zone=lambda: self.workspace.time_zone),
            campaign_ids=query.campaign_id or None,
            activity=query.activity,
            metrics=query.metrics,
            sort_by=query.sort_by,
            descending=query.descending,
            page=query.page,
            limit=query.limit,
            on_read=validator.check,
        )
        return self.answer(report, headers={"ETag": validator.etag})

    @action(detail=False)
    def timeline(self, request: Request) -> HttpResponse:
        query = timeline_query(
            Parameters(request.query_params, TIMELINE_PARAMETERS),
            today=self.workspace.today,
            most_days=mailmetrics.MAX_TIMELINE_DAYS,
        )
        self.csv_columns = partial(timeline_columns, query.metrics)
        report = reports.timeline_report(
            workspace_id=self.api_key.workspace_id,
            period=query.period,
            campaigns=campaigns_of(query, zone=lambda: self.workspace.time_zone),
            campaign_ids=query.campaign_id or None,
            interval=query.interval,
            metrics=query.metrics,
        )
        return self.answer(report)


class MeView(KeyedView):
    """Whose key this is: its workspace, and what the key itself may do and until when."""

    required_scope = ANY_KEY

    def get(self, request: Request) -> HttpResponse:
        Parameters(request.query_params, {}).check()
        key, workspace = self.api_key, self.workspace
        return self.answer(
            {
                "workspace": {"name": workspace.name, "time_zone": workspace.time_zone},
                "key": {
                    "name": key.name,
                    "hint": key.hint,
                    "scopes": key.scopes,
                    "expires_at": key.expires_at,
                    "last_used_at": key.last_used_at,
                },
            }
        )


class NotFoundView(OutageView, IsolatedView, ThrottledView):
    """404 as JSON for every path below the prefix that is none of ours; it counts as refused."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (AddressThrottle,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound
