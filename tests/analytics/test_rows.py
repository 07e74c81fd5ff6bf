"""What is read past the ORM: the same values, on every kind of site and for any query."""

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.test import Client

from analytics import reports
from analytics.models import DailyTotals
from apikeys.models import APIKey
from campaigns.base.rows import fetched
from campaigns.models import Campaign, EmailEvent, EventKind
from campaigns.recording import Event, record_events
from tests.factories import CampaignFactory, WorkspaceFactory, new_key
from tests.routes import API

pytestmark = pytest.mark.django_db

# In Berlin, both were 02:30 on that day.
INSTANTS = [datetime(2024, 10, 27, 0, 30, tzinfo=UTC), datetime(2024, 10, 27, 1, 30, tzinfo=UTC)]


def listed(workspace, campaigns=None):
    report = reports.campaign_report(workspace_id=workspace.pk, campaigns=campaigns)
    return [(row["campaign_name"], row["created_at"]) for row in report["campaigns"]]


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("instant", INSTANTS, ids=str)
def test_an_instant_is_in_utc_on_every_site(instant):
    campaign = CampaignFactory(created_at=instant)
    ((_, created_at),) = listed(campaign.workspace)
    assert (created_at, created_at.tzinfo, created_at.fold) == (instant, UTC, 0)


def test_any_query_may_choose_the_campaigns():
    workspace = WorkspaceFactory()
    for name in ("100% of all", "half"):
        CampaignFactory(workspace=workspace, name=name, created_at=INSTANTS[0])
    CampaignFactory(name="100% of theirs")

    campaigns = Campaign.objects.filter(name__contains="0%")
    assert listed(workspace, campaigns) == [("100% of all", INSTANTS[0])]
    assert listed(workspace, Campaign.objects.exclude(name__contains="0%")) == [
        ("half", INSTANTS[0])
    ]
    assert listed(workspace, Campaign.objects.none()) == []
    assert listed(workspace, Campaign.objects.filter(pk__in=[])) == []


def test_what_watches_the_queries_may_read_something_itself():
    def read_too(execute, sql, *rest):
        answer = execute(sql, *rest)
        if sql != "SELECT 2":
            assert fetched("default", "SELECT 2") == [(2,)]
        return answer

    assert fetched("default", "SELECT 1") == [(1,)]
    with connection.execute_wrapper(read_too):
        assert fetched("default", "SELECT 1") == [(1,)]


def test_what_a_backend_does_for_each_cursor_is_done(monkeypatch):
    done = []

    class Backend(type(connections["default"])):
        def _cursor(self, name=None):
            done.append(name)
            return super()._cursor(name)

    with monkeypatch.context() as patch:
        patch.setattr(connections["default"], "__class__", Backend)
        assert fetched("default", "SELECT 1") == [(1,)]
    assert done == [None]


def test_what_watches_a_connection_or_forbids_it_is_asked(monkeypatch):
    def forbidden():
        raise AssertionError("No queries here.")

    with monkeypatch.context() as patch:
        patch.setattr(connections["default"], "cursor", forbidden)
        with pytest.raises(AssertionError, match="No queries here"):
            fetched("default", "SELECT 1")


def test_a_query_that_failed_leaves_nothing_for_the_next():
    with pytest.raises(DatabaseError), transaction.atomic():
        fetched("default", "SELECT nothing")
    assert fetched("default", "SELECT 1") == [(1,)]


@pytest.fixture
def preparing():
    """As on a site whose database has the option ``prepare_threshold``."""
    connection.ensure_connection()
    connection.connection.prepare_threshold = 0
    yield
    connection.connection.prepare_threshold = None


@pytest.mark.postgresql
@pytest.mark.usefixtures("preparing")
def test_what_every_request_reads_can_be_prepared():
    campaign = CampaignFactory(created_at=INSTANTS[0])
    client = Client(headers={"X-API-Key": new_key(workspace=campaign.workspace)})
    campaigns = f"/{API}analytics/campaigns"
    for url in (campaigns, f"{campaigns}/timeline"):
        assert client.get(url).content == client.get(url).content
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        prepared = " ".join(statement for (statement,) in cursor.fetchall())
    for model in (APIKey, Campaign, DailyTotals):
        assert f"FROM {model._meta.db_table}" in prepared.replace('"', "")


@pytest.mark.postgresql
@pytest.mark.usefixtures("preparing")
def test_what_records_few_events_is_the_same_statement_for_each():
    campaign = CampaignFactory()
    for number in range(3):
        event = Event(campaign.pk, f"m{number}", EventKind.SENT, INSTANTS[0])
        record_events(workspace=campaign.workspace, events=[event])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s",
            [f"%INSERT INTO {EmailEvent._meta.db_table} %"],
        )
        assert cursor.fetchone() == (1,)
