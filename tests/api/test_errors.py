"""The structure of every error on every route that needs a key, and a host's own instead."""

import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse, StreamingHttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.test import Client
from rest_framework.response import Response

from apikeys.throttling import counting
from tests.factories import new_key

API = "/api/public/v1"
CAMPAIGN = f"{API}/campaigns/550e8400-e29b-41d4-a716-446655440000"
READING = [f"{API}/analytics/campaigns", f"{API}/analytics/campaigns/timeline", f"{API}/me"]
ROUTES = [*(("get", url) for url in READING), ("post", f"{API}/events"), ("put", CAMPAIGN)]
SCOPES = {CAMPAIGN: "campaigns:update", f"{API}/events": "events:create"}

pytestmark = pytest.mark.django_db
EVERY_ROUTE = pytest.mark.parametrize(("method", "url"), ROUTES)


def ask(method, url, key=None, *, body=b"[]", **headers):
    client = Client(headers={"X-API-Key": key, **headers} if key else headers)
    given = {} if method == "get" else {"data": body, "content_type": "application/json"}
    return getattr(client, method)(url, **given)


def away(execute, sql, *args):
    raise OperationalError("The server is away")


def refused(status, method, url, settings):
    """An answer of this status, which every route may give."""
    key = new_key(scopes=["*"])
    asks = {
        401: lambda: ask(method, url),
        403: lambda: ask(method, url, new_key(scopes=["nothing:at:all"])),
        405: lambda: ask("patch", url, key),
        406: lambda: ask(method, url, key, Accept="image/png"),
        413: lambda: ask(method, url, key, body=b" " * 5_000_001),
        429: lambda: second_of_one_an_hour(method, url, key, settings),
        503: lambda: ask_while_away(method, url, key),
    }
    return asks[status]()


def second_of_one_an_hour(method, url, key, settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    counting.caches["default"].clear()
    settings.MAILMETRICS = {**settings.MAILMETRICS, "THROTTLE_RATES": {"key": "1/hour"}}
    ask(method, url, key)
    return ask(method, url, key)


def ask_while_away(method, url, key):
    with connection.execute_wrapper(away):
        return ask(method, url, key)


def is_possible(status, method, url):
    """Any key may ask /me, and nobody reads the body of what only reads."""
    return (status, url) != (403, f"{API}/me") and (status != 413 or method != "get")


STATUSES = [401, 403, 405, 406, 413, 429, 503]
EVERY_REFUSAL = pytest.mark.parametrize(
    ("status", "method", "url"),
    [(status, *route) for status in STATUSES for route in ROUTES if is_possible(status, *route)],
)


@EVERY_REFUSAL
def test_every_error_has_the_structure(status, method, url, settings):
    answer = refused(status, method, url, settings)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/json")
    body = answer.json()
    assert isinstance(body.pop("detail"), str)
    scope = SCOPES.get(url, "campaigns:read")
    details = {"error": "insufficient_scopes", "required": [scope], "granted": ["nothing:at:all"]}
    assert body == (details if status == 403 else {})
    assert ("Retry-After" in answer) == (status in (429, 503))
    assert ("WWW-Authenticate" in answer) == (status == 401)
    if status == 405:
        assert method.upper() in answer["Allow"]


@pytest.mark.parametrize("url", READING)
def test_too_many_parameters_are_one_mistake(url):
    answer = Client(headers={"X-API-Key": new_key()}).get(url, [(f"p{n}", "") for n in range(1001)])
    mistake = {"loc": ["query"], "msg": "There are too many parameters.", "type": "too_many"}
    assert (answer.status_code, answer.json()) == (400, {"detail": [mistake]})


def plain(error, context):
    """A host's own handler."""
    return Response({"host": True}, status=getattr(error, "status_code", 500))


@EVERY_REFUSAL
def test_a_host_s_own_handler_decides_of_every_error(status, method, url, settings):
    settings.MAILMETRICS = {**settings.MAILMETRICS, "EXCEPTION_HANDLER": f"{__name__}.plain"}
    answer = refused(status, method, url, settings)
    assert (answer.status_code, answer.json()) == (status, {"host": True})


def by_cookie(error, context):
    """A host's own handler, whose answers depend on something more."""
    return HttpResponse("No.", status=error.status_code, headers={"Vary": "Cookie"})


def by_template(error, context):
    return TemplateResponse(None, engines["django"].from_string("N{{ letter }}."), {"letter": "o"})


def in_pieces(error, context):
    return StreamingHttpResponse(iter([b"No", b"."]))


def test_what_a_host_s_own_answer_depends_on_is_kept(settings):
    settings.MAILMETRICS = {**settings.MAILMETRICS, "EXCEPTION_HANDLER": f"{__name__}.by_cookie"}
    answer = Client().get(READING[0])
    assert (answer.status_code, answer.content) == (401, b"No.")
    assert set(answer["Vary"].split(", ")) >= {"Cookie", "Accept", "X-API-Key"}


@pytest.mark.parametrize("handler", [by_cookie, by_template, in_pieces])
def test_a_host_s_own_answer_may_be_any_of_django_s(handler, settings):
    path = f"{__name__}.{handler.__name__}"
    settings.MAILMETRICS = {**settings.MAILMETRICS, "EXCEPTION_HANDLER": path}
    assert b"".join(Client().get(READING[0])) == b"No."
