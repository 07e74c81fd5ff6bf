"""A throttle's cache that fails never decides: with a real Redis and a real Memcached."""

import signal
import time

import pytest
from django.core.cache import caches
from django.test import Client

from apikeys.throttling import counting
from config.caches import SUITED
from tests.factories import new_key
from tests.stores import MEMCACHED, REDIS, hang, stop, store_server

TIMELINE = "/api/public/v1/analytics/campaigns/timeline"
BACKENDS = {
    REDIS: "django.core.cache.backends.redis.RedisCache",
    MEMCACHED: "django.core.cache.backends.memcached.PyMemcacheCache",
}
REQUESTS = 200

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def breaker():
    counting.breaker.reset()
    yield
    counting.breaker.reset()


@pytest.fixture(params=BACKENDS)
def store(request, settings, tmp_path):
    backend = BACKENDS[request.param]
    with store_server(request.param, tmp_path) as (process, address):
        location = f"redis://{address}" if request.param == REDIS else address
        settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": location} | SUITED[backend]}
        settings.MAILMETRICS = {"THROTTLE_RATES": {"key": "1000/min", "address": "1000/min"}}
        yield process
        caches["default"].close()


def ask(key):
    began = time.monotonic()
    answer = Client(headers={"X-API-Key": key}).get(TIMELINE)
    return answer, time.monotonic() - began


def test_a_store_that_works_counts(store):
    key = new_key()
    assert [ask(key)[0].headers["X-RateLimit-Remaining"] for _ in range(3)] == ["999", "998", "997"]


@pytest.mark.parametrize("fail", [stop, hang])
def test_the_api_goes_on_without_its_store(store, fail, caplog):
    key = new_key()
    ask(key)
    usual = min(ask(key)[1] for _ in range(5))
    fail(store)

    answers = [ask(key) for _ in range(REQUESTS)]

    assert {answer.status_code for answer, _ in answers} == {200}
    assert {answer.headers.get("RateLimit") for answer, _ in answers} == {None}
    # One request in LEFT_ALONE seconds waits for the failing store; a busy machine delays some.
    assert sorted(taken for _, taken in answers)[REQUESTS * 9 // 10] < usual + 0.2
    logged = [
        record.getMessage()
        for record in caplog.records
        if record.name == "apikeys.throttling.counting"
    ]
    assert len(logged) == 1
    assert "requests are not counted" in logged[0]


def test_a_store_that_is_back_counts_again(store, monkeypatch):
    key = new_key()
    hang(store)
    assert "RateLimit" not in ask(key)[0].headers
    store.send_signal(signal.SIGCONT)
    later = time.monotonic() + counting.LEFT_ALONE + 1
    monkeypatch.setattr(counting.time, "monotonic", lambda: later)
    assert "RateLimit" in ask(key)[0].headers


def test_a_site_may_refuse_what_it_can_not_count(store, settings):
    key = new_key()
    settings.MAILMETRICS = {**settings.MAILMETRICS, "THROTTLE_FAILURE": "refuse"}
    stop(store)
    for _ in range(3):
        answer, _ = ask(key)
        assert answer.status_code == 503
        assert answer.json() == {"detail": "Temporarily unavailable, please try again."}
        assert int(answer.headers["Retry-After"]) == counting.LEFT_ALONE


@pytest.mark.parametrize(
    "cache",
    [
        {"BACKEND": "no.such.client.Cache"},
        {"BACKEND": "apikeys.throttling.caches.DatabaseCache", "LOCATION": "no_such_table"},
    ],
    ids=["client", "table"],
)
def test_what_a_store_lacks_decides_nothing(settings, cache, caplog):
    settings.CACHES = {"default": cache}
    settings.MAILMETRICS = {"THROTTLE_RATES": {"key": "1/min", "address": "1/min"}}
    key = new_key()
    assert [ask(key)[0].status_code for _ in range(3)] == [200] * 3
    assert [record.name for record in caplog.records] == ["apikeys.throttling.counting"]
