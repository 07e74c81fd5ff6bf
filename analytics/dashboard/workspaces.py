"""Choosing the workspace of the dashboard: from a list, or, where they are many, by a search."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.admin import AdminSite
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import QuerySet
from django.http import JsonResponse

from campaigns.models import Campaign
from campaigns.workspace_choices import MANY

_PER_PAGE = 20
_LONGEST_KEY = 18  # digits of it fit a big integer


@dataclass(frozen=True, slots=True)
class Offered:
    """A workspace that the reader may choose."""

    pk: int
    name: str
    time_zone: str


class OfferedWorkspaces:
    """Those of a queryset, in its order; only as many are read as a list should hold."""

    def __init__(self, workspaces: QuerySet[Any]) -> None:
        self._workspaces = workspaces
        self.first = self._read(workspaces[: MANY + 1])
        self._known = {str(each.pk): each for each in self.first}

    def __bool__(self) -> bool:
        return bool(self.first)

    @property
    def are_many(self) -> bool:
        return len(self.first) > MANY

    def find(self, text: str) -> Offered | None:
        """The one with this key."""
        if text not in self._known and self.are_many and _is_key(text):
            self._known.update(
                (text, each) for each in self._read(self._workspaces.filter(pk=text))
            )
        return self._known.get(text)

    def _read(self, workspaces: QuerySet[Any]) -> list[Offered]:
        return [Offered(*row) for row in workspaces.values_list("pk", "name", "time_zone")]


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdigit() and text[0] != "0" and len(text) <= _LONGEST_KEY


class WorkspaceSearch(AutocompleteSelect):
    """The admin's field with a search, which asks ``url``; it holds the chosen workspace alone."""

    def __init__(self, *, site: AdminSite, url: str, chosen: Offered) -> None:
        super().__init__(Campaign._meta.get_field("workspace"), site)
        self._url = url
        self.choices = [(chosen.pk, chosen.name)]
        self.is_required = True  # there is no cross to leave it empty with

    def get_url(self) -> str:
        return self._url

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        return forms.Select.optgroups(self, name, list(value), attr)


def search_workspaces(workspaces: QuerySet[Any], *, term: str, page: str) -> JsonResponse:
    """A page of those whose name has the term in it, as the admin's field expects it."""
    number = int(page) if _is_key(page) else 1
    first = (min(number, 10**6) - 1) * _PER_PAGE
    # PostgreSQL takes no NUL in a text, and no name has one.
    found = workspaces.none() if "\0" in term else workspaces.filter(name__icontains=term)
    rows = list(found.values_list("pk", "name")[first : first + _PER_PAGE + 1])
    return JsonResponse(
        {
            "results": [{"id": str(pk), "text": name} for pk, name in rows[:_PER_PAGE]],
            "pagination": {"more": len(rows) > _PER_PAGE},
        }
    )
