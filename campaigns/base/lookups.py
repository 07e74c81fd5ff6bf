"""A changelist of Django's admin whose address can be written by hand without breaking it."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.admin.widgets import url_params_from_lookup_dict
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.db import DataError
from django.db.models import Field, QuerySet
from django.http import HttpRequest
from django.utils.text import smart_split
from django.utils.translation import gettext as _

# What Django's own filters append to a field's name.
_LOOKUPS = ("", "__exact", "__in", "__isnull", "__isempty", "__gt", "__gte", "__lt", "__lte")
_MOST_WORDS = 20


class CarefulLookups(admin.ModelAdmin):  # type: ignore[type-arg]  # django-stubs makes it generic, and Django's own class can't be subscripted at run time
    """Only what the list filters by can be filtered by, and a search is short.

    Django's own takes any lookup of any field or annotation: a pattern or a range may be malformed
    or slow, and whoever may view a list could guess a digest sign by sign. A value that the
    database can't take leads back to the list, as Django does with other nonsense.
    """

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return lookup in self._filtered_by(request) or self._is_a_chooser(lookup, value)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        try:
            return super().get_changelist_instance(request)
        except (DataError, ValueError, OverflowError) as error:
            raise IncorrectLookupParameters(error) from error

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> Any:
        key = self.opts.pk
        try:
            for value in request.POST.getlist(ACTION_CHECKBOX_NAME):
                key.run_validators(key.to_python(value))
        except ValidationError as error:
            raise SuspiciousOperation("What was selected can't be in the list.") from error
        return super().response_action(request, queryset, *args, **kwargs)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        # Each word is a condition on each field; SQLite takes a thousand in one query.
        words = list(smart_split(search_term.replace("\0", "")))
        if len(words) > _MOST_WORDS:
            text = _("Only the first %d words were searched for.") % _MOST_WORDS
            self.message_user(request, text, messages.WARNING, fail_silently=True)
        found: tuple[QuerySet[Any], bool] = super().get_search_results(
            request, queryset, " ".join(words[:_MOST_WORDS])
        )
        return found

    def _filtered_by(self, request: Any) -> Iterator[str]:
        """The parameters of the list's filters."""
        for entry in self.get_list_filter(request):
            given: Any = entry[0] if isinstance(entry, tuple | list) else entry
            if isinstance(given, type):
                yield from filter(None, [getattr(given, "parameter_name", None)])
                continue
            path = given.name if isinstance(given, Field) else given
            yield from (f"{path}{lookup}" for lookup in _LOOKUPS)
            field: Any = get_fields_from_path(self.model, path)[-1]
            if field.is_relation:
                target = f"{path}__{field.target_field.name}"
                yield from (f"{target}{lookup}" for lookup in _LOOKUPS)

    def _is_a_chooser(self, lookup: str, value: Any) -> bool:
        """Whether a host's foreign key has its object chosen from the list narrowed like this."""
        narrowings = (each() if callable(each) else each for each in self.opts.related_fkey_lookups)
        return any(
            (lookup, value) in url_params_from_lookup_dict(each).items() for each in narrowings
        )
