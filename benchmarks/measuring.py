"""Figures of contenders that take turns, so that all of them see the same machine."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from time import perf_counter


@dataclass(frozen=True)
class Sample:
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def spread(self) -> str:
        """From the least to the most, in percent of the median."""
        low, high = (
            round(100 * (end / self.median - 1)) for end in (min(self.values), max(self.values))
        )
        return f"{low:+d}% {high:+d}%"

    def over(self, base: "Sample") -> float:
        """The median ratio to the base, turn by turn: what slows the machine slows both."""
        return median(own / other for own, other in zip(self.values, base.values, strict=True))


def take_turns(contenders: Mapping[str, Callable[[], float]], *, rounds: int) -> dict[str, Sample]:
    """Each contender's figures, one a round; each round begins with another of them."""
    names = list(contenders)
    values: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            values[name].append(contenders[name]())
    return {name: Sample(tuple(values[name])) for name in names}


def seconds(call: Callable[[], object]) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


def milliseconds(call: Callable[[], object], *, within: float) -> float:
    """The median of as many calls as there is time for, after one that is not counted."""
    return 1000 * median(_times(call, within))


def fastest_tenth(times: Iterable[float]) -> float:
    """What a tenth of them stay below: without the waiting for others on a busy machine."""
    ordered = sorted(times)
    return ordered[len(ordered) // 10]


def least_milliseconds(call: Callable[[], object], *, within: float) -> float:
    """The same of as many calls as there is time for, after one that is not counted."""
    return 1000 * fastest_tenth(_times(call, within))


def _times(call: Callable[[], object], within: float) -> list[float]:
    call()
    taken = [seconds(call)]
    while sum(taken) < within:
        taken.append(seconds(call))
    return taken
