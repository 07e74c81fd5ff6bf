"""How much a run measures; ``SIZE`` names one of them."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Size:
    rounds: int  # of which the median is taken
    recorded: int  # events that each way of recording records
    singles: int  # events of each writer that records them one by one
    stored: tuple[int, ...]  # events that an answer counts
    seconds: float  # for which each view is asked in a round
    answers: int  # of each worker before its memory is read


SIZES = {
    # Shows that everything runs; its figures tell nothing.
    "smoke": Size(
        rounds=1,
        recorded=2_000,
        singles=20,
        stored=(500, 1_000),
        seconds=0.2,
        answers=1,
    ),
    "small": Size(
        rounds=3,
        recorded=100_000,
        singles=300,
        stored=(100_000, 300_000),
        seconds=1,
        answers=10,
    ),
    "full": Size(
        rounds=5,
        recorded=1_000_000,
        singles=1_000,
        stored=(100_000, 1_000_000, 10_000_000),
        seconds=2,
        answers=10,
    ),
}
