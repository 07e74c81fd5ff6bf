"""Line charts as SVG geometry: whole numbers in, coordinates out; pure.

A chart is a row of equally wide slots, one for each value, 2 units wide and with the value's point
in the middle, so that x is a whole number: slot i is [2i, 2i + 2], its point is at 2i + 1. The
page stretches the width; the height is in pixels. Coordinates are text, spelled the same in every
locale.

How a page gets a chart: make it here, pass it to the template, and include it there. ::

    chart(
        name="counts",                     # the only one of this name on the page
        title=_("Messages by day"),
        series=[Series(look=1, label="Sent", values=[3, None, 5], figure="8")],
        readouts=["1 March: 3 sent", ...], # what a reader of each point is told
        along=marks_along(...),            # from ``figures``
        label=short_count,                 # or short_rate, for values in 1/10,000
    )

    {% include "admin/mailmetrics/chart.html" with chart=chart only %}

A page with charts loads ``mailmetrics/charts.css``. A chart takes up to five series, each with a
look of its own: a colour, a dash pattern and a shape of marker.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

HEIGHT = 240
# With more points than these, only some of them are marked: enough to see whose line it is.
MOST_MARKED = 31
_SOME_MARKED = 9
_MOST_STEPS = 5
MOST_SERIES = 5

# The shape of each look's marker, around its point: a circle, a square, a triangle, a diamond and
# a cross.
MARKERS = {
    1: "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z",
    2: "M-3.2-3.2h6.4v6.4h-6.4z",
    3: "M0-4.4L4.2 3.2h-8.4z",
    4: "M0-4.8L4.8 0L0 4.8L-4.8 0z",
    5: "M-3.4-3.4l6.8 6.8M-3.4 3.4l6.8-6.8",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The values of a line, one a slot and none of them negative; None where there is none to draw.

    ``look`` is 1 to 5; ``figure`` stands beside the label in the legend. ``previous`` has the
    values of the window before, for a faint line. The slots in ``thin`` have too few cases for
    their value to mean much: they are drawn grey, and left out where they are above the others'
    scale. ``filled`` shades the surface below the line.
    """

    look: int
    label: str
    values: Sequence[int | None]
    figure: str = ""
    previous: Sequence[int | None] = ()
    thin: Collection[int] = ()
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A series as it is drawn: ``path`` is the ``d`` of its line, ``grey`` that of the line through
    its thin points as well (``""`` if it has none), ``area`` that of the surface below it,
    ``previous`` that of the window before.

    ``marks`` are the x (in percent), the y and whether it is thin of each point that is marked.
    """

    look: int
    label: str
    figure: str
    path: str
    grey: str
    area: str
    previous: str
    marks: Sequence[tuple[str, str, bool]]

    @property
    def marker(self) -> str:
        return MARKERS[self.look]


@dataclass(frozen=True, slots=True)
class Mark:
    """A line across and its label: ``at`` is in pixels from the top for the y axis, a percentage
    of the width for the x axis."""

    at: str
    label: str


@dataclass(frozen=True, slots=True)
class Scale:
    """The y axis, from 0 to the last of ``ticks``."""

    ticks: Sequence[int]

    @property
    def top(self) -> int:
        return self.ticks[-1]

    def y(self, value: int) -> str:
        return f"{HEIGHT * (1 - value / self.top):.1f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """All that the template draws. ``left_out`` is the number of thin points above the scale."""

    name: str
    title: str
    description: str
    note: str
    width: int
    lines: Sequence[Line]
    across: Sequence[Mark]
    along: Sequence[Mark]
    readouts: Sequence[str]
    left_out: int
    height: int = HEIGHT

    @property
    def has_thin(self) -> bool:
        return any(line.grey for line in self.lines)

    @property
    def has_previous(self) -> bool:
        return any(line.previous for line in self.lines)


def chart(
    *,
    name: str,
    title: str,
    series: Sequence[Series],
    readouts: Sequence[str],
    along: Sequence[Mark],
    label: Callable[[int, int], str],
    least: int = 1,
    description: str = "",
    note: str = "",
) -> Chart:
    """The chart of up to five series with as many values as there are ``readouts``.

    ``label`` makes the text of a tick from its value and the step between two; the axis goes to
    ``least`` where no value is above 0. No line leaves the box or is bent to stay in it.
    """
    if len(series) > MOST_SERIES:
        raise ValueError(f"A chart has up to {MOST_SERIES} series, not {len(series)}.")
    axis = scale(_told(series), least=least)
    return Chart(
        name=name,
        title=title,
        description=description,
        note=note,
        width=2 * len(readouts),
        lines=[line(each, axis) for each in series],
        across=[Mark(axis.y(tick), label(tick, axis.ticks[1])) for tick in axis.ticks],
        along=along,
        readouts=readouts,
        left_out=len({slot for each in series for slot in _above(each, axis)}),
    )


def _told(series: Sequence[Series]) -> Iterable[int]:
    """The values that the axis has to hold: all but thin ones, and those if there are no others."""
    of_windows = [
        value
        for each in series
        for value in (*each.previous, *without(each.values, each.thin))
        if value is not None
    ]
    return of_windows or [value for each in series for value in each.values if value is not None]


def _above(series: Series, axis: Scale) -> Collection[int]:
    return {slot for slot in series.thin if (series.values[slot] or 0) > axis.top}


def without(values: Sequence[int | None], slots: Collection[int]) -> list[int | None]:
    """The values, with None for those of the slots."""
    return [None if slot in slots else value for slot, value in enumerate(values)]


def scale(values: Iterable[int | None], *, least: int = 1) -> Scale:
    """The axis that holds all the values, and ``least`` when there is none above 0."""
    return Scale(round_ticks(max((value for value in values if value), default=least)))


def round_ticks(most: int) -> Sequence[int]:
    """From 0 to ``most`` or just above, in at most five steps of 1, 2 or 5 times a power of ten."""
    step = next(step for step in _round_steps() if step * _MOST_STEPS >= most)
    return range(0, most + step if most % step else most + 1, step)


def _round_steps() -> Iterator[int]:
    return (digit * 10**power for power in count() for digit in (1, 2, 5))


def line(series: Series, axis: Scale) -> Line:
    """The line through the values; where one is None or a thin one is above the axis, a gap."""
    slots = len(series.values)
    drawn = _points(without(series.values, _above(series, axis)), axis)
    solid = _points(without(series.values, series.thin), axis)
    filled = series.filled and None not in drawn
    return Line(
        look=series.look,
        label=series.label,
        figure=series.figure,
        path=_path(solid),
        grey=_path(drawn) if series.thin else "",
        area=f"M1 {HEIGHT}L{'L'.join(filter(None, drawn))}V{HEIGHT}Z" if filled else "",
        previous=_path(_points(series.previous, axis)),
        marks=[
            (middle(slot, slots), point.split()[1], slot in series.thin)
            for slot, point in enumerate(drawn)
            if point and (_is_marked(slot, slots, series.look) or _is_alone(drawn, slot))
        ],
    )


def _points(values: Sequence[int | None], axis: Scale) -> list[str | None]:
    return [
        None if value is None else f"{2 * slot + 1} {axis.y(value)}"
        for slot, value in enumerate(values)
    ]


def _is_marked(slot: int, slots: int, look: int) -> bool:
    """Each of few points; of many some, at other places for each look."""
    if slots <= MOST_MARKED:
        return True
    apart = -(-slots // _SOME_MARKED)
    return slot % apart == apart * look // (MOST_SERIES + 1)


def _is_alone(points: Sequence[str | None], slot: int) -> bool:
    """Between two gaps: the line is no more than a dot there, in which nobody sees its look."""
    return not any(points[max(slot - 1, 0) : slot]) and not any(points[slot + 1 : slot + 2])


def _path(points: Iterable[str | None]) -> str:
    return "".join(_strokes(points))


def _strokes(points: Iterable[str | None]) -> Iterator[str]:
    """A line to each point, and a new start after a gap.

    A start draws no line, but its "h0" makes a dot where line ends are round, so that a point
    between two gaps is visible.
    """
    drawing = False
    for point in points:
        if point:
            yield f"L{point}" if drawing else f"M{point}h0"
        drawing = point is not None


def middle(slot: int, slots: int) -> str:
    """The middle of a slot, as a percentage of the width from the left."""
    return f"{100 * (2 * slot + 1) / (2 * slots):.2f}%"
