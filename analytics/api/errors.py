"""Every error as JSON with ``detail``, in the contract's structure."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.core.exceptions import (
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
)
from django.http import HttpRequest, JsonResponse
from rest_framework.exceptions import (
    APIException,
    ErrorDetail,
    ParseError,
    PermissionDenied,
    ValidationError,
)
from rest_framework.response import Response
from rest_framework.status import HTTP_413_REQUEST_ENTITY_TOO_LARGE
from rest_framework.views import exception_handler as rest_framework_handler

from analytics.parameters import InvalidParameters


class Mistake(NamedTuple):
    """Where it is, what is wrong in a sentence, and a fixed word for its kind."""

    loc: tuple[str | int, ...]
    msg: str
    type: str


class InvalidRequest(ValidationError):
    """What is wrong with a request, each mistake with its place; a 400.

    To a host's own exception handler it is a ValidationError like any other: messages by name.
    """

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = list(mistakes)
        by_name: dict[str, list[ErrorDetail]] = {}
        for mistake in self.mistakes:
            error = ErrorDetail(mistake.msg, code=mistake.type)
            by_name.setdefault(str(mistake.loc[-1]), []).append(error)
        super().__init__(by_name)


def invalid_query(error: InvalidParameters) -> InvalidRequest:
    return InvalidRequest(
        Mistake(("query", mistake.name), mistake.message, mistake.type)
        for mistake in error.mistakes
    )


class InsufficientScopes(PermissionDenied):
    """The key is good, but none of the scopes ``granted`` covers those ``required``; a 403."""

    def __init__(self, message: str, *, required: Sequence[str], granted: Sequence[str]) -> None:
        super().__init__(message)
        self.required = list(required)
        self.granted = list(granted)


class TooLarge(APIException):
    status_code = HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The body is too large."
    default_code = "too_large"


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """The default of ``MAILMETRICS["EXCEPTION_HANDLER"]``; None for what is no answer."""
    if isinstance(error, SuspiciousOperation):
        error = _answerable(error)
    response = rest_framework_handler(error, context)
    if response is not None:
        response.data = _body(error, response.data)
    return response


def _answerable(error: SuspiciousOperation) -> APIException:
    """What Django refuses before any parameter is read."""
    if isinstance(error, RequestDataTooBig):
        return TooLarge()
    if isinstance(error, TooManyFieldsSent):
        return InvalidRequest([Mistake(("query",), "There are too many parameters.", "too_many")])
    return ParseError()


def _body(error: Exception, data: Any) -> dict[str, Any]:
    if isinstance(error, InvalidRequest):
        return {"detail": [mistake._asdict() for mistake in error.mistakes]}
    if isinstance(error, ParseError):
        mistake = {"loc": ["body"], "msg": str(error.detail), "type": "unreadable"}
        return {"detail": [mistake]}
    if isinstance(error, InsufficientScopes):
        return {
            "detail": str(error.detail),
            "error": "insufficient_scopes",
            "required": error.required,
            "granted": error.granted,
        }
    return data if isinstance(data, dict) and "detail" in data else {"detail": data}


def method_not_allowed(request: HttpRequest, allowed: Sequence[str]) -> JsonResponse:
    """What REST framework answers, for a view that is not of its own."""
    return JsonResponse(
        {"detail": f'Method "{request.method}" not allowed.'},
        status=405,
        headers={"Allow": ", ".join(allowed)},
    )
