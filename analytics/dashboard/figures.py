"""The dashboard's numbers as text, and the timeline as two charts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.dateformat import format as format_date
from django.utils.formats import get_format, number_format

from analytics.dashboard.charts import HEIGHT, Line, Mark, Scale, line, middle, round_ticks, scale
from analytics.dashboard.labels import RATE_LABELS
from analytics.dashboard.timeaxis import points, ticks
from analytics.metrics import rate
from analytics.models import CORE_COUNTS
from analytics.periods import Period
from analytics.reports import CampaignRow, TimelineDay, WorkspaceKPIs
from campaigns.models import CampaignStatus

RATED = {kind: RATE_LABELS[kind] for kind in CORE_COUNTS[1:]}
_GROUPED = 1000
# A rate has 4 decimals, so in these it is a whole number.
_PER_UNIT = 10_000
_UNITS = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))


def count_text(count: int) -> str:
    # Django's own is slow, and the table of ten years has 25,000 figures.
    return str(count) if count < _GROUPED else number_format(count, force_grouping=True)


def rate_text(value: float) -> str:
    """A rate as a percentage, with all the digits that the API gives: 0.3394 is 33.94%."""
    return _percent(round(value * _PER_UNIT))


def _percent(units: int, places: int = 2) -> str:
    whole, rest = divmod(units, 100)
    point = f"{get_format('DECIMAL_SEPARATOR')}{rest:02}"[: places and places + 1]
    return f"{count_text(whole)}{point}%"


def kpi_texts(kpis: WorkspaceKPIs) -> list[tuple[str, str]]:
    return [
        ("Campaigns", count_text(kpis["total_campaigns"])),
        ("Sent", count_text(kpis["total_sends"])),
        ("Open rate", rate_text(kpis["avg_open_rate"])),
        ("Reply rate", rate_text(kpis["avg_reply_rate"])),
        ("Bounce rate", rate_text(kpis["avg_bounce_rate"])),
    ]


def campaign_texts(row: CampaignRow, *, zone: str = "UTC") -> dict[str, Any]:
    mail = (row["total_sent"], row["total_opened"], row["total_replied"], row["total_bounced"])
    rates = (row["open_rate"], row["reply_rate"], row["bounce_rate"])
    return {
        "id": row["campaign_id"],
        "name": row["campaign_name"],
        "status": row["status"],
        "status_text": CampaignStatus(row["status"]).label,
        "created": row["created_at"].astimezone(ZoneInfo(zone)).date().isoformat(),
        "figures": [*map(count_text, (row["total_leads"], *mail)), *map(rate_text, rates)],
    }


def day_texts(day: TimelineDay) -> tuple[str, list[str]]:
    counts = (day["sent"], day["opened"], day["replied"], day["bounced"])
    rates = (day["open_rate"], day["reply_rate"], day["bounce_rate"])
    return day["date"].isoformat(), [*map(count_text, counts), *map(rate_text, rates)]


@dataclass(frozen=True, slots=True)
class Point:
    """What happened on the days that a point of the charts stands for."""

    days: Period
    counts: dict[str, int]

    def rate(self, kind: str) -> float:
        return rate(self.counts[kind], self.counts["sent"])

    def __str__(self) -> str:
        first, last = (format_date(day, "D j M Y") for day in (self.days.first, self.days.last))
        counts = [f"{count_text(self.counts['sent'])} sent"]
        counts += [
            f"{count_text(self.counts[kind])} {kind} ({rate_text(self.rate(kind))})"
            for kind in RATED
        ]
        return "\n".join([first if first == last else f"{first} to {last}", *counts])


@dataclass(frozen=True, slots=True)
class Chart:
    """All that the template draws; ``slots`` are the points' left edges and titles."""

    name: str
    title: str
    description: str
    note: str
    legend: Sequence[tuple[str, str, str]]
    width: int
    lines: Sequence[Line]
    across: Sequence[Mark]
    along: Sequence[Mark]
    slots: Sequence[tuple[int, str]]
    height: int = HEIGHT


def timeline_charts(*, timeline: Sequence[TimelineDay], period: Period) -> tuple[str, list[Chart]]:
    """What a point stands for, and the charts of the counts and of the rates.

    A point's rate is that of its summed counts; where nothing was sent, there is none to draw.
    """
    unit, spans = points(period)
    days = iter(timeline)
    plotted = [_point(span, [next(days) for _ in span]) for span in spans]
    whole = _point(period, timeline)
    along = _marks_along(period, spans)
    counts = _counts_chart(plotted, whole=whole, along=along, unit=unit)
    return unit, [counts, _rates_chart(plotted, whole=whole, along=along, unit=unit)]


def _point(span: Period, days: Sequence[TimelineDay]) -> Point:
    counts = {
        "sent": sum(day["sent"] for day in days),
        "opened": sum(day["opened"] for day in days),
        "replied": sum(day["replied"] for day in days),
        "bounced": sum(day["bounced"] for day in days),
    }
    return Point(span, counts)


def _marks_along(period: Period, spans: Sequence[Period]) -> list[Mark]:
    style, days = ticks(period)
    slots = {day: slot for slot, span in enumerate(spans) for day in span}
    return [Mark(middle(slots[day], len(spans)), format_date(day, style)) for day in days]


def _counts_chart(
    plotted: Sequence[Point], *, whole: Point, along: Sequence[Mark], unit: str
) -> Chart:
    values = {kind: [point.counts[kind] for point in plotted] for kind in CORE_COUNTS}
    most = ", ".join(f"{count_text(max(values[kind]))} {kind}" for kind in CORE_COUNTS)
    return Chart(
        name="counts",
        title=f"Messages by {unit}",
        description=f"{_extent(whole, unit)} The most of one {unit}: {most}.",
        note="" if any(whole.counts.values()) else "Nothing happened in this time.",
        legend=[(kind, kind.capitalize(), count_text(whole.counts[kind])) for kind in CORE_COUNTS],
        along=along,
        **_drawn(plotted, values, scale(chain(*values.values()), least=5), short_count),
    )


def _rates_chart(
    plotted: Sequence[Point], *, whole: Point, along: Sequence[Mark], unit: str
) -> Chart:
    values = {kind: [_per_unit(point, kind) for point in plotted] for kind in RATED}
    most = ", ".join(
        f"{_percent(max(filter(None, values[kind]), default=0))} {kind}" for kind in RATED
    )
    axis, note = _rates_axis(values)
    return Chart(
        name="rates",
        title=f"Rates by {unit}",
        description=f"{_extent(whole, unit)} The highest of one {unit}: {most}.",
        note=note if whole.counts["sent"] else "Nothing was sent in this time.",
        legend=[(kind, str(name), rate_text(whole.rate(kind))) for kind, name in RATED.items()],
        along=along,
        **_drawn(plotted, values, axis, short_rate),
    )


def _rates_axis(values: Mapping[str, Sequence[int | None]]) -> tuple[Scale, str]:
    """The axis, and a note on the points above it, if it leaves any out.

    It ends at 100% where most points are below: a Sunday with one message sent and ten opened
    would flatten all the others.
    """
    tops = [max(rates) for point in zip(*values.values(), strict=True) if (rates := _all(point))]
    above = sum(top > _PER_UNIT for top in tops)
    if not 0 < above <= len(tops) / 2:
        return scale(tops, least=_PER_UNIT), ""
    return Scale(round_ticks(_PER_UNIT)), (
        f"Above 100% at {count_text(above)} of {count_text(len(tops))} points, marked at the top; "
        f"the highest is {_percent(max(tops))}."
    )


def _all(point: Sequence[int | None]) -> list[int]:
    return [rate for rate in point if rate is not None]


def _per_unit(point: Point, kind: str) -> int | None:
    return round(point.rate(kind) * _PER_UNIT) if point.counts["sent"] else None


def _extent(whole: Point, unit: str) -> str:
    return f"{whole.days.first} to {whole.days.last}, one point a {unit}."


def _drawn(
    plotted: Sequence[Point],
    values: Mapping[str, Sequence[int | None]],
    axis: Scale,
    label: Callable[[int, int], str],
) -> dict[str, Any]:
    return {
        "width": 2 * len(plotted),
        "lines": [line(kind, column, axis) for kind, column in values.items()],
        "across": [Mark(axis.y(tick), label(tick, axis.ticks[1])) for tick in axis.ticks],
        "slots": [(2 * slot, str(point)) for slot, point in enumerate(plotted)],
    }


def short_count(tick: int, step: int) -> str:
    """A tick of an axis with such steps, in their unit: 15k where the step is 5,000."""
    unit, letter = next((u for u in _UNITS if step >= u[0]), (1, ""))
    return f"{count_text(tick // unit)}{letter if tick else ''}"


def short_rate(tick: int, step: int) -> str:
    """A tick in 1/10,000 as a percentage, with as many places as the steps need."""
    places = next(places for places in (0, 1, 2) if step % 10 ** (2 - places) == 0)
    return _percent(tick, places)
