"""How much a run measures; ``SIZE`` names one of them."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Size:
    rounds: int  # of recording and of reading; a figure is their median
    turns: int  # over HTTP, for each view
    recorded: int  # events for each way of recording
    singles: int  # events of each writer that records them one by one
    stored: tuple[int, ...]  # events behind an answer of 1,000 campaigns
    spread: tuple[int, ...]  # the same with 10,000 campaigns
    seconds: float  # for which each view is asked in a turn
    read: float  # seconds for which each answer is read in a round
    answers: int  # of each worker before its memory is read


SIZES = {
    # Shows that everything runs; its figures mean nothing.
    "smoke": Size(
        rounds=1,
        turns=1,
        recorded=2_000,
        singles=20,
        stored=(500, 1_000),
        spread=(500, 1_000),
        seconds=0.2,
        read=0.2,
        answers=1,
    ),
    "small": Size(
        rounds=3,
        turns=5,
        recorded=100_000,
        singles=100,
        stored=(100_000, 300_000),
        spread=(50_000, 100_000),
        seconds=0.2,
        read=0.2,
        answers=3,
    ),
    "full": Size(
        rounds=5,
        turns=25,
        recorded=1_000_000,
        singles=500,
        stored=(100_000, 1_000_000, 10_000_000),
        spread=(100_000, 1_000_000),
        seconds=0.25,
        read=0.5,
        answers=5,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Growth:
    """A workspace that grows by one file of events after another: see ``benchmarks.growing``."""

    events: int  # at the end
    file: int  # events of a file, each of which covers all of the days
    campaigns: int
    days: int
    rounds: int
    read: float
    sorted_ids: bool = False  # as they come, instead of at random

    @property
    def gigabytes(self) -> float:
        """Of disk: twice what the events and their index take, for the log and the file."""
        return self.events * 400 / 10**9

    @property
    def minutes(self) -> float:
        """On two cores with nothing else to do; each turn at the end imports three files."""
        return (self.events + 3 * self.rounds * self.file) * 30 / 60 / 10**6


HUGE = Growth(
    events=100_000_000, file=1_000_000, campaigns=10_000, days=3 * 365, rounds=5, read=0.5
)
