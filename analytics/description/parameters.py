"""The parameters of a query, and the headers of answers, as drf-spectacular describes them."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from analytics.metrics import OPTIONAL_METRICS, OPTIONAL_NAMES
from analytics.parameters.queries import SORTABLE
from analytics.parameters.values import LONGEST_SEARCH, MOST_PAGES, MOST_ROWS
from campaigns.models import CampaignStatus

_UUID_TEXT = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
# What `metrics` adds; to sort by it without would be a 400.
_OPTIONAL_FIELDS = tuple(
    name for metric in OPTIONAL_METRICS for name in (metric.total, metric.rate)
)


def _day(name: str, text: str) -> OpenApiParameter:
    return OpenApiParameter(
        name,
        {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        description=text,
    )


def _number(name: str, most: int, text: str) -> OpenApiParameter:
    return OpenApiParameter(
        name, {"type": "integer", "minimum": 1, "maximum": most}, description=text
    )


_STATUS = OpenApiParameter(
    "status", enum=CampaignStatus.values, description="Only the campaigns in this status."
)


def _comma_separated(name: str, one: str, text: str) -> OpenApiParameter:
    """``one`` is the pattern of a value."""
    # Of an array many generated clients repeat the parameter for each value, whatever its style.
    schema = {"type": "string", "pattern": f"^{one}(,{one})*$"}
    return OpenApiParameter(name, schema, description=text)


_CAMPAIGN_IDS = _comma_separated(
    "campaign_id",
    _UUID_TEXT,
    "Only these campaigns: their ids, each once, with commas between them.",
)
_METRICS = _comma_separated(
    "metrics",
    f"({'|'.join(OPTIONAL_NAMES)})",
    "Adds the count and the rate of these kinds of events, each once, with commas between them: "
    f"`{','.join(OPTIONAL_NAMES)}` is all of them.",
)

OF_CAMPAIGNS = [
    _STATUS,
    _day(
        "from_date",
        "Only campaigns launched on or after this day. One that was never launched is left "
        "out as soon as either date is given.",
    ),
    _day("to_date", "Only campaigns launched on or before this day."),
    _CAMPAIGN_IDS,
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
    _METRICS,
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
]

OF_TIMELINE = [
    _day(
        "from_date",
        "The window's first day; unless given, the window has 90 days. The most that it "
        "may have is ten years, unless the site has chosen otherwise.",
    ),
    _day("to_date", "The window's last day: today unless given."),
    _CAMPAIGN_IDS,
    _STATUS,
    OpenApiParameter(
        "interval",
        enum=("day", "week", "month"),
        description="What a row sums up: a day, a week from Monday, or a month; its date is "
        "its first day within the window.",
    ),
    _METRICS,
]


def _header(
    name: str, text: str, statuses: list[int], kind: Any = OpenApiTypes.STR, **options: Any
) -> OpenApiParameter:
    return OpenApiParameter(
        name, kind, OpenApiParameter.HEADER, description=text, response=statuses, **options
    )


_COUNTED = [200, 201, 304, 400, 401, 403, 429]
ANY_HEADERS = [
    _header("WWW-Authenticate", 'How to authenticate: `ApiKey realm="api"`.', [401]),
    _header("Allow", "The methods that there are.", [405]),
    _header("Retry-After", "Seconds to wait.", [429, 503], OpenApiTypes.INT),
    *(
        _header(
            name,
            f"{text}; absent where nothing is counted.",
            _COUNTED,
            examples=[OpenApiExample(name, example)],
        )
        for name, text, example in (
            (
                "RateLimit-Policy",
                "How many requests (or bytes of answers) in how many seconds",
                '"key";q=600;w=60',
            ),
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
READING_HEADERS = [
    OpenApiParameter("format", exclude=True),  # Accept alone chooses it
    _header("ETag", "Names this answer, for `If-None-Match`.", [200, 304]),
    *ANY_HEADERS,
]
