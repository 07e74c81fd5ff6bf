"""The page that shows a new key: the answer to the form that made it, and to nothing else."""

import shlex
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.cache import add_never_cache_headers

from apikeys.forms import OnceForm
from apikeys.models import APIKey
from apikeys.scopes import covers

TEMPLATES = "admin/mailmetrics_apikeys/apikey"
URLS = "admin:mailmetrics_apikeys_apikey"


class ShownOnce(admin.ModelAdmin):  # type: ignore[type-arg]
    """For a key that is shown in the answer itself: a redirect would have to carry it."""

    # The view in the page's curl line; a host's subclass may name one of its own.
    example_view = "mailmetrics:campaign-analytics-list"
    example_scope = "campaigns:read"

    def once(self, request: HttpRequest, answer: Callable[[], HttpResponse]) -> HttpResponse:
        """The result of ``answer``, unless the form was sent before, as by a reload."""
        if not _is_repeated(request):
            try:
                return answer()
            except IntegrityError:
                # The same form, sent at the same time, has made its key.
                if not _is_repeated(request):
                    raise
        text = "This form was sent before: its key was shown then, and no other was made."
        self.message_user(request, text, messages.WARNING)
        return HttpResponseRedirect(self.url_after(request))

    def shown_once(self, request: Any, made: APIKey, key: str) -> HttpResponse:
        context = {
            **self.page_context(request),
            "title": "API key",
            "subtitle": made.name,
            "made": made,
            "key": key,
            "curl": self._curl(request, made, key),
            "after": self.url_after(request, made),
        }
        # Rendered here, not later as a TemplateResponse is: no middleware sees the context.
        response = render(request, f"{TEMPLATES}/key.html", context)
        add_never_cache_headers(response)
        return response

    def page_context(self, request: Any) -> dict[str, Any]:
        request.current_app = self.admin_site.name
        return {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}

    def url_after(self, request: HttpRequest, key: APIKey | None = None) -> str:
        """Where to go next: the key's page or the list, if the user may see it."""
        site = self.admin_site.name
        if not self.has_view_or_change_permission(request, key):
            return reverse("admin:index", current_app=site)
        if key is None:
            return reverse(f"{URLS}_changelist", current_app=site)
        return reverse(f"{URLS}_change", args=[key.pk], current_app=site)

    def _curl(self, request: HttpRequest, made: APIKey, key: str) -> str:
        """A line to try the key with, if it opens the example view."""
        try:
            url = request.build_absolute_uri(reverse(self.example_view))
        except NoReverseMatch:
            return ""
        if not covers(made.scopes, self.example_scope):
            return ""
        return f"curl -H {shlex.quote(f'X-API-Key: {key}')} {shlex.quote(url)}"


def _is_repeated(request: HttpRequest) -> bool:
    form = OnceForm(request.POST)
    return form.is_valid() and APIKey.objects.filter(request_id=form.cleaned_data["token"]).exists()
