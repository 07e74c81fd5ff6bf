"""Reports from a real streaming replica, which lags, goes away and comes back."""

from datetime import date
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connections, router
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from analytics.models import DailyTotals
from analytics.periods import Period
from analytics.replica import ReplicaRouter, check_replica
from analytics.reports import campaign_report, timeline_report
from apikeys.models import APIKey
from campaigns.models import Campaign
from tests.factories import CampaignFactory
from tests.postgres import temporary_server
from tests.site import CAMPAIGN, Site, wait_until

CAMPAIGNS = "/api/public/v1/analytics/campaigns"
TIMELINE = f"{CAMPAIGNS}/timeline?from_date=2024-01-01&to_date=2024-01-31"


class SecondRouter(ReplicaRouter):
    """Without a replica: reports go to the second alias, always."""

    def db_for_read(self, model, *, report=False, **hints):
        return "second" if report else None


class TestWhichReadsGoThere:
    @pytest.fixture(autouse=True)
    def routed(self, second_alias):
        with override_settings(DATABASE_ROUTERS=[SecondRouter()]):
            yield

    @pytest.fixture
    def read(self):
        """How many statements each alias was asked."""

        def of(report):
            with (
                CaptureQueriesContext(connections["default"]) as usual,
                CaptureQueriesContext(connections["second"]) as second,
            ):
                report()
            return len(usual), len(second)

        return of

    def test_reports_do(self, read):
        campaign = CampaignFactory()
        workspace_id, period = campaign.workspace_id, Period(date(2024, 1, 1), date(2024, 1, 31))
        active = Campaign.objects.filter(status="ACTIVE")

        assert read(lambda: timeline_report(workspace_id=workspace_id, period=period)) == (0, 1)
        assert read(lambda: campaign_report(workspace_id=workspace_id)) == (0, 1)
        assert read(lambda: campaign_report(workspace_id=workspace_id, campaigns=active)) == (0, 1)

    @pytest.mark.parametrize("model", [APIKey, Campaign, DailyTotals])
    def test_nothing_else_does(self, model):
        assert router.db_for_read(model) == "default"
        assert router.db_for_write(model) == "default"


@pytest.mark.parametrize("alias", ["replica", "default"])
def test_a_replica_that_can_be_none_is_an_error(alias):
    """There is no such database, or it is not PostgreSQL's standby of the one that is written."""
    named = type("Named", (ReplicaRouter,), {"alias": alias})
    with override_settings(DATABASE_ROUTERS=[named()]):
        assert [issue.id for issue in check_replica()] == ["mailmetrics.E007"]


def test_a_site_without_a_replica_has_nothing_to_check():
    assert check_replica() == []


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    with temporary_server() as primary:
        site = Site(primary, tmp_path_factory.mktemp("site"))
        with primary.replica() as replica:
            password = urlsplit(primary.url).password
            ask(primary, f"CREATE ROLE reader LOGIN PASSWORD '{password}'")
            ask(primary, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
            site.environment["REPLICA_URL"] = as_reader(replica)
            yield site, replica


def as_reader(server):
    """As a role that may do no more than read the tables."""
    return server.url.replace("//postgres:", "//reader:")


@pytest.fixture
def replica(servers):
    server = servers[1]
    yield server
    server.restart()
    ask(server, "SELECT pg_wal_replay_resume()")


@pytest.fixture
def site(servers, replica, request):
    """Its workers read from the replica, and have all events of the tests before."""
    site = servers[0]
    site.environment["REPLICA_MAX_LAG"] = str(request.param)
    with site.served():
        wait_until(lambda: replica_state(site) == "used" and sent(site) == recorded(site))
        yield site


patient = pytest.mark.parametrize("site", [300], indirect=True, ids=["lag 300 s"])
impatient = pytest.mark.parametrize("site", [2], indirect=True, ids=["lag 2 s"])


def ask(server, statement):
    with psycopg.connect(server.url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone() if cursor.description else None


def record(site):
    """One message more, on the primary."""
    lines = site.folder / "one.csv"
    header = "campaign_id,message_id,kind,occurred_at"
    lines.write_text(f"{header}\n{CAMPAIGN},{site.count()},sent,2024-01-15T10:00:00Z\n")
    site.manage("import_events", "acme", lines)


def recorded(site):
    return site.count(), site.count()


def sent(site):
    """As each of the two answers counts it."""
    status, _, timeline = site.ask(TIMELINE)
    assert status == 200, timeline
    status, _, campaigns = site.ask(f"{CAMPAIGNS}?status=ACTIVE")
    assert status == 200, campaigns
    return (
        sum(day["sent"] for day in timeline["timeline"]),
        campaigns["workspace_kpis"]["total_sends"],
    )


def replica_state(site):
    """As one of two workers knows it, each by its own look a second ago or five."""
    status, _, readiness = site.ask("/health/ready")
    assert (status, readiness["status"]) == (200, "ready")
    return readiness["replica"]


# The servers and the site are processes of the tests' own: one database's run is enough.
@pytest.mark.sqlite
class TestAStreamingReplica:
    @patient
    def test_answers_reports(self, site, replica):
        record(site)
        wait_until(lambda: sent(site) == recorded(site))
        ask(replica, "SELECT pg_wal_replay_pause()")
        before = sent(site)
        record(site)

        assert [sent(site) for _ in range(10)] == [before] * 10
        ask(replica, "SELECT pg_wal_replay_resume()")
        wait_until(lambda: sent(site) == recorded(site))

    @patient
    def test_does_not_keep_a_revoked_key_alive(self, site, replica):
        ask(replica, "SELECT pg_wal_replay_pause()")
        keys = APIKey._meta.db_table
        ask(site.server, f"UPDATE {keys} SET revoked_at = now()")
        try:
            assert [site.ask(TIMELINE)[0] for _ in range(5)] == [401] * 5
        finally:
            ask(site.server, f"UPDATE {keys} SET revoked_at = NULL")

    @impatient
    def test_that_lags_is_passed_over_until_it_has_caught_up(self, site, replica):
        ask(replica, "SELECT pg_wal_replay_pause()")
        record(site)

        wait_until(lambda: sent(site) == recorded(site))
        wait_until(lambda: replica_state(site) == "lags")
        ask(replica, "SELECT pg_wal_replay_resume()")
        wait_until(lambda: replica_state(site) == "used")
        wait_until(lambda: sent(site) == recorded(site))

    @impatient
    def test_that_goes_away_costs_no_answer_and_is_asked_again_once_it_is_back(self, site, replica):
        replica.stop("immediate")

        assert [sent(site) for _ in range(10)] == [recorded(site)] * 10
        wait_until(lambda: replica_state(site) == "down")
        replica.start()
        wait_until(lambda: replica_state(site) == "used")
        assert sent(site) == recorded(site)

    @impatient
    def test_that_follows_no_longer_is_passed_over(self, site, replica):
        with site.server.replica() as promoted:
            site.environment["REPLICA_URL"] = as_reader(promoted)
            ask(promoted, "SELECT pg_promote()")
            try:
                with site.served():
                    record(site)
                    wait_until(lambda: sent(site) == recorded(site))
                    wait_until(lambda: replica_state(site) == "lags")
            finally:
                site.environment["REPLICA_URL"] = as_reader(replica)

    @patient
    def test_is_verified_and_checked_but_never_migrated(self, site, replica):
        site.manage("verify_totals", "--database", "replica")
        site.manage("check", "--database", "default", "--database", "replica")
        assert "No migrations to apply" in site.manage("migrate", "--database", "replica")
