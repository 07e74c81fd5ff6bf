"""Line charts as SVG geometry: whole numbers in, coordinates out; pure.

A chart is a row of equally wide slots, one for each value, 2 units wide and with the value's point
in the middle, so that x is a whole number: slot i is [2i, 2i + 2], its point is at 2i + 1. The
page stretches the width; the height is in pixels. Coordinates are text, spelled the same in every
locale.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

HEIGHT = 240
MOST_DOTS = 31
_MOST_STEPS = 5


@dataclass(frozen=True, slots=True)
class Line:
    """A series: ``path`` is the ``d`` of its line, ``area`` that of the surface below it.

    ``dots`` marks each point, where there are few enough to tell them apart, and ``beyond`` those
    that are above the scale: they are drawn at its top.
    """

    name: str
    path: str
    area: str
    dots: str
    beyond: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A line across and its label: ``at`` is in pixels from the top for the y axis, a percentage
    of the width for the x axis."""

    at: str
    label: str


@dataclass(frozen=True, slots=True)
class Scale:
    """The y axis, from 0 to the last of ``ticks``; a greater value is at its top."""

    ticks: Sequence[int]

    @property
    def top(self) -> int:
        return self.ticks[-1]

    def y(self, value: int) -> str:
        return f"{HEIGHT * (1 - min(value, self.top) / self.top):.1f}"


def scale(values: Iterable[int | None], *, least: int = 1) -> Scale:
    """The axis that holds all the values, and ``least`` when there is none above 0."""
    return Scale(round_ticks(max((value for value in values if value), default=least)))


def round_ticks(most: int) -> Sequence[int]:
    """From 0 to ``most`` or just above, in at most five steps of 1, 2 or 5 times a power of ten."""
    step = next(step for step in _round_steps() if step * _MOST_STEPS >= most)
    return range(0, most + step if most % step else most + 1, step)


def _round_steps() -> Iterator[int]:
    return (digit * 10**power for power in count() for digit in (1, 2, 5))


def line(name: str, values: Sequence[int | None], scale: Scale) -> Line:
    """The line through the values, none of them negative; where one is None it has a gap."""
    points = [
        None if value is None else f"{2 * slot + 1} {scale.y(value)}"
        for slot, value in enumerate(values)
    ]
    drawn = [point for point in points if point]
    beyond = (2 * slot + 1 for slot, value in enumerate(values) if value and value > scale.top)
    return Line(
        name=name,
        path="".join(_strokes(points)),
        area=f"M1 {HEIGHT}L{'L'.join(drawn)}V{HEIGHT}Z" if drawn == points else "",
        dots="".join(f"M{point}h0" for point in drawn) if len(values) <= MOST_DOTS else "",
        beyond="".join(f"M{x} 0h0" for x in beyond),
    )


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
