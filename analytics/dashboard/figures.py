"""The dashboard's numbers and days as text, in the reader's language."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils import numberformat
from django.utils.dateformat import format as format_date
from django.utils.formats import get_format, number_format
from django.utils.translation import get_language_bidi, pgettext
from django.utils.translation import gettext as _

from analytics.dashboard.activity import Activity
from analytics.dashboard.charts import Mark, middle
from analytics.dashboard.labels import COUNT_LABELS, RATE_LABELS
from analytics.dashboard.timeaxis import slots_of, ticks
from analytics.metrics import rate
from analytics.models import CORE_COUNTS
from analytics.periods import Period

_GROUPED = 1000
# A rate has 4 decimals, so in these it is a whole number.
PER_UNIT = 10_000
# In the place of a rate of nothing sent.
NOTHING = "\N{EN DASH}"
# From fewer than these a change in percent says more than happened.
_FEWEST_FOR_PERCENT = 20


def count_text(count: int) -> str:
    """The count in groups of digits, of three where the language's format names no other size."""
    if count < _GROUPED:  # most are, and grouping is slow
        return str(count)
    size, separator = get_format("NUMBER_GROUPING") or 3, get_format("THOUSAND_SEPARATOR")
    return numberformat.format(
        count, "", grouping=size, thousand_sep=separator, force_grouping=True
    )


def rate_text(value: float) -> str:
    """A rate as a percentage, with all the digits that the API gives: 0.3394 is 33.94%."""
    return percent_text(round(value * PER_UNIT))


def percent_text(units: int, places: int = 2) -> str:
    """Ten-thousandths as a percentage."""
    whole, rest = divmod(units, 100)
    point = f"{get_format('DECIMAL_SEPARATOR')}{rest:02}"[: places and places + 1]
    # Translators: a percentage; many languages have a no-break space in it.
    return pgettext("percentage", "%(number)s%%") % {"number": f"{count_text(whole)}{point}"}


def count_change(count: int, before: int) -> str:
    """How a count differs from the one before: "+12%", or "+3" where there were few."""
    if count == before:
        return _("no change")
    if before < _FEWEST_FOR_PERCENT:
        return _signed(count - before, count_text(abs(count - before)))
    percent = round(100 * (count - before) / before)
    if percent == 0:
        return _signed(count - before, _("less than 1%"))
    return _signed(percent, percent_text(100 * abs(percent), 0))


def rate_change(value: float, before: float) -> str:
    """How a rate differs from the one before, in percentage points: "+3.1 points"."""
    tenths = round((value - before) * 1000)
    if tenths == 0:
        return _("no change")
    points = number_format(abs(tenths) / 10, decimal_pos=1, force_grouping=True)
    return _signed(tenths, _("%(points)s points") % {"points": points})


def _signed(number: int, text: str) -> str:
    # Between texts from right to left the sign would go behind its number.
    mark = "\N{LEFT-TO-RIGHT MARK}" if get_language_bidi() else ""
    return f"{mark}{'+' if number > 0 else '−'}{text}"


@dataclass(frozen=True, slots=True)
class Figure:
    """A key figure. ``change`` is against ``before``, the figure of the window before; "" for one
    that has none, as the number of campaigns."""

    name: str
    text: str
    change: str = ""
    before: str = ""


def kpi_figures(activity: Activity, *, campaigns: int) -> list[Figure]:
    """The number of campaigns, and what they did in the window, with its change since the one
    before."""
    now = activity.counts(activity.window)
    before = activity.counts_before(activity.window)
    return [
        Figure(_("Campaigns"), count_text(campaigns)),
        _count_figure("sent", now, before),
        *(_rate_figure(kind, now, before) for kind in CORE_COUNTS[1:]),
    ]


def _count_figure(kind: str, now: dict[str, int], before: dict[str, int] | None) -> Figure:
    name, text = str(COUNT_LABELS[kind]), count_text(now[kind])
    if before is None:
        return Figure(name, text)
    return Figure(name, text, count_change(now[kind], before[kind]), count_text(before[kind]))


def _rate_figure(kind: str, now: dict[str, int], before: dict[str, int] | None) -> Figure:
    value = rate(now[kind], now["sent"])
    name, text = str(RATE_LABELS[kind]), rate_text(value) if now["sent"] else NOTHING
    if not (now["sent"] and before and before["sent"]):
        return Figure(name, text)
    then = rate(before[kind], before["sent"])
    return Figure(name, text, rate_change(value, then), rate_text(then))


def column_names() -> list[str]:
    """Of the columns that ``span_texts`` fills."""
    names = [*(COUNT_LABELS[kind] for kind in CORE_COUNTS), *map(RATE_LABELS.get, CORE_COUNTS[1:])]
    return list(map(str, names))


def span_texts(span: Period, counts: dict[str, int]) -> tuple[str, str, list[str]]:
    """The one day for machines, "" for more of them; the days for readers; and their figures."""
    sent = counts["sent"]
    rates = [rate_text(rate(counts[kind], sent)) if sent else NOTHING for kind in CORE_COUNTS[1:]]
    figures = [*(count_text(counts[kind]) for kind in CORE_COUNTS), *rates]
    return span.first.isoformat() if len(span) == 1 else "", span_text(span), figures


def span_text(span: Period) -> str:
    """The days of a point, such as "Mon 11 Mar 2024 to Sun 17 Mar 2024"."""
    # Translators: a day beside a chart, in Django's date format.
    style = pgettext("date format", "D j M Y")
    first, last = (format_date(day, style) for day in (span.first, span.last))
    return (
        first
        if span.first == span.last
        else _("%(first)s to %(last)s") % {"first": first, "last": last}
    )


def short_day(day: date) -> str:
    """For a narrow column: it may wrap before its year."""
    # Translators: a day in a table, in Django's date format; it has to be short.
    return format_date(day, pgettext("date format", "j M Y")).replace(" ", "\N{NO-BREAK SPACE}", 1)


def marks_along(period: Period, spans: Sequence[Period]) -> list[Mark]:
    """The labels of a chart's x axis, for points that stand for these spans of the period."""
    kind, days = ticks(period)
    style = _tick_style(kind)
    slots = slots_of(days, spans)
    return [
        Mark(middle(slot, len(spans)), format_date(day, style))
        for slot, day in zip(slots, days, strict=True)
    ]


def _tick_style(kind: str) -> str:
    # Translators: a label of the time axis, in Django's date format; it has to be short.
    styles = {"day": pgettext("date format", "M j"), "month": pgettext("date format", "M Y")}
    return styles.get(kind, "Y")


def readout(span: Period, parts: Iterable[str]) -> str:
    """What a reader of a point is told: its days, then its figures."""
    return f"{span_text(span)}: {' · '.join(parts)}"


def short_count(tick: int, step: int) -> str:
    """A tick of an axis with such steps, in their unit: 15k where the step is 5,000."""
    unit, style = next((u for u in _units() if step >= u[0]), (1, "%(number)s"))
    return style % {"number": count_text(tick // unit)} if tick else "0"


def _units() -> Iterator[tuple[int, str]]:
    # Translators: a count beside a chart, in thousands and so on; it has to be short.
    yield 10**12, pgettext("trillions", "%(number)sT")
    yield 10**9, pgettext("billions", "%(number)sB")
    yield 10**6, pgettext("millions", "%(number)sM")
    yield 10**3, pgettext("thousands", "%(number)sk")


def short_rate(tick: int, step: int) -> str:
    """A tick in 1/10,000 as a percentage, with as many places as the steps need."""
    places = next(places for places in (0, 1, 2) if step % 10 ** (2 - places) == 0)
    return percent_text(tick, places)
