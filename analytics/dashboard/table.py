"""The table of campaigns: a page of them as text, and where its links lead."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.utils.functional import Promise

from analytics import reports
from analytics.dashboard.addresses import query_with
from analytics.dashboard.figures import NOTHING, count_text, rate_text, short_day
from analytics.dashboard.filters import DashboardFilter
from analytics.dashboard.table_form import ASCENDING_FIRST, TableForm, fields
from analytics.listing import Pagination
from analytics.metrics import CORE_METRICS, Metric, optional_metrics
from analytics.parameters.narrowing import named
from campaigns.models import Campaign, CampaignStatus

PER_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A column's; ``query`` is that of the link that sorts by it, ``sorted`` its aria-sort."""

    label: str | Promise
    query: str
    sorted: str
    word: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A campaign as text; its days are those of the workspace's time zone."""

    id: str
    name: str
    status: str
    status_text: str | Promise
    created: date
    launched: date | None
    figures: Sequence[str]
    chosen: bool

    @property
    def created_text(self) -> str:
        return short_day(self.created)

    @property
    def launched_text(self) -> str:
        return short_day(self.launched) if self.launched else NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A page of it, with the queries of its links; those it has not are ""."""

    headings: Sequence[Heading]
    rows: Sequence[Row]
    kpis: reports.WorkspaceKPIs
    first: int
    last: int
    pagination: Pagination
    first_page: str
    previous_page: str
    next_page: str
    last_page: str
    chosen_elsewhere: Sequence[tuple[str, str]]

    @property
    def extent(self) -> dict[str, str]:
        return {
            "first": count_text(self.first),
            "last": count_text(self.last),
            "total": count_text(self.pagination["total"]),
        }

    @property
    def found(self) -> dict[str, str]:
        """What all campaigns of the table sent, on whichever page, and their pooled rates."""
        sent, kpis = self.kpis["total_sends"], cast(Mapping[str, Any], self.kpis)
        rates = {metric.rate: kpis[metric.average] for metric in CORE_METRICS if metric.rate}
        return {
            "sent": count_text(sent),
            **{name: rate_text(value) if sent else NOTHING for name, value in rates.items()},
        }


def read_campaigns(
    form: TableForm, asked: DashboardFilter, *, page: int | None = None
) -> reports.CampaignReport:
    """The campaigns that the table is about, all of them without ``page``; only of valid forms."""
    values, (sort_by, descending) = form.cleaned_data, form.sort
    campaigns = asked.narrowed
    if values["search"]:
        campaigns = Campaign.objects.all() if campaigns is None else campaigns
        campaigns = campaigns.filter(named(values["search"]))
    return reports.campaign_report(
        workspace_id=asked.workspace_id,
        campaigns=campaigns,
        activity=asked.period,
        metrics=form.chosen_metrics,
        sort_by=sort_by,
        descending=descending,
        page=page,
        limit=page and PER_PAGE,
        least_sent=values["least_sent"] or 0,
        unsent_last=True,
        with_launch=True,
    )


def make_table(
    form: TableForm, report: reports.CampaignReport, asked: DashboardFilter, *, given: QueryDict
) -> Table:
    """The report's page as a table; ``given`` are all of the request's parameters."""
    chosen = {str(each) for each in form.compared}
    metrics = optional_metrics(form.chosen_metrics)
    listed, place = report["campaigns"], report["pagination"]
    start = (place["page"] - 1) * PER_PAGE
    return Table(
        headings=list(_headings(form, given)),
        rows=[make_row(row, metrics, zone=asked.zone, chosen=chosen) for row in listed],
        kpis=report["workspace_kpis"],
        first=start + 1 if listed else 0,
        last=start + len(listed) if listed else 0,
        pagination=place,
        chosen_elsewhere=_names(
            asked.workspace_id, chosen - {row["campaign_id"] for row in listed}
        ),
        **_page_links(place, given),
    )


def _page_links(place: Pagination, given: QueryDict) -> dict[str, str]:
    page, pages = place["page"], place["pages"]
    # From a page past the last one the way back is to the last.
    back, on = min(page - 1, pages), page + 1
    leads = {
        "first_page": (1, page > 1 and pages > 0),
        "previous_page": (back, back >= 1),
        "next_page": (on, on <= pages),
        "last_page": (pages, page < pages),
    }
    return {
        name: query_with(given, page=str(number)) if there else ""
        for name, (number, there) in leads.items()
    }


def _headings(form: TableForm, given: QueryDict) -> Iterator[Heading]:
    sort_by, descending = form.sort
    for name, label, word in fields(form.chosen_metrics):
        is_sorted = name == sort_by
        down = not descending if is_sorted else name not in ASCENDING_FIRST
        order = "desc" if down else "asc"
        yield Heading(
            label=label,
            query=query_with(given, sort_by=name, sort_order=order, page=""),
            sorted=("descending" if descending else "ascending") if is_sorted else "",
            word=word,
        )


def make_row(
    row: reports.CampaignRow, metrics: Iterable[Metric], *, zone: str, chosen: Collection[str]
) -> Row:
    """The figures of the core metrics and of these; ``chosen`` are ids of campaigns."""
    launched = row["launched_at"]
    return Row(
        id=row["campaign_id"],
        name=row["campaign_name"],
        status=row["status"],
        status_text=CampaignStatus(row["status"]).label,
        created=day_of(row["created_at"], zone),
        launched=launched and day_of(launched, zone),
        figures=list(_figures(cast(dict[str, Any], row), (*CORE_METRICS, *metrics))),
        chosen=row["campaign_id"] in chosen,
    )


def day_of(instant: datetime, zone: str) -> date:
    return instant.astimezone(ZoneInfo(zone)).date()


def _figures(row: dict[str, Any], metrics: Sequence[Metric]) -> Iterator[str]:
    yield count_text(row["total_leads"])
    yield from (count_text(row[metric.total]) for metric in metrics)
    rates = (metric.rate for metric in metrics if metric.rate)
    yield from (rate_text(row[rate]) if row["total_sent"] else NOTHING for rate in rates)


def _names(workspace_id: int, ids: Collection[str]) -> list[tuple[str, str]]:
    """The ids and names of those that are the workspace's."""
    if not ids:
        return []
    campaigns = Campaign.objects.filter(workspace_id=workspace_id, pk__in=ids)
    names = campaigns.order_by("name", "pk").values_list("pk", "name")
    return [(str(pk), name) for pk, name in names]
