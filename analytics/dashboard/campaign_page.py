"""What the page of one campaign shows: its figures, its timeline, its place among the others."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analytics import reports
from analytics.dashboard.activity import read_activity
from analytics.dashboard.figures import (
    NOTHING,
    column_names,
    count_text,
    kpi_figures,
    rate_text,
)
from analytics.dashboard.filters import DashboardFilter
from analytics.dashboard.labels import RATE_LABELS
from analytics.dashboard.table import day_of
from analytics.dashboard.table_form import MOST_SENDS, CountInput
from analytics.dashboard.timeline import draw_timeline
from analytics.metrics import METRICS, OPTIONAL_NAMES
from analytics.periods import DEFAULT_DAYS
from campaigns import zones
from campaigns.models import Campaign

# With fewer sends a rate is chance: one mail that is opened would be the best of all campaigns.
DEFAULT_LEAST = 100
RANK_PARAMETER = "rank_least_sent"
_LOW_IS_GOOD = ("bounced", "unsubscribed", "complained")


class RankForm(forms.Form):
    rank_least_sent = forms.IntegerField(
        label=_("Rank campaigns with sends of at least"),
        min_value=1,
        max_value=MOST_SENDS,
        required=False,
        widget=CountInput(attrs={"placeholder": DEFAULT_LEAST}),
    )

    @property
    def least(self) -> int:
        given = self.cleaned_data[RANK_PARAMETER]
        return DEFAULT_LEAST if given is None else cast(int, given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A rate of the campaign beside that of all ranked ones; ``place`` is 1 for the best, equal
    rates share one, and None is for a campaign that sent too few to be ranked."""

    label: str | Promise
    count: str
    rate: str
    pooled: str
    place: int | None
    low_is_good: bool

    @property
    def place_text(self) -> str:
        return NOTHING if self.place is None else count_text(self.place)


def places(row: Mapping[str, Any], ranked: reports.CampaignReport) -> Iterator[Place]:
    """The places of a report's row among the rows of another, in which it may be missing."""
    others = cast(Sequence[Mapping[str, Any]], ranked["campaigns"])
    pooled = cast(Mapping[str, float], ranked["workspace_kpis"])
    is_ranked = any(other["campaign_id"] == row["campaign_id"] for other in others)
    for metric in METRICS:
        if not metric.rate:
            continue
        low_is_good = metric.kind in _LOW_IS_GOOD
        rates = [other[metric.rate] for other in others]
        yield Place(
            label=RATE_LABELS[metric.kind],
            count=count_text(row[metric.total]),
            rate=rate_text(row[metric.rate]) if row["total_sent"] else NOTHING,
            pooled=rate_text(pooled[metric.average]) if pooled["total_sends"] else NOTHING,
            place=place(row[metric.rate], rates, low=low_is_good) if is_ranked else None,
            low_is_good=low_is_good,
        )


def place(rate: float, rates: Sequence[float], *, low: bool) -> int:
    """One more than the number of better ones."""
    return 1 + sum(each < rate if low else each > rate for each in rates)


def campaign_answer(campaign: Campaign, *, asked: DashboardFilter, least: int) -> dict[str, Any]:
    """For the template; of a valid filter."""
    alone = Campaign.objects.filter(pk=campaign.pk)
    common: dict[str, Any] = {
        "workspace_id": campaign.workspace_id,
        "activity": asked.period,
        "metrics": OPTIONAL_NAMES,
    }
    own = reports.campaign_report(**common, campaigns=alone)
    ranked = reports.campaign_report(**common, least_sent=least)
    activity = read_activity(
        workspace_id=campaign.workspace_id, campaigns=alone, window=asked.period
    )
    (row,) = own["campaigns"]
    return {
        "kpis": kpi_figures(activity, campaigns=1)[1:],
        "before": activity.before,
        "columns": column_names(),
        "period": asked.period,
        "length": count_text(len(asked.period)),
        "timeline": draw_timeline(activity, interval=asked.wanted_interval),
        "places": list(places(cast(Mapping[str, Any], row), ranked)),
        "is_ranked": row["total_sent"] >= least,
        "ranked_campaigns": ranked["workspace_kpis"]["total_campaigns"],
        "ranked": count_text(ranked["workspace_kpis"]["total_campaigns"]),
        "sent": count_text(row["total_sent"]),
        "least": count_text(least),
    }


def campaign_facts(campaign: Campaign) -> dict[str, Any]:
    """What is known of it without its mail, for the template; in the workspace's days."""
    zone = campaign.workspace.time_zone
    launched = campaign.launched_at
    return {
        "campaign": campaign,
        "subtitle": campaign.workspace.name,
        "created": day_of(campaign.created_at, zone),
        "launched": launched and day_of(launched, zone),
        "leads": count_text(campaign.total_leads),
    }


def launch_window(campaign: Campaign) -> dict[str, str]:
    """The parameters of the days in which most happens to a campaign: those from its launch on, as
    many as the default window has; none for one that was not launched, or not yet."""
    if campaign.launched_at is None:
        return {}
    zone = campaign.workspace.time_zone
    today = zones.today(zone)
    first = day_of(campaign.launched_at, zone)
    if first > today:
        return {}
    last = min(today, first + timedelta(days=DEFAULT_DAYS - 1))
    return {"from_date": f"{first}", "to_date": f"{last}"}
