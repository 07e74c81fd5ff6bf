"""The API's description for drf-spectacular, which development and some hosts have.

``openapi.json`` beside it is made from it (``make openapi``) and is what the site serves, so that
neither drf-spectacular nor the settings of a host have a part in an answer. A host's description of
its own API has our endpoints only if `include_mailmetrics` is among its hooks.
"""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiViewExtension
from drf_spectacular.generators import EndpointEnumerator
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)

from analytics.api import openapi_writing
from analytics.api.isolation import IsolatedView
from analytics.api.serializers import (
    CampaignReportSerializer,
    ErrorSerializer,
    TimelineReportSerializer,
)
from campaigns.models import CampaignStatus

TITLE = "Campaign analytics"
DESCRIPTION = """\
Campaign KPIs and daily timelines of one workspace, the one that the key in `X-API-Key` belongs to.

- Reading needs a key with the scope `campaigns:read`, `campaigns:all` or `*`; recording events
  needs `events:create`, creating and updating campaigns `campaigns:update`.
- A message counts once per kind (sent, opened, replied, bounced), at its earliest instant.
- Days are UTC days; rates are count / sent, to 4 decimals, and 0.0 when nothing was sent.
- A parameter is given at most once and spelled exactly. One that is not described here is a 400
  too: a misspelled filter would answer another question.
- Besides GET there are HEAD and OPTIONS; any other method is a 405.
"""


class _Ours(EndpointEnumerator):
    def should_include_endpoint(self, path: str, callback: Any) -> bool:
        return issubclass(getattr(callback, "cls", object), IsolatedView)


def include_mailmetrics(endpoints: list[Any], urlconf: str | None = None) -> list[Any]:
    """Describe our endpoints as well: a hook for a host's ``PREPROCESSING_HOOKS``."""
    ours: Any = _Ours(urlconf=urlconf)
    # Not get_api_endpoints: that calls the hooks.
    return [*endpoints, *ours._get_api_endpoints(patterns=None, prefix="")]


def include_unmounted(endpoints: list[Any]) -> list[Any]:
    """The same by their paths below any host's prefix."""
    return include_mailmetrics(endpoints, "analytics.urls")


# For drf-spectacular's own command: what another project would have in SPECTACULAR_SETTINGS.
SETTINGS: dict[str, Any] = {
    "TITLE": TITLE,
    "DESCRIPTION": DESCRIPTION,
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVERS": [{"url": "/api/public/v1"}],
    "SCHEMA_PATH_PREFIX": "",
    "SORT_OPERATION_PARAMETERS": False,
    "TAGS": [
        {"name": "analytics", "description": "What was sent and what came of it."},
        {"name": "writing", "description": "What happened, and the campaigns it belongs to."},
    ],
    "LICENSE": {"name": "MIT"},
    "ENUM_NAME_OVERRIDES": {"CampaignStatus": CampaignStatus.choices},
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "PREPROCESSING_HOOKS": [f"{__name__}.include_unmounted"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        f"{openapi_writing.__name__}.require_bodies",
    ],
}

# The descriptions that drf-spectacular finds by their views' names.
DESCRIBED = (openapi_writing.EventsDescription, openapi_writing.CampaignDescription)


class APIKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # theirs
    target_class = "apikeys.authentication.APIKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "X-API-Key",
            "description": "A key of one workspace: `mm_` and 38 letters and digits.",
        }


def _error(text: str, *examples: tuple[str, Any], response: Any = ErrorSerializer) -> Any:
    return OpenApiResponse(
        response=response,
        description=text,
        examples=[OpenApiExample(name, value) for name, value in examples],
    )


def _detail(name: str, text: str) -> tuple[str, dict[str, str]]:
    return name, {"detail": text}


REFUSALS = {
    401: _error(
        "The key is missing, malformed, unknown, expired or revoked; which of the last four is "
        "not told.",
        _detail("Not valid", "The API key is not valid."),
        _detail("Missing", "Authentication credentials were not provided."),
    ),
    403: _error(
        "The key is good, but none of its scopes covers this.",
        _detail("Missing scope", 'The API key lacks the scope "campaigns:read".'),
    ),
    405: _error(
        "There is no such method; `Allow` lists those that there are.",
        _detail("Not allowed", 'Method "POST" not allowed.'),
    ),
    406: _error(
        "`Accept` leaves out JSON, which is all that there is.",
        _detail("Not acceptable", "Could not satisfy the request Accept header."),
    ),
    429: _error(
        "Too many requests with this key, or too many refused ones from this address. "
        "`Retry-After` tells when to ask again.",
        _detail("Throttled", "Request was throttled. Expected available in 17 seconds."),
    ),
    503: _error(
        "The database is away; `Retry-After` tells when to ask again.",
        _detail("Unavailable", "Temporarily unavailable, please try again."),
    ),
}


def _header(name: str, text: str, statuses: list[int], kind: Any = OpenApiTypes.STR) -> Any:
    return OpenApiParameter(
        name, kind, OpenApiParameter.HEADER, description=text, response=statuses
    )


HEADERS = [
    _header("WWW-Authenticate", 'How to authenticate: `ApiKey realm="api"`.', [401]),
    _header("Allow", "The methods that there are: `GET, HEAD, OPTIONS`.", [405]),
    _header("Retry-After", "Seconds to wait.", [429, 503], OpenApiTypes.INT),
    *(
        OpenApiParameter(
            name,
            str,
            OpenApiParameter.HEADER,
            description=f"{text}; absent where nothing is counted.",
            response=[200, 400, 401, 403, 429],
            examples=[OpenApiExample(name, example)],
        )
        for name, text, example in (
            ("RateLimit-Policy", "How many requests in how many seconds", '"key";q=600;w=60'),
            (
                "RateLimit",
                "How many remain, and in how many seconds it starts anew",
                '"key";r=599;t=42',
            ),
        )
    ),
]


def _day(name: str, text: str, example: str) -> OpenApiParameter:
    return OpenApiParameter(
        name,
        {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        description=text,
        examples=[OpenApiExample(example, example)],
    )


STATUS = OpenApiParameter(
    "status",
    enum=CampaignStatus.values,
    description="Only the campaigns in this status.",
    examples=[OpenApiExample("Completed", "COMPLETED")],
)
INVALID = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {"type": "array", "items": {"type": "string"}, "minItems": 1},
}
NOT_A_DATE = ("A date that is none", {"from_date": ["'today' is not a date (YYYY-MM-DD)."]})
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
    description="The campaigns come newest first; the KPIs cover exactly those listed.",
    tags=["analytics"],
    parameters=[
        STATUS,
        _day(
            "from_date",
            "Only campaigns launched on or after this UTC day. One that was never launched is "
            "left out as soon as either date is given.",
            "2024-01-01",
        ),
        _day(
            "to_date",
            "Only campaigns launched on or before this UTC day, which is not before `from_date`.",
            "2024-06-30",
        ),
        *HEADERS,
    ],
    responses={
        200: OpenApiResponse(
            # A list action, and yet one object.
            forced_singular_serializer(CampaignReportSerializer),  # type: ignore[no-untyped-call]  # theirs
            description="The KPIs and the campaigns.",
            examples=[OpenApiExample("One campaign", CAMPAIGNS_EXAMPLE)],
        ),
        400: _error(
            "A parameter that is wrong, given twice or unknown, by its name.",
            NOT_A_DATE,
            (
                "No such parameter",
                {"from": ["No such parameter; there are status, from_date, to_date."]},
            ),
            response=INVALID,
        ),
        **REFUSALS,
    },
)

TIMELINE = extend_schema(
    operation_id="timeline",
    summary="What happened day by day",
    description="Every UTC day of the window is there, once and in order. An open counts on the "
    "day it happened, so that a day's rate may exceed 1.",
    tags=["analytics"],
    parameters=[
        _day(
            "from_date",
            "The window's first UTC day; unless given, the window has 90 days. The most that it "
            "may have is ten years, unless the site has chosen otherwise.",
            "2024-01-01",
        ),
        _day("to_date", "The window's last UTC day: today unless given.", "2024-03-31"),
        *HEADERS,
    ],
    responses={
        200: OpenApiResponse(
            TimelineReportSerializer,
            description="The window and its days.",
            examples=[OpenApiExample("One day", TIMELINE_EXAMPLE)],
        ),
        400: _error(
            "A parameter that is wrong, given twice or unknown, by its name.",
            NOT_A_DATE,
            (
                "The wrong way round",
                {"from_date": ["2024-02-01 is after the last day, 2024-01-31."]},
            ),
            (
                "Too long",
                {"from_date": ["2015-12-31 to 2025-12-31 is 3654 days; the most is 3653."]},
            ),
            response=INVALID,
        ),
        **REFUSALS,
    },
)


class CampaignAnalyticsDescription(OpenApiViewExtension):  # type: ignore[no-untyped-call]  # theirs
    target_class = "analytics.api.views.CampaignAnalyticsViewSet"

    def view_replacement(self) -> Any:
        view: Any = self.target_class  # imported by now
        described = type("Described", (view,), {"schema": AutoSchema()})
        return extend_schema_view(list=CAMPAIGNS, timeline=TIMELINE)(described)
