"""What a reader asks of the table of campaigns, and which columns that gives it."""

from collections.abc import Iterator, Sequence
from typing import Any, cast
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analytics.dashboard.labels import COUNT_LABELS, RATE_LABELS
from analytics.metrics import CORE_METRICS, OPTIONAL_METRICS, optional_metrics
from analytics.parameters.values import LONGEST_SEARCH, MOST_PAGES, Refused, uuid

MOST_SENDS = 10**15
ASCENDING_FIRST = ("name", "status")
_DEFAULT_SORT = "created_at"
# The columns before the counts and rates.
_SIMPLE: dict[str, str | Promise] = {
    "name": _("Name"),
    "status": _("Status"),
    "created_at": _("Created"),
    "launched_at": _("Launched"),
    "total_leads": _("Leads"),
}


class ChosenCampaignsField(forms.Field):
    """The ids of campaigns, each once, in the order given."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> tuple[UUID, ...]:
        return tuple(dict.fromkeys(map(self._one, value or ())))

    def _one(self, text: str) -> UUID:
        try:
            return uuid(text)
        except Refused:
            raise forms.ValidationError(
                _("%(value)s is not the id of a campaign."), params={"value": f"{text!r:.60}"}
            ) from None


class CountInput(forms.NumberInput):
    def format_value(self, value: Any) -> str | None:
        # A browser shows no other text, and warns of it in its console.
        return str(value) if str(value).isdecimal() else None


class TableForm(forms.Form):
    """What a reader asks of the table; each parameter at most once, but for lists."""

    search = forms.CharField(label=_("Name contains"), max_length=LONGEST_SEARCH, required=False)
    least_sent = forms.IntegerField(
        label=_("Least number of sends"),
        min_value=0,
        max_value=MOST_SENDS,
        required=False,
        widget=CountInput,
    )
    metrics = forms.MultipleChoiceField(
        label=_("More columns"),
        choices=[(metric.kind, COUNT_LABELS[metric.kind]) for metric in OPTIONAL_METRICS],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    sort_by = forms.ChoiceField(
        choices=[
            *((name, name) for name in _SIMPLE),
            *((m.total, m.total) for m in (*CORE_METRICS, *OPTIONAL_METRICS)),
            *((m.rate, m.rate) for m in (*CORE_METRICS, *OPTIONAL_METRICS) if m.rate),
        ],
        required=False,
    )
    sort_order = forms.ChoiceField(choices=[("asc", "asc"), ("desc", "desc")], required=False)
    page = forms.IntegerField(min_value=1, max_value=MOST_PAGES, required=False)
    compare = ChosenCampaignsField(required=False)

    def clean(self) -> dict[str, Any]:
        data = cast(QueryDict, self.data)
        for name in self.fields:
            if name not in _LISTS and len(data.getlist(name)) > 1:
                self.add_error(name, _("Give it once."))
        return self.cleaned_data

    @property
    def chosen_metrics(self) -> tuple[str, ...]:
        return tuple(metric.kind for metric in optional_metrics(self.cleaned_data["metrics"]))

    @property
    def sort(self) -> tuple[str, bool]:
        """The field, and whether it descends; the newest first where its column is not shown."""
        field = self.cleaned_data["sort_by"]
        if field not in {name for name, _label, _word in fields(self.chosen_metrics)}:
            return _DEFAULT_SORT, True
        order = self.cleaned_data["sort_order"]
        return field, order != "asc" if order else field not in ASCENDING_FIRST

    @property
    def page_number(self) -> int:
        return cast(int, self.cleaned_data["page"] or 1)

    @property
    def compared(self) -> tuple[UUID, ...]:
        """The campaigns that are chosen for comparison; whatever else is wrong with the form."""
        return cast(tuple[UUID, ...], self.cleaned_data["compare"])

    @property
    def narrows(self) -> bool:
        return bool(self.cleaned_data["search"] or self.cleaned_data["least_sent"])


TABLE_PARAMETERS = tuple(TableForm.base_fields)
VISIBLE_FIELDS = ("search", "least_sent", "metrics")
_LISTS = ("metrics", "compare")


def fields(metrics: Sequence[str]) -> Iterator[tuple[str, str | Promise, bool]]:
    """Each column's field in the report, its heading, and whether it has words, not numbers."""
    for name, label in _SIMPLE.items():
        yield name, label, name != "total_leads"
    shown = (*CORE_METRICS, *optional_metrics(metrics))
    yield from ((metric.total, COUNT_LABELS[metric.kind], False) for metric in shown)
    yield from ((metric.rate, RATE_LABELS[metric.kind], False) for metric in shown if metric.rate)


def split(given: QueryDict) -> tuple[QueryDict, QueryDict]:
    """The parameters of the page, and those of the table."""
    parts = QueryDict(mutable=True), QueryDict(mutable=True)
    for name, values in given.lists():
        parts[name in TABLE_PARAMETERS].setlist(name, values)
    return parts
