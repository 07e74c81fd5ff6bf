"""The timeline of a window as two charts: what happened, and the rates of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from analytics.dashboard.activity import Activity
from analytics.dashboard.charts import Chart, Series, chart, without
from analytics.dashboard.figures import (
    NOTHING,
    PER_UNIT,
    count_text,
    marks_along,
    percent_text,
    rate_text,
    readout,
    short_count,
    short_rate,
    span_text,
    span_texts,
)
from analytics.dashboard.labels import COUNT_LABELS, RATE_LABELS
from analytics.dashboard.timeaxis import interval_of, points, rate_points
from analytics.metrics import rate
from analytics.models import CORE_COUNTS
from analytics.periods import Interval, Period

Counts = dict[str, int]

# Whatever chart a kind is in, it looks the same.
LOOKS = {kind: number for number, kind in enumerate(CORE_COUNTS, 1)}
# A rate of fewer sends moves by five points and more with one message.
_FEWEST_SENT = 20
_THIN_SHARE = 10  # of an average point


@dataclass(frozen=True, slots=True)
class Timeline:
    """``interval`` is what a point of the counts stands for, and ``rates_interval`` what one of the
    rates does, None for seven rolling days; of fewer than ``fewest`` messages a rate is grey.

    ``rows`` are the points of the counts as ``span_texts``.
    """

    interval: Interval
    rates_interval: Interval | None
    fewest: int
    charts: Sequence[Chart]
    rows: Sequence[tuple[str, str, Sequence[str]]]
    is_coarser: bool  # than the reader wanted

    @property
    def fewest_text(self) -> str:
        return count_text(self.fewest)


def draw_timeline(activity: Activity, *, interval: Interval | None = None) -> Timeline:
    """The charts, with a point for each interval, or for what suits the window."""
    drawn = interval_of(activity.window, interval)
    spans = points(activity.window, drawn)
    rates_interval, rate_spans = rate_points(activity.window, drawn, interval)
    fewest = few(activity, rate_spans)
    return Timeline(
        interval=drawn,
        rates_interval=rates_interval,
        fewest=fewest,
        is_coarser=interval not in (None, drawn),
        charts=[
            _counts_chart(activity, spans, drawn),
            _rates_chart(activity, rate_spans, rates_interval, fewest),
        ],
        rows=[span_texts(span, activity.counts(span)) for span in spans],
    )


def few(activity: Activity, spans: Sequence[Period]) -> int:
    """Of how many messages sent a point's rate says something: a tenth of an average point's that
    sent any, but no fewer than 20."""
    sent = [sent for span in spans if (sent := activity.counts(span)["sent"])]
    return max(_FEWEST_SENT, sum(sent) // (len(sent) or 1) // _THIN_SHARE)


def per_unit(counts: Counts | None, kind: str) -> int | None:
    """The rate of these counts in 1/10,000, None where nothing was sent."""
    return (
        round(rate(counts[kind], counts["sent"]) * PER_UNIT) if counts and counts["sent"] else None
    )


def rate_series(
    activity: Activity, spans: Sequence[Period], kind: str, *, look: int, label: str, fewest: int
) -> Series:
    """A kind's rates at these points, and before; those of fewer than ``fewest`` sent are thin."""
    now, before = _both(activity, spans)
    thin, thin_before = _thin(now, fewest), _thin(before, fewest)
    whole = activity.counts(activity.window)
    return Series(
        look=look,
        label=label,
        figure=rate_text(rate(whole[kind], whole["sent"])) if whole["sent"] else NOTHING,
        values=[per_unit(counts, kind) for counts in now],
        previous=_told(without([per_unit(counts, kind) for counts in before], thin_before)),
        thin=thin,
    )


def count_series(
    activity: Activity,
    spans: Sequence[Period],
    kind: str,
    *,
    look: int,
    label: str,
    filled: bool = False,
) -> Series:
    """A kind's counts at these points, and before."""
    now, before = _both(activity, spans)
    return Series(
        look=look,
        label=label,
        figure=count_text(activity.counts(activity.window)[kind]),
        values=[counts[kind] for counts in now],
        previous=_told([counts[kind] if counts else None for counts in before]),
        filled=filled,
    )


def _both(activity: Activity, spans: Sequence[Period]) -> tuple[list[Counts], list[Counts | None]]:
    return [*map(activity.counts, spans)], [*map(activity.counts_before, spans)]


def _thin(points: Iterable[Counts | None], fewest: int) -> set[int]:
    return {slot for slot, counts in enumerate(points) if counts and counts["sent"] < fewest}


def _told(values: list[int | None]) -> list[int | None]:
    """The values, or none of them where they would draw a line of nothing."""
    return values if any(values) else []


def _counts_chart(activity: Activity, spans: Sequence[Period], interval: Interval) -> Chart:
    series = [
        count_series(
            activity,
            spans,
            kind,
            look=look,
            label=str(COUNT_LABELS[kind]),
            filled=kind == "sent",
        )
        for kind, look in LOOKS.items()
    ]
    happened = any(activity.counts(activity.window).values())
    return chart(
        name="counts",
        title=_counts_title(interval),
        description=_extent(activity.window),
        note="" if happened else _("Nothing happened in this time."),
        series=series,
        readouts=[readout(span, _parts(activity.counts(span))) for span in spans],
        along=marks_along(activity.window, spans),
        label=short_count,
        least=5,
    )


def _rates_chart(
    activity: Activity, spans: Sequence[Period], interval: Interval | None, fewest: int
) -> Chart:
    series = [
        rate_series(activity, spans, kind, look=look, label=str(RATE_LABELS[kind]), fewest=fewest)
        for kind, look in LOOKS.items()
        if kind != "sent"
    ]
    sent = activity.counts(activity.window)["sent"]
    return chart(
        name="rates",
        title=_rates_title(interval),
        description=_extent(activity.window),
        note="" if sent else _("Nothing was sent in this time."),
        series=series,
        readouts=[readout(span, _parts(activity.counts(span))) for span in spans],
        along=marks_along(activity.window, spans),
        label=short_rate,
        least=PER_UNIT,
    )


def _counts_title(interval: Interval) -> str:
    titles = {
        "day": _("Messages by day"),
        "week": _("Messages by week"),
        "month": _("Messages by month"),
    }
    return titles[interval]


def _rates_title(interval: Interval | None) -> str:
    titles = {
        None: _("Rates of seven days up to each day"),
        "day": "",
        "week": _("Rates by week"),
        "month": _("Rates by month"),
    }
    return titles[interval]


def _extent(window: Period) -> str:
    return f"{span_text(window)}."


def _parts(counts: Counts) -> list[str]:
    """The point's figures for a reader."""
    parts = [
        _("%(count)s sent"),
        _("%(count)s opened"),
        _("%(count)s replied"),
        _("%(count)s bounced"),
    ]
    texts = [
        text % {"count": count_text(counts[kind])} for kind, text in zip(LOOKS, parts, strict=True)
    ]
    if not counts["sent"]:
        return texts
    return [
        texts[0],
        *(
            f"{text} ({percent_text(per_unit(counts, kind) or 0)})"
            for kind, text in zip(CORE_COUNTS[1:], texts[1:], strict=True)
        ),
    ]
