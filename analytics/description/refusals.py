"""The errors that any endpoint may answer, as drf-spectacular describes them."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse

from analytics.description.serializers import (
    ErrorSerializer,
    InsufficientScopesSerializer,
    InvalidRequestSerializer,
)


def error(text: str, *examples: tuple[str, Any], response: Any = ErrorSerializer) -> Any:
    return OpenApiResponse(
        response=response,
        description=text,
        examples=[OpenApiExample(name, value) for name, value in examples],
    )


def detail(name: str, text: str) -> tuple[str, dict[str, str]]:
    return name, {"detail": text}


def invalid(text: str, name: str, *loc: str, msg: str, type_: str) -> Any:
    """Mistakes in the parameters or the body, each with its place."""
    mistake = {"loc": list(loc), "msg": msg, "type": type_}
    return error(text, (name, {"detail": [mistake]}), response=InvalidRequestSerializer)


_ELSEWHERE = detail("Elsewhere", "This API key may not be used from 198.51.100.1.")


def missing_scope(scope: str) -> Any:
    granted = "events:create" if scope == "campaigns:read" else "campaigns:read"
    refusal = {
        "detail": f'The API key lacks the scope "{scope}".',
        "error": "insufficient_scopes",
        "required": [scope],
        "granted": [granted],
    }
    return error(
        "The key is good, but none of its scopes covers this, it may not come from this address, "
        "or it came over plain HTTP.",
        ("Missing scope", refusal),
        _ELSEWHERE,
        response=InsufficientScopesSerializer,
    )


# A parameter that is not described, or not as it is, to every endpoint that reads.
INVALID_PARAMETERS = invalid(
    "Every mistake in the parameters, each with its name and a fixed word for its kind.",
    "Not a date",
    "query",
    "from_date",
    msg="Enter a date as YYYY-MM-DD, not 'today'.",
    type_="invalid_date",
)

FOR_ANY_KEY = {
    401: error(
        "The key is missing, malformed, unknown, expired or revoked; which of the last four is "
        "not told.",
        detail("Not valid", "The API key is not valid."),
        detail("Missing", "Authentication credentials were not provided."),
    ),
    403: error("The key may not come from this address, or it came over plain HTTP.", _ELSEWHERE),
    405: error(
        "There is no such method; `Allow` lists those that there are.",
        detail("Not allowed", 'Method "PATCH" not allowed.'),
    ),
    406: error(
        "`Accept` leaves out all that there is.",
        detail("Not acceptable", "Could not satisfy the request Accept header."),
    ),
    429: error(
        "Too many requests, events or bytes of answers with this key, or too many refused requests "
        "from this address. `Retry-After` tells when to ask again.",
        detail("Throttled", "Request was throttled. Expected available in 17 seconds."),
    ),
    503: error(
        "The database is away; `Retry-After` tells when to ask again.",
        detail("Unavailable", "Temporarily unavailable, please try again."),
    ),
}
TO_WHAT_READS = {
    400: INVALID_PARAMETERS,
    **FOR_ANY_KEY,
    403: missing_scope("campaigns:read"),
}


def to_what_writes(scope: str) -> dict[int, Any]:
    return {
        **FOR_ANY_KEY,
        403: missing_scope(scope),
        413: error(
            "The body is too large.",
            detail("Too large", "A body may have 5,000,000 bytes at most."),
        ),
        415: error(
            "The body is of another type.",
            detail("Another type", 'Unsupported media type "text/csv" in request.'),
        ),
    }
