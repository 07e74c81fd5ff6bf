"""What the runnable site sends with every answer in production, over a real server."""

import http.client
import os
import subprocess
import sys
from contextlib import closing

import pytest

from tests.distributions import ROOT
from tests.server import gunicorn

POLICY = {
    "default-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "object-src 'none'",
}
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
OVER_TLS = {"X-Forwarded-Proto": "https"}
PATHS = ["/api/public/v1/analytics/campaigns", "/api/public/v1/schema", "/nowhere"]


@pytest.fixture
def ask(database_url, tmp_path):
    with (
        (tmp_path / "log").open("w") as log,
        gunicorn(
            database_url=database_url,
            log=log,
            SECURE_SSL_REDIRECT="1",
            TRUST_X_FORWARDED_PROTO="1",
            DEBUG="0",
        ) as (host, port),
    ):

        def ask(path, **headers):
            with closing(http.client.HTTPConnection(host, port, timeout=60)) as asked:
                asked.request("GET", path, headers={"Host": host, **headers})
                answer = asked.getresponse()
                return answer, answer.read().decode()

        yield ask


def test_every_answer_over_tls_has_them(ask):
    statuses = []
    for path in PATHS:
        answer, _ = ask(path, **OVER_TLS)
        statuses.append(answer.status)
        assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS
        assert set(answer.headers["Content-Security-Policy"].split("; ")) == POLICY
        hsts = "max-age=31536000; includeSubDomains"
        assert answer.headers["Strict-Transport-Security"] == hsts
        assert "Set-Cookie" not in answer.headers
    assert statuses == [401, 200, 404]


def test_plain_http_is_sent_to_tls(ask):
    answer, _ = ask(PATHS[0])
    assert (answer.status, answer.headers["Location"]) == (301, f"https://127.0.0.1{PATHS[0]}")


def test_another_host_is_refused_without_a_word_on_the_site(ask):
    answer, body = ask(PATHS[0], **OVER_TLS, Host="evil.example.com")
    assert answer.status == 400
    assert "ALLOWED_HOSTS" not in body
    assert "Traceback" not in body


def test_what_is_not_found_lists_no_routes(ask):
    _, body = ask("/nowhere", **OVER_TLS)
    assert "analytics" not in body


@pytest.mark.parametrize(
    ("environment", "parts"),
    [
        ({}, (31_536_000, True, False)),
        ({"SECURE_HSTS_PRELOAD": "1"}, (31_536_000, True, True)),
        ({"SECURE_HSTS_INCLUDE_SUBDOMAINS": "0"}, (31_536_000, False, False)),
        ({"SECURE_HSTS_SECONDS": "60"}, (60, True, False)),
    ],
)
def test_each_part_of_hsts_is_a_setting_of_its_own(environment, parts):
    shown = "from config import settings as s; print((s.SECURE_HSTS_SECONDS, "
    shown += "s.SECURE_HSTS_INCLUDE_SUBDOMAINS, s.SECURE_HSTS_PRELOAD))"
    output = subprocess.run(
        [sys.executable, "-c", shown],
        env={"PATH": os.defpath, "SECRET_KEY": "only-for-tests"} | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert output == f"{parts}\n"
