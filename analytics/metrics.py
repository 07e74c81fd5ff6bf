"""What the reports count, by the names that answers have for it, and the rates of the counts."""

from collections.abc import Collection
from dataclasses import dataclass

from campaigns.kinds import EventKind


@dataclass(frozen=True, slots=True)
class Metric:
    """A kind of event as the answers name it; ``rate`` is "" for what is sent."""

    kind: str  # the count in a day, and its column in each table of totals
    rate: str

    @property
    def total(self) -> str:
        return f"total_{self.kind}"

    @property
    def average(self) -> str:
        return f"avg_{self.rate}"

    @property
    def label(self) -> str:
        return self.kind.replace("_", " ").capitalize()


METRICS = tuple(Metric(kind.label, kind.rate) for kind in EventKind)
# Every answer has these; the others are added for those who name them.
CORE_METRICS, OPTIONAL_METRICS = METRICS[:4], METRICS[4:]
OPTIONAL_NAMES = tuple(metric.kind for metric in OPTIONAL_METRICS)


def optional_metrics(kinds: Collection[str]) -> tuple[Metric, ...]:
    """Those of these kinds, in their own order; raises ValueError for a kind that is none."""
    if not kinds:
        return ()
    if unknown := sorted(set(kinds) - {metric.kind for metric in OPTIONAL_METRICS}):
        raise ValueError(f"There is no optional metric {', '.join(unknown)}.")
    return tuple(metric for metric in OPTIONAL_METRICS if metric.kind in kinds)


def rate(count: int, sent: int) -> float:
    """``count / sent`` rounded to 4 decimals, 0.0 when nothing was sent.

    Above 1 on a day with more opens than sends: an open counts on the day it happened.
    """
    return round(count / sent, 4) if sent else 0.0


def core_rates(sent: int, opened: int, replied: int, bounced: int) -> tuple[float, float, float]:
    """The same of the core metrics; in one call, for an answer has many rows."""
    if sent % 32:
        # A quotient halfway between two of 4 decimals is an odd number of 20,000ths, and then 32
        # divides sent. Without a tie integers round as round() does, in a third of its time: a
        # tenth of an answer with 1,000 campaigns.
        twice = 2 * sent
        return (
            (20_000 * opened + sent) // twice / 10_000,
            (20_000 * replied + sent) // twice / 10_000,
            (20_000 * bounced + sent) // twice / 10_000,
        )
    return rate(opened, sent), rate(replied, sent), rate(bounced, sent)
