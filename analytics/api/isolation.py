"""What keeps the host's ``REST_FRAMEWORK`` and language out of our views, and ours out of its."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver
from django.utils import translation
from django.utils.module_loading import import_string
from rest_framework.metadata import SimpleMetadata
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.settings import DEFAULTS, APISettings
from rest_framework.views import APIView

from analytics.api.rendering import JSONRenderer
from campaigns.base.settings import mailmetrics

# REST framework's own defaults, never the host's; and no format in a URL, for the only one is JSON.
_OURS: Any = {**DEFAULTS, "URL_FORMAT_OVERRIDE": None, "FORMAT_SUFFIX_KWARG": None}
_SETTINGS: Any = APISettings(_OURS)


class AcceptHeader(DefaultContentNegotiation):
    """The Accept header alone decides: a query parameter is a filter or a mistake."""

    settings = _SETTINGS

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        # What most clients send: there is nothing to weigh.
        if request.META.get("HTTP_ACCEPT", "*/*") == "*/*":
            first = next(iter(renderers))
            return first, str(first.media_type)
        chosen: tuple[BaseRenderer, str] = super().select_renderer(
            request, renderers, format_suffix
        )
        return chosen


class IsolatedView(APIView):
    """Answers the same in every host, in English.

    A subclass names what is its own: authentication, permissions and throttles. The host's
    ``MAILMETRICS["EXCEPTION_HANDLER"]`` alone changes the shape of errors.
    """

    settings = _SETTINGS
    renderer_classes = (JSONRenderer,)
    parser_classes = (JSONParser,)
    content_negotiation_class = AcceptHeader
    metadata_class = SimpleMetadata
    versioning_class = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with translation.override(None):
            response = super().dispatch(request, *args, **kwargs)
        # View and request refer to each other: with them the answer, which may be large, would
        # stay until the garbage collector finds it.
        del self.response
        return response

    def get_exception_handler(self) -> Any:
        return import_string(mailmetrics.EXCEPTION_HANDLER)


def undescribed(
    urls: list[URLPattern | URLResolver],
) -> list[URLPattern | URLResolver]:
    """Leave our views out of what a host describes of its own API, as REST framework has it.

    Their components would change the names of the host's. One that wants them there has the hook
    ``analytics.api.openapi.include_mailmetrics``.
    """
    for url in urls:
        view: Any = getattr(url, "callback", None)
        if hasattr(view, "initkwargs"):
            # A dict of its own: that of the view itself has a part in every answer.
            view.initkwargs = {**view.initkwargs, "schema": None}
    return urls
