"""A site whose PostgreSQL goes away and comes back: nothing is lost, nothing counts twice."""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.postgres import temporary_server

# The server and the site are processes of the test's own: one database's run is enough.
pytestmark = pytest.mark.sqlite

ROOT = Path(__file__).parents[1]
CAMPAIGN = "0b7c1a52-3a1e-4a53-9d0f-2f0d8a6d1c11"
LINES = 40_000
AWAY = (503, "5", {"detail": "Temporarily unavailable, please try again."})


class Site:
    def __init__(self, server, folder):
        self.server, self.folder = server, folder
        self.environment = {name: os.environ[name] for name in os.environ if name[:2] != "PG"} | {
            "DATABASE_URL": server.url,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "SECRET_KEY": "only-for-tests",
            "ALLOWED_HOSTS": "127.0.0.1",
            "SECURE_SSL_REDIRECT": "0",
            "THROTTLE_KEY": "",
        }
        self.manage("migrate")
        campaigns = folder / "campaigns.csv"
        campaigns.write_text(f"id,name,status\n{CAMPAIGN},Spring,ACTIVE\n")
        self.manage("import_campaigns", "acme", campaigns)
        arguments = ("acme", "--name", "test", "--scope", "campaigns:read")
        self.key = self.manage("create_api_key", *arguments).strip()
        self.events = folder / "events.csv"
        with self.events.open("w") as file:
            file.write("campaign_id,message_id,kind,occurred_at\n")
            for n in range(LINES):
                file.write(f"{CAMPAIGN},m{n},sent,2024-01-{n % 28 + 1:02}T00:00:00Z\n")

    def start(self, *command, **options):
        return subprocess.Popen(
            [sys.executable, *map(str, command)],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )

    def manage(self, *arguments, status=0):
        with self.start("manage.py", *arguments) as process:
            output = process.communicate(timeout=120)[0]
        assert process.returncode == status, output
        return output

    def count(self):
        with psycopg.connect(self.server.url) as connection:
            query = "SELECT count(*) FROM mailmetrics_campaigns_emailevent"
            return connection.execute(query).fetchone()[0]

    @contextmanager
    def served(self):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        arguments = ("--workers=2", f"--bind=127.0.0.1:{self.port}", "config.wsgi")
        with self.start("-m", "gunicorn", "--log-level=warning", *arguments) as process:
            try:
                wait_until(lambda: self.asked("/nowhere") is not None)
                yield
            finally:
                process.terminate()
                self.log = process.communicate(timeout=60)[0]

    def asked(self, path="/api/public/v1/analytics/campaigns"):
        """Status, Retry-After and JSON; None before there is a site."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path, headers={"X-API-Key": self.key})
            answer = connection.getresponse()
            body = answer.read()
        except ConnectionRefusedError:
            return None
        finally:
            connection.close()
        is_json = answer.headers.get_content_type() == "application/json"
        return answer.status, answer.headers["Retry-After"], json.loads(body) if is_json else None


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to this"
        time.sleep(0.01)


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
            answers.append(site.asked())

    with site.served():
        good = site.asked()
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
        assert [site.asked() for _ in range(20)] == [good] * 20
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
