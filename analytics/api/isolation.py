"""What keeps the host's ``REST_FRAMEWORK`` and language out of our views, and ours out of its."""

from collections.abc import Iterable
from typing import Any, NoReturn

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.urls import URLPattern, URLResolver
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.functional import cached_property
from django.utils.module_loading import import_string
from rest_framework.metadata import SimpleMetadata
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import DEFAULTS, APISettings
from rest_framework.status import HTTP_200_OK
from rest_framework.views import APIView

from analytics.api.conditional import conditional
from analytics.api.errors import InsufficientScopes, exception_handler
from analytics.api.rendering import JSONRenderer
from apikeys.models import APIKey
from apikeys.permissions import AnyKey
from campaigns.base.settings import mailmetrics

# REST framework's own defaults, never the host's; and no format in a URL: Accept alone chooses it.
_OURS: Any = {**DEFAULTS, "URL_FORMAT_OVERRIDE": None, "FORMAT_SUFFIX_KWARG": None}
_SETTINGS: Any = APISettings(_OURS)

_VARY = ("Accept", "X-API-Key")


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
    renderer_classes: tuple[type[BaseRenderer], ...] = (JSONRenderer,)
    parser_classes = (JSONParser,)
    content_negotiation_class = AcceptHeader
    metadata_class = SimpleMetadata
    versioning_class = None
    # The scope that a key needs, or ANY_KEY; a view that says nothing is refused to all.
    required_scope: str | AnyKey | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with translation.override(None):
            response: Any = super().dispatch(request, *args, **kwargs)
            if isinstance(response, SimpleTemplateResponse):  # REST framework's, or a host's
                response.render()
        # View and request refer to each other, and REST framework's response to both: what they
        # know would stay until the garbage collector finds them.
        response.renderer_context = {}
        del self.response
        return conditional(request, response)

    def answer(
        self, data: Any, *, status: int = HTTP_200_OK, headers: dict[str, str] | None = None
    ) -> HttpResponse:
        """The data as the caller accepts it, at once: a Response, rendered later, costs three times
        as much, and knows the view."""
        renderer: BaseRenderer = self.request.accepted_renderer
        content = renderer.render(data, renderer.media_type, {"view": self})
        charset = f"; charset={renderer.charset}" if renderer.charset else ""
        return HttpResponse(
            content, status=status, headers=headers, content_type=f"{renderer.media_type}{charset}"
        )

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # Before the key is looked at: a method that there is not is 405 for everyone.
        if request.method not in self.allowed_methods:
            self.http_method_not_allowed(request)
        super().initial(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(response, Response):  # of a mistake, a 304 or OPTIONS
            # Whatever the caller accepts for the rows.
            request.accepted_renderer = JSONRenderer()
            request.accepted_media_type = JSONRenderer.media_type
        response = super().finalize_response(request, response, *args, **kwargs)
        patch_vary_headers(response, _VARY)
        return response

    def permission_denied(
        self, request: Request, message: str | None = None, code: str | None = None
    ) -> NoReturn:
        if isinstance(request.auth, APIKey) and isinstance(self.required_scope, str):
            raise InsufficientScopes(
                message or "", required=[self.required_scope], granted=request.auth.scopes
            )
        super().permission_denied(request, message=message, code=code)

    @cached_property
    def allowed_methods(self) -> list[str]:
        """REST framework looks for them at each call, and an answer asks twice."""
        return super().allowed_methods

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {
            "Allow": ", ".join(self.allowed_methods),
            # One URL has another answer for each key: no shared cache may keep it.
            "Cache-Control": "private, no-cache",
            # Or else Django's LocaleMiddleware would tell that of the caller.
            "Content-Language": "en",
        }

    def get_exception_handler(self) -> Any:
        path = mailmetrics.EXCEPTION_HANDLER
        return import_string(path) if path else exception_handler


def undescribed(
    urls: list[URLPattern | URLResolver],
) -> list[URLPattern | URLResolver]:
    """Leave our views out of what a host describes of its own API, as REST framework has it.

    Their components would change the names of the host's. One that wants them there has the hook
    ``analytics.description.openapi.include_mailmetrics``.
    """
    for url in urls:
        view: Any = getattr(url, "callback", None)
        if hasattr(view, "initkwargs"):
            # A dict of its own: that of the view itself has a part in every answer.
            view.initkwargs = {**view.initkwargs, "schema": None}
    return urls
