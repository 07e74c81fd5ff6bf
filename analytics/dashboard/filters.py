"""The dashboard's form: each parameter given at most once, spelled exactly, or refused by name."""

from datetime import date
from typing import Any, cast, get_args

from django import forms
from django.contrib.admin import AdminSite
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_filters import Filter, FilterSet

from analytics.dashboard.workspaces import Offered, OfferedWorkspaces, WorkspaceSearch
from analytics.parameters import MistakeType, Parameters
from analytics.parameters.narrowing import launched_between
from analytics.parameters.values import Reader, Refused, choice, day
from analytics.periods import TURNED_ROUND, Interval, InvalidPeriod, Period, resolve
from campaigns import zones
from campaigns.base.settings import mailmetrics
from campaigns.models import Campaign, CampaignStatus


class GivenField(forms.Field):
    """An optional field that takes an empty value for an error, not for a missing one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "required": False})

    def clean(self, value: str | None) -> Any:
        return None if value is None else self.parse(value)

    def parse(self, text: str) -> Any:
        """The value of a text, which a subclass reads; raises ValidationError."""
        return text


def is_day(text: object) -> bool:
    """Whether it is a date as the API spells it."""
    try:
        return isinstance(text, str) and bool(day(text))
    except Refused:
        return False


def _read(reader: Reader, text: str) -> Any:
    """As the API reads it, with the words of its refusal."""
    try:
        if text:
            return reader(text)
    except Refused as refused:
        raise forms.ValidationError(refused.message) from None
    raise forms.ValidationError(_("Give it a value or leave it out."))


class DayInput(forms.TextInput):
    input_type = "date"

    def format_value(self, value: Any) -> str | None:
        # A browser shows nothing else, and warns of it in its console.
        return value if is_day(value) else None


class DayField(GivenField):
    widget = DayInput

    def parse(self, text: str) -> date:
        return cast(date, _read(day, text))


class StatusField(GivenField):
    widget = forms.Select(choices=[("", _("Any status")), *CampaignStatus.choices])

    def parse(self, text: str) -> str:
        return cast(str, _read(choice(CampaignStatus.values), text))


class IntervalField(GivenField):
    widget = forms.Select(
        choices=[
            ("", _("Automatic")),
            ("day", _("Day")),
            ("week", _("Week")),
            ("month", _("Month")),
        ]
    )

    def parse(self, text: str) -> str:
        return cast(str, _read(choice(get_args(Interval)), text))


class WorkspaceField(GivenField):
    """One of the workspaces that ``offer`` gave, by its key."""

    widget = forms.Select
    offered: OfferedWorkspaces

    def offer(self, workspaces: OfferedWorkspaces) -> None:
        self.offered = workspaces
        self.widget.choices = [(each.pk, each.name) for each in workspaces.first]

    def parse(self, text: str) -> Offered:
        if found := self.offered.find(text):
            return found
        raise forms.ValidationError(
            _("%(value)s is not a workspace."), params={"value": f"{text!r:.60}"}
        )


class StrictForm(forms.Form):
    """Refuses what the API's parser refuses, and dates that are none together."""

    def clean(self) -> dict[str, Any]:
        # The fields read the values; whether each is known and given once is the parser's to say.
        parameters = Parameters(cast(QueryDict, self.data), dict.fromkeys(self.fields, str))
        for mistake in parameters.mistakes:
            if mistake.type != MistakeType.EMPTY:
                self.errors.setdefault(mistake.name, self.error_class()).append(mistake.message)
        if not self.errors:
            self._clean_period()
        return self.cleaned_data

    def _clean_period(self) -> None:
        try:
            self.check_period(self.cleaned_data["from_date"], self.cleaned_data["to_date"])
        except InvalidPeriod as error:
            self.add_error(error.parameter, gettext(error.text) % error.values)
        first, last = self.cleaned_data["launched_from"], self.cleaned_data["launched_to"]
        if first and last and first > last:
            reason = gettext(TURNED_ROUND) % {"first": first, "last": last}
            self.add_error("launched_from", reason)

    def check_period(self, from_date: date | None, to_date: date | None) -> None:
        """Raises InvalidPeriod for dates that are none together."""
        if from_date and to_date:
            Period(from_date, to_date)


class PeriodForm(StrictForm):
    """``period``, when valid, is the timeline's window, with its defaults."""

    period: Period

    @property
    def workspace(self) -> Offered:
        """The one asked for, or the first."""
        field = cast(WorkspaceField, self.fields["workspace"])
        return self.cleaned_data["workspace"] or field.offered.first[0]

    def check_period(self, from_date: date | None, to_date: date | None) -> None:
        self.period = _window(from_date, to_date, self.workspace.time_zone)


def _window(from_date: date | None, to_date: date | None, zone: str) -> Period:
    return resolve(
        from_date=from_date,
        to_date=to_date,
        today=zones.today(zone),
        most_days=mailmetrics.MAX_TIMELINE_DAYS,
    )


class StatusFilter(Filter):
    field_class = StatusField


class IntervalFilter(Filter):
    """What a point of the charts stands for, which chooses no campaigns."""

    field_class = IntervalField

    def filter(self, queryset: QuerySet[Any], interval: Interval | None) -> QuerySet[Any]:
        return queryset


class DayFilter(Filter):
    field_class = DayField


class WorkspaceFilter(Filter):
    field_class = WorkspaceField

    def filter(self, queryset: QuerySet[Any], workspace: Offered | None) -> QuerySet[Any]:
        return queryset.filter(workspace_id=workspace.pk) if workspace else queryset


class BoundFilter(DayFilter):
    """A bound of two, which the filter set takes together."""

    def filter(self, queryset: QuerySet[Any], day: date | None) -> QuerySet[Any]:
        return queryset


_OF_CAMPAIGNS = ("status", "launched_from", "launched_to")


class CampaignFilter(FilterSet):
    """The window of activity, ``from_date`` to ``to_date``, and of which campaigns: by ``status``
    and by the day of the launch, ``launched_from`` to ``launched_to``, all inclusive.

    A campaign never launched drops out as soon as either day of the launch is given.
    """

    from_date = BoundFilter(label=_("From"))
    to_date = BoundFilter(label=_("To"))
    status = StatusFilter(lookup_expr="exact", label=_("Status"))
    launched_from = BoundFilter(label=_("Launched from"))
    launched_to = BoundFilter(label=_("Launched to"))

    class Meta:
        model = Campaign
        fields = ()
        form = StrictForm

    @property
    def narrowed(self) -> QuerySet[Campaign] | None:
        """The campaigns asked for, None for all of them; only when valid."""
        status, first, last = (self.form.cleaned_data[each] for each in _OF_CAMPAIGNS)
        if not (status or first or last):
            return None
        return self.qs.filter(*launched_between(first, last, self.zone))

    @property
    def status_text(self) -> str:
        """The status asked for, as a reader knows it; only when valid."""
        status = self.form.cleaned_data["status"]
        return str(CampaignStatus(status).label) if status else ""

    @property
    def zone(self) -> str:
        """The time zone of the workspace asked for; only when valid."""
        return cast(PeriodForm, self.form).workspace.time_zone


class DashboardFilter(CampaignFilter):
    """What the dashboard asks: the parameters of both endpoints, refused where either refuses
    them, ``workspace``, one of ``workspaces`` (at least one), the first if it is not given, and
    ``interval``."""

    workspace = WorkspaceFilter(field_name="workspace_id", label=_("Workspace"))
    interval = IntervalFilter(label=_("Points by"))

    class Meta(CampaignFilter.Meta):
        form = PeriodForm

    def __init__(self, data: QueryDict, *, workspaces: OfferedWorkspaces) -> None:
        super().__init__(data, queryset=Campaign.objects.all())
        cast(WorkspaceField, self.form.fields["workspace"]).offer(workspaces)
        self.form.order_fields(["workspace"])
        self.workspaces = workspaces

    def search_by(self, site: AdminSite, url: str) -> None:
        """Let the reader search for a workspace at this address, instead of a list of all."""
        key = cast(QueryDict, self.data).get("workspace", "")
        chosen = self.workspaces.find(key) or self.workspaces.first[0]
        self.form.fields["workspace"].widget = WorkspaceSearch(site=site, url=url, chosen=chosen)

    @property
    def asked_workspace(self) -> Offered:
        """The workspace asked for; only when valid."""
        return cast(PeriodForm, self.form).workspace

    @property
    def workspace_id(self) -> int:
        return self.asked_workspace.pk

    @property
    def wanted_interval(self) -> Interval | None:
        """What the charts' points are to stand for; None to leave it to the page."""
        return cast(Interval | None, self.form.cleaned_data["interval"])

    @property
    def period(self) -> Period:
        """The timeline's window; only when valid."""
        return cast(PeriodForm, self.form).period
