"""Pages whose reports are of one moment, whatever is written while they are read."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection, transaction

from analytics.periods import Period
from analytics.reports import campaign_report, timeline_report
from analytics.snapshots import in_one_snapshot
from campaigns.models import EventKind
from campaigns.recording import Event, record_events
from tests.analytics.dashboards import PAGE, Page, number
from tests.factories import CampaignFactory, WorkspaceFactory
from tests.together import background

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
WINDOW = {"from_date": "2024-05-01", "to_date": "2024-05-31"}


@pytest.fixture
def campaigns():
    workspace = WorkspaceFactory(name="Acme")
    made = CampaignFactory.create_batch(2, workspace=workspace, status="ACTIVE")
    for campaign in made:
        record(campaign, 3)
    return made


def record(campaign, first, count=3):
    sent = [
        Event(campaign.pk, f"{campaign.pk}-{n}", EventKind.SENT, NOON)
        for n in range(first, first + count)
    ]
    record_events(workspace=campaign.workspace, events=sent)


@pytest.fixture
def busy(campaigns):
    """Record mail from elsewhere after each statement that reads totals; how often it did."""
    written = []

    def meanwhile(execute, sql, params, many, context):
        answer = execute(sql, params, many, context)
        if "dailytotals" in sql:
            written.append(sql)
            with background() as start:
                start(record, campaigns[0], 100 * len(written)).result()
        return answer

    with connection.execute_wrapper(meanwhile):
        yield written


def sent(page, table, column):
    return sum(number(row[column]) for row in page.tables[table][1:])


@pytest.mark.parametrize("choice", [{}, {"status": "ACTIVE"}, {"search": "a"}], ids=str)
def test_the_dashboard(admin_client, campaigns, busy, choice):
    page = Page(admin_client.get(PAGE, WINDOW | choice).content.decode())
    assert len(busy) == 2
    figure = number(page.kpis["Sent"])
    assert figure == 6
    assert sent(page, "mm-timeline-table", 1) == figure
    assert sent(page, "mm-campaigns-table", 6) == figure


def test_a_campaigns_page(admin_client, campaigns, busy):
    answer = admin_client.get(f"{PAGE}campaigns/{campaigns[0].pk}/?rank_least_sent=1", WINDOW)
    page = Page(answer.content.decode())
    assert len(busy) == 3
    assert number(page.kpis["Sent"]) == sent(page, "mm-timeline-table", 1) == 3


def test_a_comparison(admin_client, campaigns, busy):
    chosen = {"compare": [str(each.pk) for each in campaigns]}
    page = Page(admin_client.get(f"{PAGE}compare/", WINDOW | chosen).content.decode())
    assert len(busy) == 3
    (totals,) = [row[1:] for row in page.tables["mm-compared-table"] if row[0] == "Sent"]
    assert [number(text) for text in totals] == [
        sent(page, "mm-sent-table", column) for column in (1, 2)
    ]


def test_the_next_page_has_what_was_written(admin_client, campaigns, busy):
    seen = [number(Page(admin_client.get(PAGE, WINDOW).content.decode()).kpis["Sent"])]
    seen.append(number(Page(admin_client.get(PAGE, WINDOW).content.decode()).kpis["Sent"]))
    assert seen == [6, 12]


def test_a_failure_leaves_no_transaction_behind(campaigns):
    with pytest.raises(ZeroDivisionError):
        in_one_snapshot(lambda: 1 / 0)
    assert not connection.in_atomic_block
    record(campaigns[0], 50)
    with transaction.atomic():
        pass


def test_in_a_transaction_of_the_callers_it_goes_on(campaigns):
    period = Period(date(2024, 5, 1), date(2024, 5, 31))
    workspace_id = campaigns[0].workspace_id
    with transaction.atomic():
        record(campaigns[0], 50)
        days, rows = in_one_snapshot(
            lambda: (
                timeline_report(workspace_id=workspace_id, period=period)["timeline"],
                campaign_report(workspace_id=workspace_id)["campaigns"],
            )
        )
        record(campaigns[0], 60)
    assert days[0]["sent"] == sum(row["total_sent"] for row in rows) == 9


def test_atomic_requests_open_none(admin_client, campaigns, busy, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    page = Page(admin_client.get(PAGE, WINDOW).content.decode())
    assert len(busy) == 2
    assert number(page.kpis["Sent"]) == sent(page, "mm-campaigns-table", 6) == 6
