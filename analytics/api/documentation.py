"""What the API is, for machines and for people."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

_FILE = Path(__file__).with_name("openapi.json")


@login_not_required
@require_safe
def schema(request: HttpRequest) -> JsonResponse:
    """The OpenAPI 3.1 description, its paths starting where the host has mounted the API."""
    mounted_at = request.path.removesuffix("/schema")
    return JsonResponse(_description() | {"servers": [{"url": mounted_at or "/"}]})


@login_not_required
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The same as a page, which loads nothing from another site and has no script within."""
    return render(request, "mailmetrics/docs.html")


@cache
def _description() -> dict[str, Any]:
    description: dict[str, Any] = json.loads(_FILE.read_text("utf-8"))
    return description
