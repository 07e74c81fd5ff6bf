"""A site whose PostgreSQL goes away and comes back: nothing is lost, nothing counts twice."""

import threading

import psycopg
import pytest

from tests.postgres import temporary_server
from tests.site import LINES, Site, wait_until

# The server and the site are processes of the test's own: one database's run is enough.
pytestmark = pytest.mark.sqlite

AWAY = (503, "5", {"detail": "Temporarily unavailable, please try again."})


@pytest.fixture(scope="module")
def kept_site(tmp_path_factory):
    with temporary_server() as server:
        yield Site(server, tmp_path_factory.mktemp("site"))


@pytest.fixture
def site(kept_site):
    """Up, and without events."""
    yield kept_site
    kept_site.environment["DATABASE_URL"] = kept_site.server.url
    kept_site.server.restart()
    with psycopg.connect(kept_site.server.url) as connection:
        connection.execute("TRUNCATE mailmetrics_campaigns_emailevent")


@pytest.mark.parametrize("health_checks", [True, False])
def test_the_api_answers_503_while_the_database_is_away_and_recovers(site, health_checks):
    site.environment["DATABASE_URL"] += f"?conn_health_checks={health_checks}"
    answers, stopped = [], threading.Event()

    def ask():
        while not stopped.is_set():
            answers.append(site.ask())

    with site.served():
        good = site.ask()
        assert good[0] == 200
        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        wait_until(lambda: answers.count(good) > 30)
        site.server.stop("immediate")
        wait_until(lambda: answers.count(AWAY) > 10)
        site.server.start()
        before = answers.count(good)
        wait_until(lambda: answers.count(good) > before + 100)
        stopped.set()
        for thread in threads:
            thread.join()
        assert [site.ask() for _ in range(20)] == [good] * 20
    assert [answer for answer in answers if answer not in (good, AWAY)] == []
    assert site.key not in site.log
    assert "Traceback" not in site.log
    path = "ERROR django.request: /api/public/v1/analytics/campaigns: "
    assert site.log.count(path) == answers.count(AWAY)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_an_import_tells_how_far_it_came_and_the_next_completes_it(site, mode):
    arguments = ("import_events", "acme", site.events, "--batch-size=200")
    with site.start("manage.py", *arguments) as process:
        wait_until(lambda: site.count() > 1000)
        site.server.restart(mode)
        output = process.communicate(timeout=60)[0]
    stored = site.count()
    assert process.returncode == 1, output
    assert stored % 200 == 0
    assert 1000 < stored < LINES
    failed, committed, advice = output.splitlines()
    assert failed.startswith("CommandError: The database failed: ")
    # The batch under way may have been committed without the command's hearing of it.
    assert committed in [
        f"Committed before that: events: {known} new, 0 moved earlier, 0 known."
        for known in (stored, stored - 200)
    ]
    assert advice == "Run the same command again for the rest: nothing counts twice."
    site.manage("verify_totals")
    assert site.manage(*arguments[:3]) == (
        f"events: {LINES - stored} new, 0 moved earlier, {stored} known; 0 lines refused\n"
    )
    assert site.count() == LINES
    site.manage("verify_totals")


def test_an_import_without_a_database_says_so(site):
    site.server.stop()
    output = site.manage("import_events", "acme", site.events, status=1)
    assert output.startswith("CommandError: The database failed: connection failed: ")
    assert "Traceback" not in output
