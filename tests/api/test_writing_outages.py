"""A writer over HTTP whose server and database are killed: sending again loses nothing."""

import http.client
import json
import os
import signal
import socket
import threading
import time
from contextlib import contextmanager

import pytest

from tests.postgres import temporary_server
from tests.site import CAMPAIGN, Site, wait_until

# The server and the site are processes of the test's own: one database's run is enough.
pytestmark = pytest.mark.sqlite

BATCHES, SIZE = 60, 100


@contextmanager
def served(site, port):
    """Killed at the end, workers and all, as by a power cut."""
    arguments = ("--workers=2", f"--bind=127.0.0.1:{port}", "config.wsgi")
    command = ("-m", "gunicorn", "--log-level=warning", *arguments)
    with site.start(*command, start_new_session=True) as process:
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate(timeout=60)


def post(port, key, events):
    """Status and answer; None where the connection fails."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"X-API-Key": key, "Content-Type": "application/x-ndjson"}
    try:
        connection.request("POST", "/api/public/v1/events", "\n".join(events), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


def batch(number):
    return [
        json.dumps(
            {
                "campaign_id": CAMPAIGN,
                "message_id": f"http-{number}-{n}",
                "kind": "sent",
                "occurred_at": f"2024-01-{n % 28 + 1:02}T00:00:00Z",
            }
        )
        for n in range(SIZE)
    ]


def test_nothing_is_lost_when_server_and_database_are_killed(tmp_path):
    with temporary_server() as server:
        site = Site(server, tmp_path)
        site.environment["THROTTLE_EVENTS"] = ""
        arguments = ("acme", "--name", "writer", "--scope", "events:create")
        key = site.manage("create_api_key", *arguments).strip()
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        done, statuses = [], []

        def write():
            for number in range(BATCHES):
                while (answer := post(port, key, batch(number))) is None or answer[0] != 200:
                    statuses.append(answer and answer[0])
                    time.sleep(0.05)
                done.append(answer[1])

        writer = threading.Thread(target=write)
        with served(site, port):
            writer.start()
            wait_until(lambda: len(done) > BATCHES // 4)
            server.stop("immediate")
            wait_until(lambda: 503 in statuses)
        server.start()
        with served(site, port):
            writer.join(timeout=60)
        assert not writer.is_alive()
        assert set(statuses) <= {None, 503}
        assert site.count() == BATCHES * SIZE
        assert [answer["refused"] for answer in done] == [[]] * BATCHES
        site.manage("verify_totals")
