"""A key that is sent over plain HTTP: refused, told why, logged as exposed; never redirected."""

import http.client
import logging
from contextlib import closing

import pytest
from django.test import Client

from apikeys import crypto
from apikeys.audit.entries import AuditEntry
from tests.factories import APIKeyFactory, new_key
from tests.server import gunicorn

ME = "/api/public/v1/me"
TOLD = {
    "detail": "The API key was sent over plain HTTP, where others can read it. Revoke it, and send "
    "a new one over https:// alone."
}
LOGGER = "apikeys.authentication.plain_http"

pytestmark = pytest.mark.django_db


def ask(key, **extra):
    return Client(headers={"X-API-Key": key}).get(ME, **extra)


def logged(caplog):
    return [each.getMessage() for each in caplog.records if each.name == LOGGER]


@pytest.mark.parametrize(
    ("choice", "redirects", "status"),
    [
        ("auto", True, 403),
        ("auto", False, 200),
        ("refuse", False, 403),
        ("refuse", True, 403),
        ("allow", False, 200),
        ("allow", True, 301),
    ],
)
def test_a_site_chooses_what_becomes_of_it(settings, choice, redirects, status):
    settings.MAILMETRICS = {"KEYS_OVER_HTTP": choice}
    settings.SECURE_SSL_REDIRECT = redirects
    key = new_key()
    answer = ask(key)
    assert answer.status_code == status
    if status == 403:
        assert answer.json() == TOLD
    assert ask(key, secure=True).status_code == 200


def test_without_the_middleware_the_view_refuses(settings):
    settings.MAILMETRICS = {"KEYS_OVER_HTTP": "refuse"}
    settings.MIDDLEWARE = []
    answer = ask(new_key())
    assert (answer.status_code, answer.json()) == (403, TOLD)


def test_a_proxy_that_is_believed_tells_what_came(settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    key = new_key()
    statuses = {
        sent: ask(key, HTTP_X_FORWARDED_PROTO=sent).status_code for sent in ("https", "http")
    }
    assert statuses == {"https": 200, "http": 403}


def test_it_is_logged_and_noted_as_exposed_but_not_at_every_request(settings, caplog):
    settings.SECURE_SSL_REDIRECT = True
    key = crypto.generate()
    row = APIKeyFactory(key=key)
    for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2"):
        ask(key, REMOTE_ADDR=address)
    message = "The API key {} was sent over plain HTTP from {}: it is exposed, revoke it."
    assert logged(caplog) == [
        message.format(row.hint, "192.0.2.1"),
        message.format(row.hint, "192.0.2.2"),
    ]
    entries = AuditEntry.objects.order_by("id").values_list("kind", "key_id", "address")
    assert list(entries) == [
        ("exposed", row.pk, "192.0.2.1"),
        ("exposed", row.pk, "192.0.2.2"),
    ]
    row.refresh_from_db()
    assert row.last_used_at is None


@pytest.mark.parametrize("key", ["", "nonsense", "mm_" + "0" * 38, crypto.generate()])
def test_what_is_no_key_of_ours_is_refused_alike_and_not_told(settings, caplog, key):
    settings.SECURE_SSL_REDIRECT = True
    answer = ask(key)
    assert (answer.status_code, answer.json()) == (403, TOLD)
    assert logged(caplog) == []
    assert not AuditEntry.objects.exists()


def test_a_request_without_a_key_is_redirected_as_before(settings):
    settings.SECURE_SSL_REDIRECT = True
    answer = Client().get(ME)
    assert (answer.status_code, answer.headers["Location"]) == (301, f"https://testserver{ME}")


def test_the_refusals_count_for_the_address(settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.MAILMETRICS = {"THROTTLE_RATES": {"address": "3/hour"}}
    assert [ask("no key", REMOTE_ADDR="10.3.2.1").status_code for _ in range(3)] == [403] * 3
    assert Client().get(ME, secure=True, REMOTE_ADDR="10.3.2.1").status_code == 429


def test_in_production_as_the_site_is_served(database_url, tmp_path):
    key = new_key()
    log_file = tmp_path / "log"
    with (
        log_file.open("w") as log,
        gunicorn(
            database_url=database_url,
            log=log,
            SECURE_SSL_REDIRECT="1",
            TRUST_X_FORWARDED_PROTO="1",
        ) as (host, port),
    ):

        def status(**headers):
            with closing(http.client.HTTPConnection(host, port, timeout=60)) as asked:
                asked.request("GET", ME, headers={"X-API-Key": key, **headers})
                return asked.getresponse().status

        statuses = [status(), status(**{"X-Forwarded-Proto": "https"})]
    assert statuses == [403, 200]
    text = log_file.read_text()
    assert f"The API key {key[:7]}… was sent over plain HTTP" in text
    assert key[7:] not in text


def test_a_database_that_is_away_does_not_matter(settings, monkeypatch, caplog):
    from django.db import OperationalError, connection  # noqa: PLC0415

    def fail(run, sql, params, many, context):
        raise OperationalError("away")

    settings.SECURE_SSL_REDIRECT = True
    key = new_key()
    caplog.set_level(logging.INFO)
    with connection.execute_wrapper(fail):
        assert ask(key).json() == TOLD
