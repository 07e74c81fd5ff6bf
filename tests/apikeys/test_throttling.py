"""How often a key may ask and an address be refused, at times chosen by the test."""

import re
from itertools import product

import pytest
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
)
from django.http import Http404
from django.test import Client, override_settings
from django.urls import path
from rest_framework.exceptions import ParseError

from analytics.api.isolation import IsolatedView
from apikeys.authentication import APIKeyAuthentication
from apikeys.throttling import counting, windows
from apikeys.throttling.views import ThrottledView
from campaigns.base.settings import mistakes
from campaigns.base.throttle_rate import ThrottleRate
from tests.factories import new_key
from tests.routes import routes_under

API = "/api/public/v1"
TIMELINE = f"{API}/analytics/campaigns/timeline"
OPEN = {f"{API}/docs", f"{API}/schema"}
MIDNIGHT = 1_767_225_600.0  # the start of a day, and so of every window

# What may refuse a request, and as what.
ERRORS = {
    "too many parameters": (TooManyFieldsSent(), 400),
    "suspicious": (SuspiciousOperation(), 400),
    "malformed": (ParseError(), 400),
    "too large": (RequestDataTooBig(), 413),
    "Django's permission": (PermissionDenied(), 403),
    "Django's 404": (Http404(), 404),
}

pytestmark = pytest.mark.django_db


class Refusing(IsolatedView, ThrottledView):
    """Refuses before it knows who asks."""

    authentication_classes = (APIKeyAuthentication,)

    def initial(self, request, *args, **kwargs):
        raise ERRORS[kwargs["kind"]][0]


urlpatterns = [path("refuses/<kind>", Refusing.as_view())]


@pytest.fixture(autouse=True)
def caches(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    counting.caches["default"].clear()


@pytest.fixture
def at(monkeypatch):
    """Set the clock to so many seconds after midnight."""

    def at(seconds):
        monkeypatch.setattr(windows.time, "time", lambda: MIDNIGHT + seconds)

    at(0.0)
    return at


@pytest.fixture
def rates(settings):
    def rates(**each):
        settings.MAILMETRICS = {"THROTTLE_RATES": each}

    return rates


def ask(key=None, **extra):
    return Client(headers={"X-API-Key": key} if key is not None else {}).get(TIMELINE, **extra)


def limits(response):
    names = ("RateLimit-Policy", "RateLimit", "Retry-After")
    return response.status_code, *(response.headers.get(name) for name in names)


def test_a_key_gets_its_number_in_each_window_and_is_told(rates, at):
    rates(key="3/min")
    key = new_key()
    policy = '"key";q=3;w=60'
    assert limits(ask(key)) == (200, policy, '"key";r=2;t=60', None)
    at(20.5)
    assert limits(ask(key)) == (200, policy, '"key";r=1;t=40', None)
    assert limits(ask(key)) == (200, policy, '"key";r=0;t=40', None)
    refused = ask(key)
    assert limits(refused) == (429, policy, '"key";r=0;t=40', "40")
    assert refused.json() == {"detail": "Request was throttled. Expected available in 40 seconds."}
    at(59.999)
    assert limits(ask(key)) == (429, policy, '"key";r=0;t=1', "1")
    at(60.0)
    assert limits(ask(key)) == (200, policy, '"key";r=2;t=60', None)


def test_each_key_has_a_count_of_its_own(rates, at):
    rates(key="1/hour")
    first, second = new_key(), new_key()
    assert [ask(key).status_code for key in (first, first, second, second)] == [200, 429, 200, 429]


def test_what_a_key_is_refused_counts_as_well(rates, at):
    rates(key="2/min")
    key = new_key(scopes=["orders:read"])
    assert [limits(ask(key))[::2] for _ in range(3)] == [
        (403, '"key";r=1;t=60'),
        (403, '"key";r=0;t=60'),
        (429, '"key";r=0;t=60'),
    ]


@pytest.mark.parametrize("key", [None, "", "not a key", "mm_" + "0" * 38])
def test_an_address_is_refused_its_number_of_times_and_then_put_off(rates, at, key):
    rates(address="2/min")
    policy = '"address";q=2;w=60'
    assert limits(ask(key)) == (401, policy, '"address";r=1;t=60', None)
    assert ask(key)["WWW-Authenticate"] == 'ApiKey realm="api"'
    at(45.0)
    refused = ask(key)
    assert limits(refused) == (429, policy, '"address";r=0;t=15', "15")
    assert limits(ask(key, REMOTE_ADDR="203.0.113.9"))[0] == 401


def test_a_good_key_is_let_in_from_an_address_that_was_put_off(rates, at):
    rates(address="1/min")
    key = new_key()
    assert [ask().status_code, ask().status_code, ask("bad").status_code] == [401, 429, 429]
    assert limits(ask(key)) == (200, None, None, None)


def test_revoked_and_expired_keys_count_for_the_address(rates, at):
    rates(address="2/min", key="100/min")
    at_once = "2026-01-01T00:00:00Z"
    revoked, expired = new_key(revoked_at=at_once), new_key(expires_at=at_once)
    assert [ask(key).status_code for key in (revoked, expired, revoked)] == [401, 401, 429]


@pytest.mark.parametrize(
    ("proxies", "passed"),
    [
        (None, [401, 429, 429]),
        (0, [401, 429, 429]),
        (1, [401, 401, 429]),
        (2, [401, 429, 429]),
    ],
)
def test_a_client_cannot_choose_its_address(rates, at, settings, proxies, passed):
    """What the nearest proxies add counts; what stands before it is the client's own word."""
    rates(address="1/min")
    settings.REST_FRAMEWORK = {"NUM_PROXIES": proxies}
    forwarded = [
        "1.1.1.1, 10.0.0.1, 192.0.2.1",
        "2.2.2.2, 10.0.0.1, 192.0.2.2",
        "3.3.3.3, 10.0.0.1, 192.0.2.2",
    ]
    statuses = [ask(HTTP_X_FORWARDED_FOR=addresses).status_code for addresses in forwarded]
    assert statuses == passed


def test_without_rates_nothing_is_counted_or_told(rates, at, monkeypatch):
    monkeypatch.setattr(counting, "count", lambda *arguments: pytest.fail("counted"))
    rates()
    assert limits(ask(new_key())) == (200, None, None, None)
    assert limits(ask()) == (401, None, None, None)


@pytest.mark.parametrize(
    ("refused", "status"),
    [
        (ask, 401),
        (lambda: ask("no-key"), 401),
        (lambda: Client().get(f"{API}/nowhere"), 404),
        (lambda: Client(headers={"X-API-Key": new_key()}).get(f"{API}/nowhere"), 404),
        (lambda: Client().post(TIMELINE), 405),
        (lambda: Client(headers={"Accept": "text/html"}).get(TIMELINE), 406),
    ],
    ids=["no key", "no good key", "no path", "no path with a key", "no method", "no media type"],
)
def test_refusals_of_every_kind_count_for_an_address(rates, at, refused, status):
    rates(address="3/min")
    assert [refused().status_code for _ in range(4)] == [status] * 3 + [429]
    assert ask().status_code == 429


def test_every_route_counts_what_it_refuses(rates, at):
    rates(address="1000/min")
    count = 0
    for route, _ in routes_under("api/"):
        if route in OPEN:
            continue
        url = re.sub("<.*>", "nowhere", route)
        for method, accepted in product(("get", "post", "patch", "options"), ("*/*", "image/png")):
            answer = getattr(Client(headers={"Accept": accepted}), method)(url)
            assert answer.status_code in {401, 404, 405, 406}, (method, url)
            count += 1
            assert answer["RateLimit"] == f'"address";r={1000 - count};t=60', (method, url)
    assert count > 40


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("kind", ERRORS)
def test_what_is_refused_before_its_key_is_read_counts_whatever_refuses_it(rates, at, kind):
    rates(address="2/min")
    key = new_key()
    refused = [
        Client(headers=headers).get(f"/refuses/{kind}").status_code
        for headers in ({}, {"X-API-Key": key}, {}, {"X-API-Key": key})
    ]
    assert refused == [ERRORS[kind][1]] * 2 + [429] * 2


def test_an_older_header_tells_the_same_limits(rates, at):
    rates(key="3/min")
    at(20.5)
    answer = ask(new_key())
    names = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
    assert [answer.headers[name] for name in names] == ["3", "2", str(int(MIDNIGHT) + 60)]


def test_a_site_may_count_in_another_cache(at, settings):
    locmem = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
        "counts": {"BACKEND": locmem, "LOCATION": "counts"},
    }
    settings.MAILMETRICS = {"THROTTLE_RATES": {"key": "1/day"}, "THROTTLE_CACHE": "counts"}
    key = new_key()
    assert [ask(key).status_code, ask(key).status_code] == [200, 429]
    settings.MAILMETRICS = {"THROTTLE_RATES": {"key": "1/day"}}
    # A cache that keeps nothing counts nothing.
    assert [ask(key).status_code, ask(key).status_code] == [200, 200]


@pytest.mark.parametrize(
    ("text", "most", "seconds"),
    [
        ("1/s", 1, 1),
        ("10/sec", 10, 1),
        ("600/m", 600, 60),
        ("600/min", 600, 60),
        ("5/h", 5, 3600),
        ("5/hour", 5, 3600),
        ("100000/d", 100_000, 86_400),
        ("100000/day", 100_000, 86_400),
    ],
)
def test_a_rate_is_spelled_as_drf_does(text, most, seconds):
    assert ThrottleRate.parse(text) == ThrottleRate(most, seconds)


@pytest.mark.parametrize(
    "text", ["600", "0/min", "-1/min", "1/minute", "1/week", "1.5/s", " 1/s", "1/s\n", "", 600]
)
def test_any_other_rate_is_refused(text):
    assert not ThrottleRate.is_spelled(text)
    with override_settings(MAILMETRICS={"THROTTLE_RATES": {"key": text}}):
        (mistake,) = mistakes()
    assert mistake.text.startswith(
        'MAILMETRICS["THROTTLE_RATES"] must be a dict such as {"key": "600/min", "address"'
    )


@pytest.mark.parametrize("text", ["600", "", "1/week"])
def test_nothing_else_is_parsed(text):
    with pytest.raises(ValueError, match="is not a number per sec, min, hour or day"):
        ThrottleRate.parse(text)


@pytest.mark.parametrize("rates", [{"keys": "1/s"}, ["key"], "1/s", 7])
def test_only_keys_and_addresses_have_rates(rates):
    with override_settings(MAILMETRICS={"THROTTLE_RATES": rates}):
        assert [mistake.key for mistake in mistakes()] == ["THROTTLE_RATES"]


def test_the_cache_that_counts_is_one_of_the_site():
    with override_settings(MAILMETRICS={"THROTTLE_CACHE": "counts"}):
        (mistake,) = mistakes()
    assert mistake.text == (
        "MAILMETRICS[\"THROTTLE_CACHE\"] must be the alias of a cache (default), not 'counts'."
    )
