"""Choices for ``REST_FRAMEWORK`` that are fit for no API but the host's own."""

from typing import Any

from django.http import Http404
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed, ParseError
from rest_framework.filters import BaseFilterBackend
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.pagination import PageNumberPagination
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response
from rest_framework.schemas.inspectors import ViewInspector
from rest_framework.throttling import BaseThrottle
from rest_framework.versioning import BaseVersioning


class NoUser:
    is_authenticated = is_staff = is_superuser = is_active = True


class Refuse(BaseAuthentication):
    def authenticate(self, request: Any) -> Any:
        raise AuthenticationFailed("The host knows you not.")


class Deny(BasePermission):
    def has_permission(self, request: Any, view: Any) -> bool:
        return False


class Exhausted(BaseThrottle):
    def allow_request(self, request: Any, view: Any) -> bool:
        return False


class Shout(BaseRenderer):
    media_type = "text/plain"
    format = "shout"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        return str(data).upper().encode()


class Unreadable(BaseParser):
    media_type = "application/x-host"

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        raise ParseError


class NotFound(BaseContentNegotiation):
    def select_parser(self, request: Any, parsers: Any) -> Any:
        raise Http404

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        raise Http404


class OfTheHost(BaseVersioning):
    def determine_version(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        raise Http404


class OneAPage(PageNumberPagination):
    page_size = 1


class Nothing(BaseFilterBackend):
    def filter_queryset(self, request: Any, queryset: Any, view: Any) -> Any:
        return queryset.none()


class NoSchema(ViewInspector):
    def get_operation(self, path: str, method: str) -> Any:
        raise RuntimeError("The host describes its own views alone.")


def envelope(error: Exception, context: Any) -> Response:
    """An exception handler of another shape, which answers every error with 200."""
    code = error.get_codes() if isinstance(error, APIException) else "error"
    return Response({"error": {"code": code, "title": str(error)}})


def name(view: Any) -> str:
    return "The host's"


def description(view: Any, html: bool = False) -> str:
    return "The host's"
