"""The filters beside the admin's list of keys."""

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apikeys.lifetimes import KeyState
from apikeys.models import APIKey
from apikeys.scopes import known_scopes
from campaigns.fields import utc_now


class StateFilter(SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        soon = _("Expiring within 14 days")
        return [
            (state.value, soon if state == KeyState.EXPIRING else str(state.label))
            for state in KeyState
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[APIKey]) -> QuerySet[APIKey]:
        state = self.value()
        if state is None or state not in KeyState.values:
            return queryset
        return queryset.filter(KeyState(state).condition_at(utc_now()))


class ScopeFilter(SimpleListFilter):
    """The keys that were granted the scope by its own name."""

    title = gettext_lazy("scope")
    parameter_name = "scope"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in known_scopes()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[APIKey]) -> QuerySet[APIKey]:
        if self.value() not in known_scopes():
            return queryset
        # SQLite can't look into JSON; no name has a quotation mark in it.
        granted = queryset.alias(granted=Cast("scopes", TextField()))
        return granted.filter(granted__contains=f'"{self.value()}"')
