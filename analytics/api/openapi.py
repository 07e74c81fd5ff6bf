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
    InsufficientScopesSerializer,
    InvalidRequestSerializer,
    MeSerializer,
    TimelineReportSerializer,
)
from analytics.api.views import NotFoundView
from analytics.metrics import OPTIONAL_METRICS, OPTIONAL_NAMES
from analytics.parameters.queries import SORTABLE
from analytics.parameters.values import LONGEST_SEARCH, MOST_PAGES, MOST_ROWS
from campaigns.models import CampaignStatus

TITLE = "Campaign analytics"
DESCRIPTION = """\
Campaign KPIs and daily timelines of one workspace, the one that the key in `X-API-Key` belongs to.

- Reading needs a key with the scope `campaigns:read`, `campaigns:all` or `*`; recording events
  needs `events:create`, creating and updating campaigns `campaigns:update`.
- A message counts once per kind, at its earliest instant.
- Days are those of the workspace's time zone, which `me` tells; rates are count / sent, to
  4 decimals, and 0.0 when nothing was sent.
- A parameter is given at most once and spelled exactly. One that is not described here is a 400
  too: a misspelled filter would answer another question.
- Besides GET there are HEAD and OPTIONS; any other method is a 405.
- An answer has an `ETag`: with it in `If-None-Match` an unchanged answer is a 304 without a body.
- With `Accept: text/csv` the campaigns or the days come as CSV.
"""


def answer_errors_in_json(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Only an answer comes as CSV, as one text: a hook for ``POSTPROCESSING_HOOKS``."""
    for operations in result["paths"].values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                csv = answer.get("content", {}).pop("text/csv", None)
                if csv and status == "200":
                    # drf-spectacular takes it for a list of texts, as the rows are a list.
                    answer["content"]["text/csv"] = csv | {"schema": {"type": "string"}}
    return result


class _Ours(EndpointEnumerator):
    def should_include_endpoint(self, path: str, callback: Any) -> bool:
        view = getattr(callback, "cls", object)
        return issubclass(view, IsolatedView) and view is not NotFoundView


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
        f"{__name__}.answer_errors_in_json",
    ],
}

# The descriptions that drf-spectacular finds by their views' names.
DESCRIBED = (openapi_writing.EventsDescription, openapi_writing.CampaignDescription)


class APIKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # drf-spectacular leaves it unannotated
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
        (
            "Missing scope",
            {
                "detail": 'The API key lacks the scope "campaigns:read".',
                "error": "insufficient_scopes",
                "required": ["campaigns:read"],
                "granted": ["events:create"],
            },
        ),
        response=InsufficientScopesSerializer,
    ),
    405: _error(
        "There is no such method; `Allow` lists those that there are.",
        _detail("Not allowed", 'Method "POST" not allowed.'),
    ),
    406: _error(
        "`Accept` leaves out both JSON and CSV.",
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
    OpenApiParameter("format", exclude=True),  # Accept alone chooses it
    _header("ETag", "Names this answer, for `If-None-Match`.", [200, 304]),
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
            ("X-RateLimit-Limit", "How many requests a window has", "600"),
            ("X-RateLimit-Remaining", "How many of them remain", "599"),
            ("X-RateLimit-Reset", "When the window ends, in Unix seconds", "1705312800"),
        )
    ),
]


def _day(name: str, text: str) -> OpenApiParameter:
    return OpenApiParameter(
        name,
        {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        description=text,
    )


STATUS = OpenApiParameter(
    "status", enum=CampaignStatus.values, description="Only the campaigns in this status."
)
_UUID_TEXT = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
CAMPAIGN_IDS = OpenApiParameter(
    "campaign_id",
    {"type": "string", "pattern": f"^{_UUID_TEXT}$"},
    description="Only this campaign; or these, each once, with commas between them.",
)
METRICS = OpenApiParameter(
    "metrics",
    enum=OPTIONAL_NAMES,
    description="Adds the count and the rate of this kind of event; or of these, each once, with "
    "commas between them.",
)


def _number(name: str, most: int, text: str) -> OpenApiParameter:
    return OpenApiParameter(
        name, {"type": "integer", "minimum": 1, "maximum": most}, description=text
    )


NOT_A_DATE = (
    "Not a date",
    {
        "detail": [
            {
                "loc": ["query", "from_date"],
                "msg": "Enter a date as YYYY-MM-DD, not 'today'.",
                "type": "invalid_date",
            }
        ]
    },
)
INVALID_PARAMETERS = _error(
    "Every mistake in the parameters, each with its name and a fixed word for its kind.",
    NOT_A_DATE,
    response=InvalidRequestSerializer,
)
UNCHANGED = OpenApiResponse(description="What `If-None-Match` names has not changed.")
CSV = OpenApiResponse(
    {"type": "string"}, description="The rows, the names of their fields in the first line."
)
FORBIDDEN = 403
# What `metrics` adds; to sort by it without would be a 400.
_OPTIONAL_FIELDS = tuple(
    name for metric in OPTIONAL_METRICS for name in (metric.total, metric.rate)
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
    parameters=[
        STATUS,
        _day(
            "from_date",
            "Only campaigns launched on or after this day. One that was never launched is left "
            "out as soon as either date is given.",
        ),
        _day("to_date", "Only campaigns launched on or before this day."),
        CAMPAIGN_IDS,
        OpenApiParameter(
            "search",
            {
                "type": "string",
                "minLength": 1,
                "maxLength": LONGEST_SEARCH,
                "pattern": "^[^\\u0000-\\u001f\\u007f]+$",
            },
            description="Only campaigns with this text in their name, whatever its case.",
        ),
        _day(
            "activity_from",
            "Count only what happened on or after this day. Which campaigns are listed does not "
            "change.",
        ),
        _day("activity_to", "Count only what happened on or before this day."),
        METRICS,
        OpenApiParameter(
            "sort_by",
            enum=[name for name in SORTABLE if not name.startswith(_OPTIONAL_FIELDS)],
            description="What to sort by instead of the newest first; ties go by id. A count or a "
            "rate that `metrics` adds is possible, too.",
        ),
        OpenApiParameter(
            "sort_order",
            enum=("asc", "desc"),
            description="Ascending or descending, which is the default. By `created_at` where "
            "`sort_by` is not given.",
        ),
        _number("page", MOST_PAGES, "The page, from 1; adds `pagination`."),
        _number("limit", MOST_ROWS, "How many campaigns a page has, 100 by default."),
        *HEADERS,
    ],
    responses={
        (200, "application/json"): OpenApiResponse(
            # A list action, and yet one object.
            forced_singular_serializer(CampaignReportSerializer),  # type: ignore[no-untyped-call]  # drf-spectacular leaves it unannotated
            description="The KPIs and the campaigns.",
            examples=[OpenApiExample("One campaign", CAMPAIGNS_EXAMPLE)],
        ),
        (200, "text/csv"): CSV,
        304: UNCHANGED,
        400: INVALID_PARAMETERS,
        **REFUSALS,
    },
)

TIMELINE = extend_schema(
    operation_id="timeline",
    summary="What happened day by day",
    description="Every day of the window is there, once and in order. An open counts on the "
    "day it happened, so that a day's rate may exceed 1.",
    tags=["analytics"],
    parameters=[
        _day(
            "from_date",
            "The window's first day; unless given, the window has 90 days. The most that it "
            "may have is ten years, unless the site has chosen otherwise.",
        ),
        _day("to_date", "The window's last day: today unless given."),
        CAMPAIGN_IDS,
        STATUS,
        OpenApiParameter(
            "interval",
            enum=("day", "week", "month"),
            description="What a row sums up: a day, a week from Monday, or a month; its date is "
            "its first day within the window.",
        ),
        METRICS,
        *HEADERS,
    ],
    responses={
        (200, "application/json"): OpenApiResponse(
            TimelineReportSerializer,
            description="The window and its days.",
            examples=[OpenApiExample("One day", TIMELINE_EXAMPLE)],
        ),
        (200, "text/csv"): CSV,
        304: UNCHANGED,
        400: INVALID_PARAMETERS,
        **REFUSALS,
    },
)

ME = extend_schema(
    operation_id="me",
    summary="Whose key this is",
    description="Any usable key may ask, whatever its scopes.",
    tags=["analytics"],
    parameters=HEADERS,
    responses={
        200: OpenApiResponse(
            MeSerializer,
            description="The key and its workspace.",
            examples=[OpenApiExample("A key", ME_EXAMPLE)],
        ),
        304: UNCHANGED,
        400: INVALID_PARAMETERS,
        **{status: refusal for status, refusal in REFUSALS.items() if status != FORBIDDEN},
    },
)


class CampaignAnalyticsDescription(OpenApiViewExtension):  # type: ignore[no-untyped-call]  # drf-spectacular leaves it unannotated
    target_class = "analytics.api.views.CampaignAnalyticsViewSet"

    def view_replacement(self) -> Any:
        view: Any = self.target_class  # imported by now
        described = type("Described", (view,), {"schema": AutoSchema()})
        return extend_schema_view(list=CAMPAIGNS, timeline=TIMELINE)(described)


class MeDescription(OpenApiViewExtension):  # type: ignore[no-untyped-call]  # drf-spectacular leaves it unannotated
    target_class = "analytics.api.views.MeView"

    def view_replacement(self) -> Any:
        view: Any = self.target_class
        return extend_schema_view(get=ME)(type("Described", (view,), {"schema": AutoSchema()}))
