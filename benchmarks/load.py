"""Many clients at four gunicorn workers while writers record: ``python -m benchmarks.load``.

On loopback, with a temporary PostgreSQL of its own. Each batch holds as many opens as sends, so an
answer that had part of a batch would show it. Each client asks for the timeline, the campaigns and
the timeline: totals only grow, so where both timelines are equal the campaigns between them must
add up to the same. Exits 1 for a torn answer, a 5xx, or totals that are not a recount.
Clients and writers share one Python process: the times are what they see, not the server's alone.
"""

import argparse
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from campaigns.models import Workspace
    from campaigns.recording import Event

BATCH = 50
API = "/api/public/v1/analytics/campaigns"
START = datetime(2024, 1, 1, tzinfo=UTC)
KINDS = ("sent", "opened")
Sums = tuple[int, int]  # sent and opened


class Load:
    def __init__(self, key: str, port: int) -> None:
        self.key, self.port = key, port
        self.ended = threading.Event()
        self.statuses: Counter[int | str] = Counter()
        self.seconds: list[float] = []
        self.torn: list[object] = []
        self.pairs = self.batches = 0

    def write(self, workspace: "Workspace", campaigns: Sequence[UUID], name: str) -> None:
        from django.db import connection

        from campaigns.recording import record_events

        for number in count():
            if self.ended.is_set():
                break
            record_events(workspace=workspace, events=batch(campaigns, f"{name}-{number}"))
            self.batches += 1
        connection.close()

    def read(self) -> None:
        timeline = f"{API}/timeline?from_date=2024-01-01&to_date=2024-03-01"
        while not self.ended.is_set():
            before = self.sums(timeline, "timeline", "{}")
            campaigns = self.sums(API, "campaigns", "total_{}")
            after = self.sums(timeline, "timeline", "{}")
            if before and before == after:
                self.pairs += 1
                if campaigns != before:
                    self.torn.append((before, campaigns))

    def sums(self, path: str, rows: str, name: str) -> Sums | None:
        """What an answer counts in all; a 200 with part of a batch is noted."""
        started = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path, headers={"X-API-Key": self.key})
            answer = connection.getresponse()
            body = answer.read()
        except OSError as error:
            self.statuses[type(error).__name__] += 1
            return None
        finally:
            connection.close()
        self.seconds.append(time.perf_counter() - started)
        self.statuses[answer.status] += 1
        if answer.status != 200:
            return None
        sent, opened = (sum(r[name.format(k)] for r in json.loads(body)[rows]) for k in KINDS)
        if sent != opened or sent % BATCH:
            self.torn.append((path, sent, opened))
        return sent, opened

    def run(
        self, seconds: int, clients: int, workspace: "Workspace", campaigns: Sequence[UUID]
    ) -> None:
        threads = [threading.Thread(target=self.read) for _ in range(clients)]
        threads += [
            threading.Thread(target=self.write, args=(workspace, campaigns, f"w{n}"))
            for n in range(2)
        ]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        self.ended.set()
        for thread in threads:
            thread.join()

    def summary(self) -> str:
        times = sorted(self.seconds)
        p50, p99 = (1000 * times[int(len(times) * part)] for part in (0.5, 0.99))
        return (
            f"answers by status {dict(self.statuses)}; p50 {p50:.0f} ms, p99 {p99:.0f} ms; "
            f"{self.batches} batches of {2 * BATCH} events recorded meanwhile; "
            f"{self.pairs} pairs compared; torn: {len(self.torn)}"
        )


def batch(campaigns: Sequence[UUID], name: str) -> list["Event"]:
    from campaigns.models import EventKind
    from campaigns.recording import Event

    return [
        Event(campaigns[n % len(campaigns)], f"{name}-{n}", kind, START + timedelta(days=n + kind))
        for n in range(BATCH)
        for kind in (EventKind.SENT, EventKind.OPENED)
    ]


@contextmanager
def gunicorn() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = ("-m", "gunicorn", "--workers=4", "--log-level=error", f"--bind=127.0.0.1:{port}")
    with subprocess.Popen([sys.executable, *command, "config.wsgi"]) as process:
        try:
            deadline = time.monotonic() + 60
            while socket.socket().connect_ex(("127.0.0.1", port)):
                assert time.monotonic() < deadline, "gunicorn does not answer"
                time.sleep(0.1)
            yield port
        finally:
            process.terminate()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, choices=range(1, 301))
    parser.add_argument("--clients", type=int, default=200, choices=range(1, 401))
    options = parser.parse_args()
    from tests.postgres import temporary_server

    with temporary_server(durable=True) as server:
        os.environ.update(
            DATABASE_URL=server.url,
            DJANGO_SETTINGS_MODULE="config.settings",
            SECRET_KEY="only-for-the-load-test",
            ALLOWED_HOSTS="127.0.0.1",
            SECURE_SSL_REDIRECT="0",
            THROTTLE_BYTES="",
            THROTTLE_KEY="",
        )
        return loaded(options.seconds, options.clients)


def loaded(seconds: int, clients: int) -> int:
    import django

    django.setup()
    from django.core.management import call_command

    from analytics.totals.recount import differences
    from apikeys.models import APIKey
    from campaigns.models import Campaign, Workspace

    call_command("migrate", verbosity=0)
    workspace = Workspace.objects.create(name="load")
    campaigns = [Campaign.objects.create(workspace=workspace, name=f"{n}").pk for n in range(10)]
    _, key = APIKey.objects.create_key(workspace=workspace, name="load", scopes=["*"])
    with gunicorn() as port:
        load = Load(key, port)
        load.run(seconds, clients, workspace, campaigns)
    different = list(differences(using="default"))
    print(f"{clients} clients, {seconds} s: {load.summary()}; totals that differ: {len(different)}")
    return int(bool(load.torn or different or load.statuses.keys() - {200}))


if __name__ == "__main__":
    sys.exit(main())
