"""What the API is, for machines and for people."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.generic import View

from analytics.api.conditional import conditional
from analytics.api.errors import method_not_allowed

_FILE = Path(__file__).with_name("openapi.json")


@method_decorator(login_not_required, name="dispatch")
class _PublicView(View):
    """A page open to all, which tells nothing that the public page does not."""

    http_method_names = ["get", "head", "options"]

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        allowed = [name.upper() for name in self.http_method_names if hasattr(self, name)]
        return method_not_allowed(request, allowed)


class SchemaView(_PublicView):
    """The OpenAPI 3.1 description, its paths starting where the host has mounted the API."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        mounted_at = request.path.removesuffix("/schema")
        answer = JsonResponse(_description() | {"servers": [{"url": mounted_at or "/"}]})
        return conditional(request, answer)


class DocsView(_PublicView):
    """The same as a page, which loads nothing from another site and has no script within."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "mailmetrics/docs.html")


@cache
def _description() -> dict[str, Any]:
    description: dict[str, Any] = json.loads(_FILE.read_text("utf-8"))
    return description
