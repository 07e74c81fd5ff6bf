"""The two endpoints."""

from typing import Any, TypeVar, cast

from django.db.models import QuerySet
from django.utils.cache import patch_cache_control, patch_vary_headers
from django_filters import FilterSet
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from analytics import reports
from analytics.filters import CampaignFilter, TimelineFilter
from analytics.isolation import IsolatedView
from analytics.models import DailyTotals
from analytics.outages import OutageView
from apikeys.authentication import APIKeyAuthentication
from apikeys.models import APIKey
from apikeys.permissions import HasScope
from apikeys.throttling import AddressThrottle, KeyThrottle, ThrottledView
from campaigns.models import Campaign

Asked = TypeVar("Asked", bound=FilterSet)


class CampaignAnalyticsViewSet(OutageView, IsolatedView, ThrottledView, ViewSet):
    """Campaign KPIs and the daily timeline of the key's workspace."""

    authentication_classes = (APIKeyAuthentication,)
    permission_classes = (HasScope,)
    throttle_classes = (KeyThrottle, AddressThrottle)

    required_scope = "campaigns:read"

    def list(self, request: Request) -> Response:
        asked = self._filtered(CampaignFilter, Campaign.objects.all())
        report = reports.campaign_report(
            workspace_id=_workspace_id(request), campaigns=asked.narrowed
        )
        return Response(report)

    @action(detail=False)
    def timeline(self, request: Request) -> Response:
        asked = self._filtered(TimelineFilter, DailyTotals.objects.all())
        report = reports.timeline_report(workspace_id=_workspace_id(request), period=asked.period)
        return Response(report)

    def _filtered(self, filter_class: type[Asked], queryset: QuerySet[Any]) -> Asked:
        asked = filter_class(self.request.query_params, queryset=queryset)
        if not asked.is_valid():
            raise ValidationError(asked.errors)
        return asked

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # Before the key is looked at: a method that there is not is 405 for everyone.
        if request.method not in self.allowed_methods:
            self.http_method_not_allowed(request)
        super().initial(request, *args, **kwargs)

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        # One URL has another answer for each key: no shared cache may keep it.
        response = super().finalize_response(request, response, *args, **kwargs)
        patch_cache_control(response, private=True, no_cache=True)
        patch_vary_headers(response, ["X-API-Key"])
        return response


def _workspace_id(request: Request) -> int:
    return cast(APIKey, request.auth).workspace_id  # HasScope lets nothing else in
