"""Two to five campaigns drawn together, with a table of each chart's numbers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.utils.functional import Promise
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from analytics import reports
from analytics.dashboard.activity import Activity, read_activity
from analytics.dashboard.charts import MOST_SERIES, Chart, Series, chart
from analytics.dashboard.figures import (
    NOTHING,
    PER_UNIT,
    count_text,
    marks_along,
    percent_text,
    readout,
    short_count,
    short_rate,
    span_text,
)
from analytics.dashboard.filters import DashboardFilter
from analytics.dashboard.labels import COUNT_LABELS, RATE_LABELS
from analytics.dashboard.table import Row, make_row
from analytics.dashboard.table_form import fields
from analytics.dashboard.timeaxis import interval_of, points, rate_points
from analytics.dashboard.timeline import count_series, few, rate_series
from analytics.metrics import CORE_METRICS, OPTIONAL_METRICS, OPTIONAL_NAMES
from analytics.periods import Period
from campaigns.models import Campaign

FEWEST = 2
_SHORT_NAME = 60
_SHORTER_NAME = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A chart, and its numbers: for each of its points the days and a figure of each campaign."""

    chart: Chart
    rows: Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """``problem`` says why there are no charts; the table of the totals is there all the same.

    ``measures`` are the totals by their labels, with a figure of each campaign.
    """

    names: Sequence[str]
    labels: Mapping[str, str | Promise]
    campaigns: Sequence[Row]
    measures: Sequence[tuple[str | Promise, Sequence[str]]]
    charts: Sequence[Compared]
    problem: str


def compare(asked: DashboardFilter, *, chosen: Sequence[UUID]) -> Comparison:
    """The workspace's campaigns among the chosen ones, in their order; of a valid filter."""
    order = {str(pk): number for number, pk in enumerate(chosen)}
    listed = reports.campaign_report(
        workspace_id=asked.workspace_id,
        campaigns=Campaign.objects.filter(pk__in=chosen),
        activity=asked.period,
        metrics=OPTIONAL_NAMES,
        with_launch=True,
    )["campaigns"]
    listed.sort(key=lambda row: order[row["campaign_id"]])
    problem = _problem(len(listed))
    campaigns = [
        make_row(row, OPTIONAL_METRICS, zone=asked.zone, chosen=order.keys()) for row in listed
    ]
    columns = list(fields(OPTIONAL_NAMES))
    figures = [label for _name, label, is_word in columns if not is_word]
    return Comparison(
        names=[row["campaign_name"] for row in listed],
        labels={name: label for name, label, is_word in columns if is_word},
        campaigns=campaigns,
        measures=[
            (label, [each.figures[index] for each in campaigns])
            for index, label in enumerate(figures)
        ],
        charts=[] if problem else _charts(asked, listed),
        problem=problem,
    )


def _problem(number: int) -> str:
    if FEWEST <= number <= MOST_SERIES:
        return ""
    return _("Choose two to five campaigns to draw them together; %(number)s are chosen.") % {
        "number": count_text(number)
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A campaign's activity with its look, 1 to 5, and its name."""

    look: int
    name: str
    activity: Activity


def _charts(asked: DashboardFilter, listed: Sequence[reports.CampaignRow]) -> list[Compared]:
    lines = [
        _Line(
            look=look,
            name=row["campaign_name"],
            activity=read_activity(
                workspace_id=asked.workspace_id,
                campaigns=Campaign.objects.filter(pk=row["campaign_id"]),
                window=asked.period,
            ),
        )
        for look, row in enumerate(listed, 1)
    ]
    window, interval = asked.period, interval_of(asked.period, asked.wanted_interval)
    _rates_interval, rate_spans = rate_points(window, interval, asked.wanted_interval)
    rates = [metric.kind for metric in CORE_METRICS if metric.rate]
    return [
        _counts(lines, window, points(window, interval)),
        *(_rates(lines, window, rate_spans, kind) for kind in rates),
    ]


def _counts(lines: Sequence[_Line], window: Period, spans: Sequence[Period]) -> Compared:
    series = [
        count_series(line.activity, spans, "sent", look=line.look, label=_short(line.name))
        for line in lines
    ]
    return _compared(
        series,
        name="sent",
        title=COUNT_LABELS["sent"],
        window=window,
        spans=spans,
        text=count_text,
        label=short_count,
    )


def _rates(lines: Sequence[_Line], window: Period, spans: Sequence[Period], kind: str) -> Compared:
    series = [
        rate_series(
            line.activity,
            spans,
            kind,
            look=line.look,
            label=_short(line.name),
            fewest=few(line.activity, spans),
        )
        for line in lines
    ]
    return _compared(
        series,
        name=kind,
        title=RATE_LABELS[kind],
        window=window,
        spans=spans,
        text=percent_text,
        label=short_rate,
    )


def _compared(
    series: Sequence[Series],
    *,
    name: str,
    title: str | Promise,
    window: Period,
    spans: Sequence[Period],
    text: Callable[[int], str],
    label: Callable[[int, int], str],
) -> Compared:
    # The window before of each would make ten lines.
    series = [replace(each, previous=()) for each in series]
    texts = [
        [NOTHING if value is None else text(value) for value in values]
        for values in zip(*(each.values for each in series), strict=True)
    ]
    names = [Truncator(each.label).chars(_SHORTER_NAME) for each in series]
    return Compared(
        chart=chart(
            name=name,
            title=str(title),
            description=span_text(window),
            series=series,
            readouts=[
                readout(span, [f"{one} {value}" for one, value in zip(names, row, strict=True)])
                for span, row in zip(spans, texts, strict=True)
            ],
            along=marks_along(window, spans),
            label=label,
            least=5 if text is count_text else PER_UNIT,
        ),
        rows=[(span_text(span), row) for span, row in zip(spans, texts, strict=True)],
    )


def _short(name: str) -> str:
    return Truncator(name).chars(_SHORT_NAME)
