"""What the admin's pages of keys have in common: how they are found, shown, and left.

A new key is shown by the answer to the form that made it, and by nothing else.
"""

import shlex
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.db import IntegrityError, router
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.cache import add_never_cache_headers
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apikeys.admin.forms import OnceForm
from apikeys.models import APIKey
from apikeys.scopes import covers
from campaigns.base.lookups import CarefulLookups
from campaigns.base.refusals import Refused

TEMPLATES = "admin/mailmetrics_apikeys/apikey"
URLS = "admin:mailmetrics_apikeys_apikey"


class KeyPages(CarefulLookups):
    # The view in the page's curl line; a host's subclass may name one of its own.
    example_view = "mailmetrics:campaign-analytics-list"
    example_scope = "campaigns:read"

    def get_queryset(self, request: HttpRequest) -> QuerySet[APIKey]:
        # Where keys are written: a replica may lag behind what was done a moment ago.
        keys: QuerySet[APIKey] = super().get_queryset(request)
        return keys.using(router.db_for_write(APIKey))

    def once(self, request: HttpRequest, answer: Callable[[], HttpResponse]) -> HttpResponse:
        """The result of ``answer``, unless the form was sent before, as by a reload."""
        if not _is_repeated(request):
            try:
                return answer()
            except IntegrityError:
                # The same form, sent at the same time, has made its key.
                if not _is_repeated(request):
                    raise
        text = _("This form was sent before: its key was shown then, and no other was made.")
        self.message_user(request, text, messages.WARNING)
        return HttpResponseRedirect(self.url_after(request))

    def shown_once(
        self, request: Any, made: APIKey, key: str, *, replaces: APIKey | None = None
    ) -> HttpResponse:
        context = {
            **self.page_context(request),
            "title": _("API key"),
            "subtitle": made.name,
            "made": made,
            "replaces": replaces,
            "key": key,
            "curl": self._curl(request, made, key),
            "after": self.url_after(request, made),
        }
        # Rendered here, not later as a TemplateResponse is: no middleware sees the context.
        response = render(request, f"{TEMPLATES}/key.html", context)
        add_never_cache_headers(response)
        return response

    def view_at(self, route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
        wrapped = self.admin_site.admin_view(view)
        return path(route, wrapped, name=f"mailmetrics_apikeys_apikey_{name}")

    def key_of(
        self,
        request: HttpRequest,
        object_id: str,
        may: Callable[[HttpRequest, APIKey | None], bool],
        *acts: str,
    ) -> APIKey:
        """The key of a page's address, for those who may: who may do all of ``acts``."""
        key: APIKey | None = self.get_object(request, unquote(object_id))
        if not may(request, key):
            raise Refused(*acts)
        if key is None:
            raise Http404
        return key

    def page(
        self, request: HttpRequest, name: str, *, original: APIKey | None = None, **context: Any
    ) -> TemplateResponse:
        common = {"original": original, "back": self.url_after(request, original)}
        context = {**self.page_context(request), **common, **context}
        return TemplateResponse(request, f"{TEMPLATES}/{name}.html", context)

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


def state_text(key: APIKey) -> str:
    """The key's state, with the day of its expiry if it has one."""
    if key.revoked_at is not None or key.expires_at is None:
        return str(key.state.label)
    return f"{key.state.label} ({date_format(key.expires_at)})"


def name_of(user: Any) -> str:
    """The user's name, fit for ``created_by`` whatever the host's user model allows."""
    longest = APIKey._meta.get_field("created_by").max_length
    return "".join(filter(str.isprintable, str(user.get_username())))[:longest]


def _is_repeated(request: HttpRequest) -> bool:
    form = OnceForm(request.POST)
    keys = APIKey.objects.using(router.db_for_write(APIKey))
    return form.is_valid() and keys.filter(request_id=form.cleaned_data["token"]).exists()
