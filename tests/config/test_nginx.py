"""The site behind a real nginx, which runs what docs/operations.md shows."""

import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from tests.documents import blocks
from tests.freshsite import free_port
from tests.server import gunicorn
from tests.site import CAMPAIGN, ROOT, Site, wait_until

# The site has a database of its own.
pytestmark = pytest.mark.sqlite

DOCUMENT = (ROOT / "docs" / "operations.md").read_text()
(CONF,) = (block.text for block in blocks(DOCUMENT) if block.file == "mail.conf")
MAIN = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/start.log;
worker_processes 1;
events {{}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/mail.conf;
}}
"""
API = "/api/public/v1"
CAMPAIGNS = f"{API}/analytics/campaigns"
STAFF, OTHERS, STRANGER = "127.0.0.2", "127.0.0.3", "127.0.0.4"
AWAY = {"detail": "Temporarily unavailable, please try again."}


class Nginx:
    def __init__(self, folder):
        self.folder, self.site = folder, Site(SimpleNamespace(url=sqlite_in(folder)), folder)
        arguments = ("acme", "--name=writer", "--scope=*")
        self.key = self.site.manage("create_api_key", *arguments).strip()
        self.http, self.https, self.upstream = free_port(), free_port(), free_port()
        self._certify()
        conf = CONF
        for written, real in (
            ("listen 80;", f"listen 127.0.0.1:{self.http};"),
            ("listen 443 ssl;", f"listen 127.0.0.1:{self.https} ssl;"),
            ("127.0.0.1:8000", f"127.0.0.1:{self.upstream}"),
            ("192.0.2.0/24", STAFF),
            ("/etc/ssl", str(folder)),
            ("/var/log/nginx", str(folder)),
        ):
            assert written in conf
            conf = conf.replace(written, real)
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "mail.conf").write_text(conf)
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user))

    def _certify(self):
        files = ("-keyout", self.folder / "mail.key", "-out", self.folder / "mail.crt")
        subject = ("-subj", "/CN=mail.example.com", "-days", "1", "-nodes", "-newkey", "rsa:2048")
        command = ["openssl", "req", "-x509", *subject, *files]
        subprocess.run(command, check=True, capture_output=True)

    @contextmanager
    def running(self):
        program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        assert program, "nginx is not installed: Debian's nginx-light has it"
        command = [program, "-p", self.folder, "-c", self.folder / "nginx.conf"]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: accepts(self.https))
            yield self
        finally:
            process.terminate()
            process.wait(timeout=30)

    @contextmanager
    def served(self, **environment):
        with (
            (self.folder / "gunicorn.log").open("a") as log,
            gunicorn(
                port=self.upstream,
                database_url=self.site.server.url,
                log=log,
                ALLOWED_HOSTS="mail.example.com",
                NUM_PROXIES="1",
                TRUST_X_FORWARDED_PROTO="1",
                SECURE_SSL_REDIRECT="1",
                **environment,
            ),
        ):
            yield

    def connect(self, *, source=STRANGER, plain=False):
        address = (source, 0)
        if plain:
            return http.client.HTTPConnection("127.0.0.1", self.http, 30, source_address=address)
        context = ssl.create_default_context(cafile=self.folder / "mail.crt")
        context.check_hostname = False
        return http.client.HTTPSConnection(
            "127.0.0.1", self.https, timeout=30, source_address=address, context=context
        )

    def ask(self, path, *, method="GET", body=None, source=STRANGER, plain=False, **headers):
        """Status, headers, and the JSON or text of the body."""
        headers = {"Host": "mail.example.com", "X-API-Key": self.key} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        headers = {name: value for name, value in headers.items() if value}
        connection = self.connect(source=source, plain=plain)
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        is_json = answer.headers.get_content_type() == "application/json"
        return answer.status, answer.headers, json.loads(text) if is_json else text


def sqlite_in(folder):
    return f"sqlite:///{folder / 'db.sqlite3'}"


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def events(count, first=0):
    return [
        {
            "campaign_id": CAMPAIGN,
            "message_id": f"m{n}",
            "kind": "sent",
            "occurred_at": "2024-01-01T00:00:00Z",
        }
        for n in range(first, first + count)
    ]


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    with Nginx(tmp_path_factory.mktemp("nginx")).running() as nginx:
        yield nginx


@pytest.fixture(scope="class")
def live(nginx):
    with nginx.served():
        yield nginx


class TestServed:
    def test_the_api_answers_as_without_it(self, live):
        status, headers, body = live.ask(CAMPAIGNS)
        assert (status, headers["Content-Type"]) == (200, "application/json")
        assert body["workspace_kpis"]["total_campaigns"] == 1
        assert "max-age=31536000" in headers["Strict-Transport-Security"]
        assert live.ask(CAMPAIGNS, If_None_Match=headers["ETag"])[0] == 304

    def test_plain_http_is_known_as_such(self, live):
        status, headers, _ = live.ask("/", plain=True, X_Forwarded_Proto="https", X_API_Key="")
        assert (status, headers["Location"]) == (301, "https://mail.example.com/")
        status, headers, body = live.ask(CAMPAIGNS, plain=True, X_Forwarded_Proto="https")
        assert (status, headers["Content-Type"]) == (403, "application/json")
        assert body["detail"].startswith("The API key was sent over plain HTTP")

    def test_a_body_that_is_too_large_is_refused_in_json_by_either(self, live):
        for size, detail in (
            (5_500_000, "A body may have 5,000,000 bytes at most."),
            (7_000_000, "The request is too large."),
        ):
            status, headers, body = live.ask(
                f"{API}/events", method="POST", body=b" " * size, Content_Type="application/json"
            )
            assert (status, headers["Content-Type"]) == (413, "application/json")
            assert body == {"detail": detail}

    def test_events_in_chunks_are_recorded(self, live):
        lines = (json.dumps(event).encode() + b"\n" for event in events(300, first=1000))
        status, _, body = live.ask(
            f"{API}/events", method="POST", body=lines, Content_Type="application/x-ndjson"
        )
        assert (status, body["new"], body["refused"]) == (200, 300, [])

    def test_a_slow_sender_holds_no_worker(self, live):
        body = json.dumps(events(10)).encode()
        connection = live.connect()
        connection.putrequest("POST", f"{API}/events", skip_host=True)
        for name, value in (
            ("Host", "mail.example.com"),
            ("X-API-Key", live.key),
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
        ):
            connection.putheader(name, value)
        connection.endheaders(body[:200])

        # There is one worker.
        assert [live.ask(CAMPAIGNS)[0] for _ in range(3)] == [200] * 3

        connection.send(body[200:])
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["new"]) == (200, 10)
        connection.close()

    def test_what_is_too_long_or_malformed_is_refused_in_json(self, live):
        status, _, body = live.ask(f"{CAMPAIGNS}?{'a=&' * 1000}b=")
        assert status == 400
        assert body["detail"][0]["type"] == "too_many"
        status, _, body = live.ask(f"{CAMPAIGNS}?search={'a' * 7500}")
        assert (status, body["detail"][0]["loc"]) == (400, ["query", "search"])
        malformed = "The request is malformed, or its address or headers are too long."
        for path, languages in ((f"{CAMPAIGNS}?search={'a' * 9000}", ""), (CAMPAIGNS, "a" * 9000)):
            status, _, body = live.ask(path, Accept_Language=languages)
            assert (status, body) == (400, {"detail": malformed})
        assert live.ask(CAMPAIGNS, X_API_Key="a" * 7500)[0] == 401

    def test_a_flood_is_kept_away(self, live):
        answers = (live.ask(f"{API}/me", source=OTHERS) for _ in range(3000))
        limited = next(answer for answer in answers if answer[0] != 200)
        assert limited[0] == 429
        assert limited[1]["Retry-After"] == "1"
        assert limited[2] == {"detail": "Too many requests, please try again later."}
        assert live.ask(f"{API}/me")[0] == 200


def test_the_admin_is_open_to_the_staffs_addresses_alone(nginx):
    with nginx.served(DEBUG="1"):  # which needs no collectstatic
        assert nginx.ask("/admin/login/")[0] == nginx.ask("/admin/")[0] == 403
        assert nginx.ask("/admin/", source=STAFF)[0] == 302
        logins = [nginx.ask("/admin/login/", source=STAFF)[0] for _ in range(20)]
        assert (logins[0], logins[-1]) == (200, 429)


def test_an_address_is_the_callers_own_whatever_it_claims(nginx):
    with nginx.served(THROTTLE_ADDRESS="3/min"):
        claims = [f"192.0.2.{n}" for n in range(5)]
        answers = [
            nginx.ask(f"{API}/me", X_API_Key="bad", X_Forwarded_For=claim)[0] for claim in claims
        ]
        assert answers == [401] * 3 + [429] * 2
        assert nginx.ask(f"{API}/me", source=OTHERS, X_API_Key="bad")[0] == 401


def test_while_gunicorn_is_away_the_answer_is_a_503_in_json(nginx):
    status, headers, body = nginx.ask(CAMPAIGNS)
    assert (status, headers["Retry-After"], body) == (503, "5", AWAY)


def test_no_log_has_a_key(nginx):
    with nginx.served():
        for path in (CAMPAIGNS, f"{CAMPAIGNS}?key={nginx.key}", f"{API}/{nginx.key}"):
            nginx.ask(path)
    for path in (f"{CAMPAIGNS}?api_key={nginx.key}", f"{API}/{nginx.key}/x"):
        assert nginx.ask(path)[0] == 503
    time.sleep(0.2)
    logs = {log.name: log.read_text() for log in nginx.folder.glob("*.log")}
    # Only the tests' own gunicorn tells of its every step.
    logs["gunicorn.log"] = re.sub(r".*\[DEBUG\].*", "", logs["gunicorn.log"])
    assert {name for name, text in logs.items() if nginx.key in text} == set()
    assert f"GET {CAMPAIGNS} 200" in logs["mail.log"]
    assert "GET - 404" in logs["mail.log"]
    assert f"{API}/{nginx.key[:7]}…" in logs["gunicorn.log"]
