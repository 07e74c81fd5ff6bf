"""The two endpoints."""

from typing import cast

from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from analytics import reports
from analytics.api.isolation import IsolatedView
from analytics.api.outages import OutageView
from analytics.parameters import CampaignFilter, timeline_period
from apikeys.authentication import APIKeyAuthentication
from apikeys.models import APIKey
from apikeys.permissions import HasScope
from apikeys.throttling import AddressThrottle, KeyThrottle, ThrottledView


class CampaignAnalyticsViewSet(OutageView, IsolatedView, ThrottledView, ViewSet):
    """Campaign KPIs and the daily timeline of the key's workspace."""

    authentication_classes = (APIKeyAuthentication,)
    permission_classes = (HasScope,)
    throttle_classes = (KeyThrottle, AddressThrottle)

    required_scope = "campaigns:read"

    def list(self, request: Request) -> Response:
        asked = CampaignFilter(request.query_params)
        if not asked.is_valid():
            raise ValidationError(asked.errors)
        report = reports.campaign_report(
            workspace_id=_workspace_id(request), campaigns=asked.narrowed
        )
        return Response(report)

    @action(detail=False)
    def timeline(self, request: Request) -> Response:
        period = timeline_period(request.query_params)
        report = reports.timeline_report(workspace_id=_workspace_id(request), period=period)
        return Response(report)

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        # Before the key is looked at: a method that there is not is 405 for everyone.
        if request.method not in self.allowed_methods:
            self.http_method_not_allowed(request)
        super().initial(request, *args, **kwargs)

    @property
    def default_response_headers(self) -> dict[str, str]:
        # One URL has another answer for each key: no shared cache may keep it.
        return {
            **super().default_response_headers,
            "Cache-Control": "private, no-cache",
            "Vary": "X-API-Key",
        }


def _workspace_id(request: Request) -> int:
    return cast(APIKey, request.auth).workspace_id  # HasScope lets nothing else in
