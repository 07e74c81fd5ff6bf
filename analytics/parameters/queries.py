"""The two questions as plain values, made of parameters that were read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, get_args
from uuid import UUID

from analytics.metrics import METRICS, OPTIONAL_METRICS, OPTIONAL_NAMES
from analytics.parameters.mistakes import InvalidParameters, MistakeType
from analytics.parameters.reading import Parameters
from analytics.parameters.values import (
    MOST_PAGES,
    MOST_ROWS,
    Reader,
    choice,
    comma_separated,
    day,
    number,
    search_text,
    uuid,
)
from analytics.periods import Interval, InvalidPeriod, Period, resolve
from campaigns.models import CampaignStatus

SORTABLE = (
    "created_at",
    "launched_at",
    "name",
    "total_leads",
    *(metric.total for metric in METRICS),
    *(metric.rate for metric in METRICS if metric.rate),
)

_READERS: Mapping[str, Reader] = {
    "status": choice(CampaignStatus.values),
    "from_date": day,
    "to_date": day,
    "campaign_id": comma_separated(uuid),
    "search": search_text,
    "activity_from": day,
    "activity_to": day,
    "interval": choice(get_args(Interval)),
    "metrics": comma_separated(choice(OPTIONAL_NAMES)),
    "sort_by": choice(SORTABLE),
    "sort_order": choice(("asc", "desc")),
    "page": number(MOST_PAGES),
    "limit": number(MOST_ROWS),
}
# In the order of the documentation.
TIMELINE_PARAMETERS: Mapping[str, Reader] = {
    name: _READERS[name]
    for name in ("from_date", "to_date", "campaign_id", "status", "interval", "metrics")
}
CAMPAIGN_PARAMETERS: Mapping[str, Reader] = {
    name: reader for name, reader in _READERS.items() if name != "interval"
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignQuery:
    """Which campaigns, what of them, in which order; the defaults ask for all of them.

    ``from_date`` and ``to_date`` are of the launch; ``activity`` is when what is counted happened.
    """

    status: str = ""
    from_date: date | None = None
    to_date: date | None = None
    campaign_id: tuple[UUID, ...] = ()
    search: str = ""
    activity: Period | None = None
    metrics: tuple[str, ...] = ()
    sort_by: str = ""
    descending: bool = True
    page: int | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineQuery:
    """Which days of which campaigns; the default of the latter is all of them."""

    period: Period
    campaign_id: tuple[UUID, ...] = ()
    status: str = ""
    interval: Interval = "day"
    metrics: tuple[str, ...] = ()


def campaign_query(parameters: Parameters) -> CampaignQuery:
    """The question about campaigns; raises InvalidParameters for every mistake of the request."""
    values: dict[str, Any] = parameters.values
    _period(parameters, "from_date", "to_date")
    activity = _period(parameters, "activity_from", "activity_to")
    _check_sorting(parameters)
    parameters.check()
    return CampaignQuery(
        **{name: values[name] for name in _AS_READ if name in values},
        activity=activity,
        metrics=_in_order(values.get("metrics", ())),
        # An order alone is that of the list as it is, newest first unless it says otherwise.
        sort_by=values.get("sort_by", "created_at" if "sort_order" in values else ""),
        descending=values.get("sort_order") != "asc",
        page=values.get("page"),
        limit=values.get("limit"),
    )


_AS_READ = ("status", "from_date", "to_date", "campaign_id", "search")


def timeline_query(
    parameters: Parameters, *, today: Callable[[], date], most_days: int
) -> TimelineQuery:
    """The question about days, of at most ``most_days``; ``today`` is asked if it is needed.

    Raises InvalidParameters for every mistake of the request.
    """
    values: dict[str, Any] = parameters.values
    period = _window(parameters, today=today, most_days=most_days)
    parameters.check()
    return TimelineQuery(
        period=period,
        campaign_id=values.get("campaign_id", ()),
        status=values.get("status", ""),
        interval=values.get("interval", "day"),
        metrics=_in_order(values.get("metrics", ())),
    )


def _window(parameters: Parameters, *, today: Callable[[], date], most_days: int) -> Period:
    values: dict[str, Any] = parameters.values
    if not parameters.refused("from_date", "to_date"):
        from_date, to_date = values.get("from_date"), values.get("to_date")
        last = to_date or today()
        try:
            return resolve(from_date=from_date, to_date=to_date, today=last, most_days=most_days)
        except InvalidPeriod as error:
            type_ = MistakeType.TOO_MANY if error.too_long else MistakeType.CONTRADICTORY
            parameters.refuse(error.parameter, type_, error.reason)
    raise InvalidParameters(parameters.mistakes)


def _period(parameters: Parameters, first: str, last: str) -> Period | None:
    """The days between two parameters, to either end of the calendar where one is missing."""
    values: dict[str, Any] = parameters.values
    if first not in values and last not in values:
        return None
    try:
        return Period(values.get(first, date.min), values.get(last, date.max))
    except InvalidPeriod as error:
        parameters.refuse(first, MistakeType.CONTRADICTORY, error.reason)
        return None


def _check_sorting(parameters: Parameters) -> None:
    """Only what is in the answer can be sorted by."""
    values: dict[str, Any] = parameters.values
    sort_by, names = values.get("sort_by"), values.get("metrics", ())
    for metric in OPTIONAL_METRICS:
        missing = metric.kind not in names and not parameters.refused("metrics")
        if missing and sort_by in (metric.total, metric.rate):
            message = f"Give metrics={metric.kind} as well."
            parameters.refuse("sort_by", MistakeType.CONTRADICTORY, message)


def _in_order(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in OPTIONAL_NAMES if name in names)
