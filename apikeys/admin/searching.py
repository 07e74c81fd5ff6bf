"""Searching the admin's list of keys; a whole key stays out of addresses and logs."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import URLPattern, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from apikeys.admin.key_pages import URLS, KeyPages
from apikeys.reporting import pasted_hint
from campaigns.base.refusals import Refused


class Searching(KeyPages):
    """The search is sent in the body of a POST, and answered by the address of what it found.

    In that address stands the hint of a pasted key.
    """

    def get_urls(self) -> list[URLPattern]:
        return [self.view_at("search/", self.search_view, "search"), *super().get_urls()]

    @method_decorator([sensitive_post_parameters(), sensitive_variables()])
    def search_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise Refused("view")
        query = _with_hints(request.POST)
        query.pop("csrfmiddlewaretoken", None)
        return self._list(query)

    @method_decorator(sensitive_variables())
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        query = _with_hints(request.GET)
        if query != request.GET:
            return self._list(query)
        return super().changelist_view(request, extra_context)

    def _list(self, query: QueryDict) -> HttpResponse:
        page = reverse(f"{URLS}_changelist", current_app=self.admin_site.name)
        return HttpResponseRedirect(f"{page}?{query.urlencode()}")


def _with_hints(query: QueryDict) -> QueryDict:
    """The parameters, with the hint alone of each whole key among their values."""
    hints = QueryDict(mutable=True)
    for name, values in query.lists():
        hints.setlist(name, [pasted_hint(value) or value for value in values])
    return hints
