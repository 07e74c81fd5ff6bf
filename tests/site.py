"""The runnable site in processes of its own, on a PostgreSQL that a test stops and starts."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg

ROOT = Path(__file__).parents[1]
CAMPAIGN = "0b7c1a52-3a1e-4a53-9d0f-2f0d8a6d1c11"
LINES = 40_000


class Site:
    def __init__(self, server, folder):
        self.server, self.folder = server, folder
        self.environment = {name: os.environ[name] for name in os.environ if name[:2] != "PG"} | {
            "DATABASE_URL": server.url,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "SECRET_KEY": "only-for-tests",
            "ALLOWED_HOSTS": "127.0.0.1",
            "SECURE_SSL_REDIRECT": "0",
            "THROTTLE_BYTES": "",
            "THROTTLE_KEY": "",
        }
        self.manage("migrate")
        campaigns = folder / "campaigns.csv"
        campaigns.write_text(f"id,name,status\n{CAMPAIGN},Spring,ACTIVE\n")
        self.manage("import_campaigns", "acme", campaigns, "--create")
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
                wait_until(lambda: self.ask("/nowhere") is not None)
                yield
            finally:
                process.terminate()
                self.log = process.communicate(timeout=60)[0]

    def ask(self, path="/api/public/v1/analytics/campaigns"):
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
