"""What may be asked of the reports beyond the page: days of activity, metrics, order, pages,
intervals, campaigns; each held against the events themselves."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID

import pytest

from analytics.metrics import CORE_METRICS, METRICS, OPTIONAL_METRICS, rate
from analytics.periods import Period
from analytics.reports import campaign_report, timeline_report
from campaigns.models import Campaign, EmailEvent, EventKind
from campaigns.recording import Event, record_events
from tests.factories import CampaignFactory, WorkspaceFactory

pytestmark = pytest.mark.django_db

FIRST = date(2024, 1, 29)  # a Monday; the weeks and months that follow are cut by each other
PERIOD = Period(FIRST + timedelta(days=2), FIRST + timedelta(days=37))
ALL = [metric.kind for metric in OPTIONAL_METRICS]
PAGES_OWN = ["total_sent", "total_opened", "total_replied", "total_bounced"]


@pytest.fixture
def workspace():
    """Three campaigns with events of every kind over six weeks; another workspace beside it."""
    chance = Random(7)
    workspace, other = WorkspaceFactory(), WorkspaceFactory()
    for owner in (workspace, other):
        events = []
        for number, status in enumerate(["ACTIVE", "DRAFT", "ACTIVE"]):
            campaign = CampaignFactory(
                workspace=owner,
                name="bac"[number],
                status=status,
                created_at=datetime(2024, 1, 1 + number, tzinfo=UTC),
                launched_at=None if number == 1 else datetime(2024, 1, 20 - number, tzinfo=UTC),
            )
            events += [
                Event(
                    campaign.pk,
                    f"{number} {message}",
                    kind,
                    datetime.combine(FIRST, datetime.min.time(), UTC)
                    + timedelta(hours=chance.randrange(24 * 42)),
                )
                for message in range(40)
                for kind in EventKind
                if kind == EventKind.SENT or chance.random() < 0.5
            ]
        record_events(workspace=owner, events=events)
    return workspace


def counted(workspace, period=None, campaigns=None):
    """The events themselves, counted by campaign, day and kind."""
    events = EmailEvent.objects.filter(workspace=workspace)
    if campaigns is not None:
        events = events.filter(campaign__in=campaigns)
    counts = Counter()
    for name, instant, kind in events.values_list("campaign__name", "occurred_at", "kind"):
        if period is None or period.first <= instant.date() <= period.last:
            counts[name, instant.date(), EventKind(kind).label] += 1
    return counts


def summed(counts, kind, *, name=None, days=None):
    return sum(
        count
        for (of, day, what), count in counts.items()
        if what == kind and name in (None, of) and (days is None or day in days)
    )


def names(report):
    return [row["campaign_name"] for row in report["campaigns"]]


def test_activity_counts_what_happened_on_its_days_and_lists_the_same_campaigns(workspace):
    counts = counted(workspace, PERIOD)

    report = campaign_report(workspace_id=workspace.pk, activity=PERIOD, metrics=ALL)

    assert names(report) == ["c", "a", "b"]
    for row in report["campaigns"]:
        for metric in METRICS:
            count = summed(counts, metric.kind, name=row["campaign_name"])
            assert row[metric.total] == count
            if metric.rate:
                assert row[metric.rate] == rate(count, row["total_sent"])
    sent = summed(counts, "sent")
    assert report["workspace_kpis"] == {
        "total_campaigns": 3,
        "total_sends": sent,
        **{
            metric.average: rate(summed(counts, metric.kind), sent)
            for metric in METRICS
            if metric.rate
        },
    }


def test_activity_of_a_time_without_events_is_all_zero(workspace):
    idle = Period(date(2020, 1, 1), date(2020, 1, 31))

    report = campaign_report(workspace_id=workspace.pk, activity=idle)

    assert [[row[name] for name in PAGES_OWN] for row in report["campaigns"]] == [[0] * 4] * 3


@pytest.mark.parametrize("interval", ["day", "week", "month"])
@pytest.mark.parametrize("narrowed", [False, True])
def test_weeks_and_months_are_sums_of_the_days_that_lie_in_the_window(
    workspace, interval, narrowed
):
    active = Campaign.objects.filter(status="ACTIVE") if narrowed else None
    counts = counted(workspace, PERIOD, active)

    report = timeline_report(
        workspace_id=workspace.pk,
        period=PERIOD,
        campaigns=active,
        interval=interval,
        metrics=ALL,
    )

    spans = list(PERIOD.split(interval))
    assert len(spans) == {"day": 36, "week": 6, "month": 3}[interval]
    assert report == {
        "timeline": [
            {
                "date": span.first,
                **{metric.kind: summed(counts, metric.kind, days=set(span)) for metric in METRICS},
                **{
                    metric.rate: rate(
                        summed(counts, metric.kind, days=set(span)),
                        summed(counts, "sent", days=set(span)),
                    )
                    for metric in METRICS
                    if metric.rate
                },
            }
            for span in spans
        ],
        "from_date": PERIOD.first,
        "to_date": PERIOD.last,
    }


def test_the_same_window_has_the_same_sums_in_both_reports(workspace):
    for campaigns in (None, Campaign.objects.filter(status="ACTIVE"), Campaign.objects.none()):
        common = {"workspace_id": workspace.pk, "campaigns": campaigns, "metrics": ALL}
        listed = campaign_report(activity=PERIOD, **common)["campaigns"]
        days = timeline_report(period=PERIOD, **common)["timeline"]
        for metric in METRICS:
            assert sum(row[metric.total] for row in listed) == sum(day[metric.kind] for day in days)


def test_named_metrics_follow_the_pages_own_fields_in_their_own_order(workspace):
    plain = campaign_report(workspace_id=workspace.pk)
    more = campaign_report(workspace_id=workspace.pk, metrics=["machine_opened", "clicked"])

    added = ["total_clicked", "click_rate", "total_machine_opened", "machine_open_rate"]
    assert list(more["campaigns"][0]) == [*plain["campaigns"][0], *added]
    assert list(more["workspace_kpis"]) == [
        *plain["workspace_kpis"],
        "avg_click_rate",
        "avg_machine_open_rate",
    ]
    day = timeline_report(workspace_id=workspace.pk, period=PERIOD, metrics=["clicked"])
    assert list(day["timeline"][0])[-2:] == ["clicked", "click_rate"]


def test_ids_choose_as_a_queryset_of_them_does(workspace):
    ids = list(Campaign.objects.values_list("pk", flat=True))  # of another workspace, too
    some, many = ids[:2], [*ids, *(UUID(int=number) for number in range(2_000))]
    active = Campaign.objects.filter(status="ACTIVE")
    for chosen in ([], some, many):
        for campaigns in (None, active, Campaign.objects.none()):
            common = {"workspace_id": workspace.pk, "metrics": ALL}
            by_ids = {**common, "campaigns": campaigns, "campaign_ids": chosen}
            base = Campaign.objects.all() if campaigns is None else campaigns
            by_rows = {**common, "campaigns": base.filter(pk__in=chosen)}
            for choice in ({}, {"activity": PERIOD}, {"limit": 1, "sort_by": "open_rate"}):
                assert campaign_report(**by_ids, **choice) == campaign_report(**by_rows, **choice)
            assert timeline_report(**by_ids, period=PERIOD) == timeline_report(
                **by_rows, period=PERIOD
            )


def refuse(read):
    raise ValueError("no answer")


def test_an_error_of_on_read_comes_before_the_answer(workspace):
    read = []
    report = campaign_report(workspace_id=workspace.pk, on_read=read.append)
    assert [row[1] for row in read[0]] == names(report)

    with pytest.raises(ValueError, match="no answer"):
        campaign_report(workspace_id=workspace.pk, limit=1, on_read=refuse)


@pytest.mark.parametrize("metrics", [["sent"], ["clicks"], ["clicked", ""]])
def test_a_metric_that_is_none_is_refused(workspace, metrics):
    with pytest.raises(ValueError, match="no optional metric"):
        campaign_report(workspace_id=workspace.pk, metrics=metrics)


def test_campaigns_are_sorted_by_what_the_answer_shows(workspace):
    for sort_by in [
        *(metric.total for metric in METRICS),
        *(metric.rate for metric in METRICS if metric.rate),
        *("name", "created_at"),
    ]:
        field = "campaign_name" if sort_by == "name" else sort_by
        for descending in (True, False):
            rows = campaign_report(
                workspace_id=workspace.pk, metrics=ALL, sort_by=sort_by, descending=descending
            )["campaigns"]
            values = [row[field] for row in rows]
            assert values == sorted(values, reverse=descending), sort_by


@pytest.mark.parametrize(("descending", "order"), [(True, "bca"), (False, "cba")])
def test_a_campaign_that_was_never_launched_comes_last(workspace, descending, order):
    report = campaign_report(
        workspace_id=workspace.pk, sort_by="launched_at", descending=descending
    )

    assert names(report) == list(order)


@pytest.mark.parametrize("descending", [True, False])
def test_ties_go_by_id(descending):
    workspace = WorkspaceFactory()
    for number in (3, 1, 2):
        CampaignFactory(workspace=workspace, id=UUID(int=number), name=str(number))

    report = campaign_report(workspace_id=workspace.pk, sort_by="total_sent", descending=descending)

    assert names(report) == ["1", "2", "3"]


@pytest.mark.parametrize("sort_by", ["id", "campaign_id", "total_clicked", "click_rate"])
@pytest.mark.parametrize("limit", [None, 2])
def test_nothing_else_sorts(workspace, sort_by, limit):
    with pytest.raises(ValueError, match="can't be sorted by"):
        campaign_report(workspace_id=workspace.pk, sort_by=sort_by, limit=limit)


SORTABLE = [
    *("", "created_at", "launched_at", "name", "total_leads"),
    *(metric.total for metric in METRICS),
    *(metric.rate for metric in METRICS if metric.rate),
]


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("activity", [None, PERIOD])
@pytest.mark.parametrize("narrowed", ["no", "filtered", "sliced", "none"])
def test_pages_are_the_whole_answer_cut(workspace, descending, activity, narrowed):
    for number in range(3):  # ties, names beyond ASCII, and campaigns without events
        CampaignFactory(workspace=workspace, name="äÄZ"[number], total_leads=7)
    everything = Campaign.objects.all()
    campaigns = {
        "no": None,
        "filtered": everything.exclude(name="b"),
        "sliced": everything.filter(workspace=workspace).order_by("name")[1:5],
        "none": everything.none(),
    }[narrowed]
    for sort_by in SORTABLE:
        question = {
            "workspace_id": workspace.pk,
            "campaigns": campaigns,
            "activity": activity,
            "metrics": ALL,
            "sort_by": sort_by,
            "descending": descending,
        }
        whole = campaign_report(**question)
        pages = [campaign_report(**question, page=page, limit=2) for page in (1, 2, 3, 4)]
        assert [row for page in pages for row in page["campaigns"]] == whole["campaigns"], sort_by
        assert [page["workspace_kpis"] for page in pages] == [whole["workspace_kpis"]] * 4
        assert {page["pagination"]["total"] for page in pages} == {len(whole["campaigns"])}


@pytest.mark.parametrize(
    ("page", "limit", "listed", "pagination"),
    [
        (1, 2, "ca", (1, 2, 3, 2, True, False)),
        (2, 2, "b", (2, 2, 3, 2, False, True)),
        (9, 2, "", (9, 2, 3, 2, False, True)),
        (None, 3, "cab", (1, 3, 3, 1, False, False)),
        (1, None, "cab", (1, 100, 3, 1, False, False)),
    ],
)
def test_a_page_lists_its_part_and_the_kpis_cover_all(workspace, page, limit, listed, pagination):
    whole = campaign_report(workspace_id=workspace.pk)

    report = campaign_report(workspace_id=workspace.pk, page=page, limit=limit)

    assert list(report) == ["workspace_kpis", "campaigns", "pagination"]
    assert names(report) == list(listed)
    assert report["workspace_kpis"] == whole["workspace_kpis"]
    assert tuple(report["pagination"].values()) == pagination
    assert list(report["pagination"]) == [
        *("page", "limit", "total", "pages", "has_next", "has_prev"),
    ]


@pytest.mark.parametrize("limit", [None, 2])
@pytest.mark.parametrize("activity", [None, PERIOD])
def test_campaigns_that_sent_fewer_than_the_least_are_left_out(workspace, activity, limit):
    CampaignFactory(workspace=workspace, name="unsent")
    whole = campaign_report(workspace_id=workspace.pk, activity=activity, metrics=ALL)
    sends = sorted(row["total_sent"] for row in whole["campaigns"])
    assert sends[0] == 0
    for least in (0, 1, sends[1], sends[1] + 1, sends[-1], sends[-1] + 1):
        report = campaign_report(
            workspace_id=workspace.pk, activity=activity, least_sent=least, limit=limit, metrics=ALL
        )
        kept = [row for row in whole["campaigns"] if row["total_sent"] >= least]
        assert report["campaigns"] == kept[:limit]
        kpis = report["workspace_kpis"]
        assert kpis["total_campaigns"] == len(kept)
        assert kpis["total_sends"] == sum(row["total_sent"] for row in kept)


@pytest.mark.parametrize("limit", [None, 3])
def test_the_least_sends_go_with_chosen_campaigns(workspace, limit):
    chosen = Campaign.objects.filter(name__in="ab")
    report = campaign_report(
        workspace_id=workspace.pk,
        campaigns=chosen,
        activity=PERIOD,
        least_sent=1,
        sort_by="name",
        descending=False,
        limit=limit,
    )
    assert names(report) == ["a", "b"]


@pytest.mark.parametrize("limit", [None, 9])
@pytest.mark.parametrize("descending", [True, False])
def test_a_campaign_that_sent_nothing_may_come_last_by_each_rate(workspace, descending, limit):
    CampaignFactory(workspace=workspace, name="unsent")
    for metric in METRICS[1:]:
        question = {
            "workspace_id": workspace.pk,
            "metrics": ALL,
            "sort_by": metric.rate,
            "descending": descending,
            "limit": limit,
        }
        plain = names(campaign_report(**question))
        assert plain[-1 if descending else 0] == "unsent"
        plain.remove("unsent")
        assert names(campaign_report(**question, unsent_last=True)) == [*plain, "unsent"]


@pytest.mark.parametrize("limit", [None, 9])
def test_the_launch_is_told_if_it_is_asked_for(workspace, limit):
    plain = campaign_report(workspace_id=workspace.pk, limit=limit)["campaigns"]
    assert not any("launched_at" in row for row in plain)
    report = campaign_report(workspace_id=workspace.pk, with_launch=True, limit=limit)
    launched = dict(Campaign.objects.filter(workspace=workspace).values_list("name", "launched_at"))
    assert {row["campaign_name"]: row["launched_at"] for row in report["campaigns"]} == launched
    assert {launch and launch.tzinfo for launch in launched.values()} == {None, UTC}


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("limit", [None, 9])
def test_campaigns_are_sorted_by_their_status_and_ties_by_id(workspace, descending, limit):
    report = campaign_report(
        workspace_id=workspace.pk, sort_by="status", descending=descending, limit=limit
    )
    statuses = [row["status"] for row in report["campaigns"]]
    assert statuses == sorted(statuses, reverse=descending)
    tied = [row["campaign_id"] for row in report["campaigns"] if row["status"] == "ACTIVE"]
    assert tied == sorted(tied)


def test_a_page_of_nothing_has_no_pages():
    report = campaign_report(workspace_id=WorkspaceFactory().pk, limit=5)

    assert report["campaigns"] == []
    assert tuple(report["pagination"].values()) == (1, 5, 0, 0, False, False)


def test_each_is_one_query_whatever_is_asked(workspace, django_assert_num_queries):
    active = Campaign.objects.filter(status="ACTIVE")
    with django_assert_num_queries(1):
        campaign_report(
            workspace_id=workspace.pk,
            campaigns=active,
            activity=PERIOD,
            metrics=ALL,
            sort_by="click_rate",
            page=1,
        )
    with django_assert_num_queries(1):
        timeline_report(workspace_id=workspace.pk, period=PERIOD, campaigns=active, metrics=ALL)


def test_the_metrics_are_the_kinds():
    assert [metric.kind for metric in METRICS] == [kind.label for kind in EventKind]
    assert [metric.total for metric in CORE_METRICS] == PAGES_OWN
    assert [metric.label for metric in OPTIONAL_METRICS][-1] == "Machine opened"
