"""The order of a report's campaigns, as SQL that both databases take."""

from collections.abc import Mapping
from dataclasses import dataclass

from analytics.metrics import METRICS

# By these, names are sorted by their code points.
_COLLATIONS = {"postgresql": '"C"', "sqlite": "BINARY"}
_COLUMNS = ("created_at", "launched_at", "name", "status", "total_leads")
_COUNTS = {metric.total: metric.kind for metric in METRICS}
_RATES = {metric.rate: metric.kind for metric in METRICS if metric.rate}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """By a field of the answer; what is null comes last, and ties go by id.

    With ``unsent_last`` the rates of a campaign that sent nothing are null instead of 0.
    """

    sort_by: str = "created_at"
    descending: bool = True
    unsent_last: bool = False

    @property
    def by_counts(self) -> bool:
        """Whether it goes by what the campaigns' totals alone tell."""
        return self.sort_by in _COUNTS or self.sort_by in _RATES

    @property
    def direction(self) -> str:
        # Only what may be null is said to be: an index on others then serves.
        nullable = self.sort_by == "launched_at" or self.sort_by in _RATES
        return ("DESC" if self.descending else "ASC") + " NULLS LAST" * nullable

    def key(self, vendor: str, counts: Mapping[str, str]) -> str:
        """What the database sorts by; ``counts`` are the expressions of the answer's kinds.

        Raises ValueError for a field that can't be sorted by, or that is not in the answer.
        """
        sort_by = self.sort_by
        if sort_by in _COLUMNS:
            collation = f" COLLATE {_COLLATIONS[vendor]}" if sort_by == "name" else ""
            return f"c.{sort_by}{collation}"
        if (kind := _COUNTS.get(sort_by, "")) in counts:
            return counts[kind]
        if (kind := _RATES.get(sort_by, "")) in counts:
            sent = counts["sent"]
            return rounded_rate(counts[kind], f"NULLIF({sent}, 0)" if self.unsent_last else sent)
        raise ValueError(f"Campaigns can't be sorted by {sort_by!r}.")


def rounded_rate(count: str, sent: str) -> str:
    """What `metrics.rate` answers, in 10,000ths: the same to the last digit, or a page would be
    cut elsewhere than the list.

    The databases' own ``round`` differs where a quotient lies halfway between two of 4 decimals.
    ``round()`` in Python then goes by what the quotient is in binary, which is above, below or
    exactly halfway. The first 26 binary places of it and the rest are compared apart, so that
    nothing is lost. From a rate of a million on, which would leave bigint, halfway goes up.
    """
    nearest = f"((20000 * {count} + {sent}) / (2 * {sent}))"  # halfway goes up
    quotient = f"(CAST({count} AS double precision) / {sent} * 67108864)"
    first = f"CAST({quotient} AS bigint)"
    above = f"(20000 * {first} - (2 * {nearest} - 1) * 67108864 + 20000 * ({quotient} - {first}))"
    return (
        f"CASE WHEN {sent} = 0 THEN 0 "
        f"WHEN (20000 * {count} + {sent}) %% (2 * {sent}) <> 0 THEN {nearest} "
        f"WHEN {count} / {sent} >= 1000000 OR {above} > 0 THEN {nearest} "
        f"WHEN {above} < 0 THEN {nearest} - 1 "
        f"ELSE {nearest} - {nearest} %% 2 END"
    )
