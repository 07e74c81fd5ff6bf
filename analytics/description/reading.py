"""The description of what reads: both reports, and whose key it is."""

from typing import Any

from drf_spectacular.extensions import OpenApiViewExtension
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)

from analytics.description import parameters
from analytics.description.refusals import FOR_ANY_KEY, INVALID_PARAMETERS, TO_WHAT_READS
from analytics.description.serializers import (
    CampaignReportSerializer,
    MeSerializer,
    TimelineReportSerializer,
)

_UNCHANGED = OpenApiResponse(description="What `If-None-Match` names has not changed.")
_CSV = OpenApiResponse(
    {"type": "string"}, description="The rows, the names of their fields in the first line."
)
ME_EXAMPLE = {
    "workspace": {"name": "Acme", "time_zone": "UTC"},
    "key": {
        "name": "Dashboard",
        "hint": "mm_4hT9…",
        "scopes": ["campaigns:read"],
        "expires_at": None,
        "last_used_at": "2024-01-15T10:00:00Z",
    },
}
CAMPAIGNS_EXAMPLE = {
    "workspace_kpis": {
        "total_campaigns": 1,
        "total_sends": 498,
        "avg_open_rate": 0.3394,
        "avg_reply_rate": 0.0803,
        "avg_bounce_rate": 0.004,
    },
    "campaigns": [
        {
            "campaign_id": "550e8400-e29b-41d4-a716-446655440000",
            "campaign_name": "Q1 Outreach",
            "status": "COMPLETED",
            "total_leads": 500,
            "total_sent": 498,
            "total_opened": 169,
            "total_replied": 40,
            "total_bounced": 2,
            "open_rate": 0.3394,
            "reply_rate": 0.0803,
            "bounce_rate": 0.004,
            "created_at": "2024-01-15T10:00:00Z",
        }
    ],
}
TIMELINE_EXAMPLE = {
    "timeline": [
        {
            "date": "2024-01-15",
            "sent": 120,
            "opened": 41,
            "replied": 9,
            "bounced": 1,
            "open_rate": 0.3417,
            "reply_rate": 0.075,
            "bounce_rate": 0.0083,
        }
    ],
    "from_date": "2024-01-15",
    "to_date": "2024-01-15",
}

CAMPAIGNS = extend_schema(
    operation_id="campaigns",
    summary="KPIs of the workspace and of each campaign",
    description="The KPIs cover all campaigns that match, on whichever page they are.",
    tags=["analytics"],
    parameters=[*parameters.OF_CAMPAIGNS, *parameters.READING_HEADERS],
    responses={
        (200, "application/json"): OpenApiResponse(
            # A list action, and yet one object.
            forced_singular_serializer(CampaignReportSerializer),  # type: ignore[no-untyped-call]  # drf-spectacular's function has no annotations
            description="The KPIs and the campaigns.",
            examples=[OpenApiExample("One campaign", CAMPAIGNS_EXAMPLE)],
        ),
        (200, "text/csv"): _CSV,
        304: _UNCHANGED,
        **TO_WHAT_READS,
    },
)

TIMELINE = extend_schema(
    operation_id="timeline",
    summary="What happened day by day",
    description="Every day of the window is there, once and in order. An open counts on the "
    "day it happened, so that a day's rate may exceed 1.",
    tags=["analytics"],
    parameters=[*parameters.OF_TIMELINE, *parameters.READING_HEADERS],
    responses={
        (200, "application/json"): OpenApiResponse(
            TimelineReportSerializer,
            description="The window and its days.",
            examples=[OpenApiExample("One day", TIMELINE_EXAMPLE)],
        ),
        (200, "text/csv"): _CSV,
        304: _UNCHANGED,
        **TO_WHAT_READS,
    },
)

ME = extend_schema(
    operation_id="me",
    summary="Whose key this is",
    description="Any usable key may ask, whatever its scopes.",
    tags=["analytics"],
    parameters=parameters.READING_HEADERS,
    responses={
        200: OpenApiResponse(
            MeSerializer,
            description="The key and its workspace.",
            examples=[OpenApiExample("A key", ME_EXAMPLE)],
        ),
        304: _UNCHANGED,
        400: INVALID_PARAMETERS,
        **FOR_ANY_KEY,
    },
)


class CampaignAnalyticsDescription(OpenApiViewExtension):  # type: ignore[no-untyped-call]  # drf-spectacular's __init_subclass__, which runs here, has no annotations
    target_class = "analytics.api.views.CampaignAnalyticsViewSet"

    def view_replacement(self) -> Any:
        view: Any = self.target_class  # imported by now
        described = type("Described", (view,), {"schema": AutoSchema()})
        return extend_schema_view(list=CAMPAIGNS, timeline=TIMELINE)(described)


class MeDescription(OpenApiViewExtension):  # type: ignore[no-untyped-call]  # drf-spectacular's __init_subclass__, which runs here, has no annotations
    target_class = "analytics.api.views.MeView"

    def view_replacement(self) -> Any:
        view: Any = self.target_class
        return extend_schema_view(get=ME)(type("Described", (view,), {"schema": AutoSchema()}))
