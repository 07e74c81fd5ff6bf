"""What `check` says of the throttles and of how the site is served."""

import sys

import pytest
from django.core.checks import Tags, run_checks
from django.core.management import call_command
from django.db import connection

from apikeys.throttling import counting
from tests.factories import APIKeyFactory
from tests.sql import execute

BACKENDS = "django.core.cache.backends"
LOCMEM = {"BACKEND": f"{BACKENDS}.locmem.LocMemCache"}
DATABASE = {"BACKEND": "apikeys.throttling.caches.DatabaseCache", "LOCATION": "no_such_table"}
RATES = {"key": "600/min", "address": "30/min"}
OURS = "apikeys.authentication.plain_http.PlainHTTPMiddleware"
DJANGOS = "django.middleware.security.SecurityMiddleware"


@pytest.fixture
def site(settings):
    """One that has nothing to be told of, save for what a test changes."""
    settings.CACHES = {"default": {"BACKEND": f"{BACKENDS}.redis.RedisCache", "LOCATION": "x"}}
    settings.MAILMETRICS = {"THROTTLE_RATES": RATES}
    settings.ALLOWED_HOSTS = ["mail.example.com"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.REST_FRAMEWORK = {"NUM_PROXIES": 1}
    settings.SECURE_SSL_REDIRECT = True
    settings.MIDDLEWARE = [OURS, DJANGOS]
    return settings


def told(*, deploy=True, tags=(Tags.security,), **options):
    found = run_checks(include_deployment_checks=deploy, tags=tags, **options)
    ours = [each for each in found if each.id.startswith("mailmetrics.W")]
    assert all(each.hint and not each.is_serious() for each in ours)
    return {each.id.removeprefix("mailmetrics."): each.msg for each in ours}


def test_a_site_in_order_is_told_nothing(site):
    assert told() == {}


@pytest.mark.parametrize(
    ("backend", "location", "client"),
    [
        (f"{BACKENDS}.redis.RedisCache", "redis://x", "redis"),
        (f"{BACKENDS}.memcached.PyMemcacheCache", "127.0.0.1:1", "pymemcache"),
        ("no.such.backend.Cache", "", None),
    ],
)
def test_a_client_that_is_not_installed(site, monkeypatch, backend, location, client):
    site.CACHES = {"default": {"BACKEND": backend, "LOCATION": location}}
    if client:
        assert told(deploy=False) == {}
        monkeypatch.setitem(sys.modules, client, None)
    (warning,) = told(deploy=False).values()
    assert warning.startswith("The cache 'default', which counts for the throttles, can't be used:")
    assert (client or "no.such.backend") in warning


def test_a_cache_that_keeps_nothing(site):
    site.CACHES = {"default": {"BACKEND": f"{BACKENDS}.dummy.DummyCache"}}
    assert told(deploy=False) == {
        "W003": "The cache 'default' keeps nothing, so the throttles limit nothing."
    }


def test_nothing_is_told_of_a_cache_that_counts_nothing(site):
    site.MAILMETRICS = {}
    site.CACHES = {"default": {"BACKEND": f"{BACKENDS}.dummy.DummyCache"}}
    assert told(deploy=False) == {}


@pytest.mark.parametrize(
    ("rates", "whose"),
    [
        (None, "a key or an address"),
        ({"key": "1/s"}, "an address"),
        ({"address": "1/s", "events": "9/s"}, "a key"),
    ],
)
def test_throttles_that_are_off(site, rates, whose):
    site.MAILMETRICS = {"THROTTLE_RATES": rates}
    assert told() == {"W004": f"No throttle limits the requests of {whose}."}
    assert told(deploy=False) == {}


def test_memory_of_each_process(site):
    site.CACHES = {"default": LOCMEM}
    assert told() == {
        "W005": "The throttles count in a process's own memory, so each worker counts for itself."
    }
    assert told(deploy=False) == {}


@pytest.mark.parametrize("number", [None, 0])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECURE_PROXY_SSL_HEADER", ("HTTP_X_FORWARDED_PROTO", "https")),
        ("USE_X_FORWARDED_HOST", True),
        ("USE_X_FORWARDED_PORT", True),
    ],
)
def test_a_proxy_without_its_number(site, number, name, value):
    site.REST_FRAMEWORK = {"NUM_PROXIES": number}
    site.SECURE_PROXY_SSL_HEADER = None
    assert told() == {}
    setattr(site, name, value)
    assert list(told()) == ["W006"]


def test_any_host(site):
    site.ALLOWED_HOSTS = ["mail.example.com", "*"]
    assert list(told()) == ["W007"]


@pytest.mark.parametrize("middleware", [[DJANGOS], [DJANGOS, OURS]])
def test_keys_that_are_redirected(site, middleware):
    site.MIDDLEWARE = middleware
    assert list(told(deploy=False)) == ["W008"]
    site.MAILMETRICS = {"THROTTLE_RATES": RATES, "KEYS_OVER_HTTP": "allow"}
    assert told(deploy=False) == {}


def test_other_mistakes_are_told_first(site):
    site.MAILMETRICS = {"THROTTLE_RATES": "600"}
    assert told() == {}


@pytest.mark.django_db
def test_a_missing_table(site):
    site.CACHES = {"default": {**DATABASE, "LOCATION": "counts"}}
    in_database = {"tags": [Tags.database], "databases": ["default"]}
    assert told(tags=[Tags.database], databases=[]) == {}
    assert list(told(**in_database)) == ["W002"]
    call_command("createcachetable")
    assert told(**in_database) == {}
    execute("DROP TABLE counts")


@pytest.mark.django_db
def test_keys_that_outlive_the_longest_life(site):
    def found():
        return told(tags=[Tags.database], databases=["default"])

    APIKeyFactory()
    APIKeyFactory(expires_at="2999-01-01T00:00:00Z")
    APIKeyFactory(revoked_at="2026-01-01T00:00:00Z")
    APIKeyFactory(expires_at="2026-01-01T00:00:00Z")
    assert found() == {}
    site.MAILMETRICS = {"THROTTLE_RATES": RATES, "MAX_KEY_DAYS": 30}
    assert found() == {
        "W009": "2 API keys are valid for longer than MAX_KEY_DAYS, 30 days from now."
    }


@pytest.mark.django_db
def test_before_the_tables_are_there_nothing_is_counted(site, monkeypatch):
    site.MAILMETRICS = {"THROTTLE_RATES": RATES, "MAX_KEY_DAYS": 30}
    monkeypatch.setattr(type(connection.introspection), "table_names", lambda *_, **__: [])
    assert told(tags=[Tags.database], databases=["default"]) == {}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("cache", "failure", "answer"),
    [
        (LOCMEM, "allow", (200, {"status": "ready", "throttle_store": "works"})),
        (DATABASE, "allow", (200, {"status": "ready", "throttle_store": "fails"})),
        (DATABASE, "refuse", (503, {"status": "not ready", "failed": "throttle_store"})),
    ],
)
def test_readiness_tells_whether_the_store_counts(client, settings, cache, failure, answer):
    counting.breaker.reset()
    settings.CACHES = {"default": cache}
    settings.MAILMETRICS = {"THROTTLE_RATES": RATES, "THROTTLE_FAILURE": failure}
    try:
        for _ in range(2):  # the second time it is not asked
            found = client.get("/health/ready")
            assert (found.status_code, found.json()) == answer
    finally:
        counting.breaker.reset()
