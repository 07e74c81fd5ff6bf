"""What happened in a window, and in the one before it; one question to the reports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import accumulate
from typing import Any, cast

from django.db.models import QuerySet

from analytics import reports
from analytics.dashboard.timeaxis import ROLLING_DAYS, earlier
from analytics.models import CORE_COUNTS
from analytics.periods import Period
from campaigns.models import Campaign


@dataclass(frozen=True)
class Activity:
    """``days`` are those of ``window``; ``earlier`` holds every day before it that is needed: the
    window before, as long as this one, and the first rolling days of that."""

    window: Period
    days: Sequence[reports.TimelineDay]
    earlier: Sequence[reports.TimelineDay]

    @property
    def before(self) -> Period | None:
        """The window before, None where there is no such date."""
        return earlier(self.window, len(self.window))

    def counts(self, span: Period) -> dict[str, int]:
        """The counts of the span's days; of a day before the first known, nothing."""
        first, after = max(0, self._place(span.first)), max(0, self._place(span.last) + 1)
        return {kind: sums[after] - sums[first] for kind, sums in self._sums.items()}

    def counts_before(self, span: Period) -> dict[str, int] | None:
        """The counts of the span's counterpart in the window before."""
        moved = earlier(span, len(self.window))
        return None if moved is None else self.counts(moved)

    def _place(self, day: date) -> int:
        return len(self.earlier) + (day - self.window.first).days

    @cached_property
    def _sums(self) -> Mapping[str, Sequence[int]]:
        """The count of all days before each, by kind."""
        every_day = cast(Sequence[Mapping[str, Any]], [*self.earlier, *self.days])
        return {kind: [0, *accumulate(day[kind] for day in every_day)] for kind in CORE_COUNTS}


def read_activity(
    *, workspace_id: int, campaigns: QuerySet[Campaign] | None, window: Period
) -> Activity:
    """The activity of a workspace's campaigns, all of them for None."""
    lead = len(window) + ROLLING_DAYS - 1
    first = date.fromordinal(max(1, window.first.toordinal() - lead))
    report = reports.timeline_report(
        workspace_id=workspace_id, campaigns=campaigns, period=Period(first, window.last)
    )
    split = (window.first - first).days
    days = report["timeline"]
    return Activity(window=window, days=days[split:], earlier=days[:split])
