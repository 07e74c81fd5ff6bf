"""The bytes of its answers that a key may have in a window."""

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client
from django.urls import include, path
from rest_framework.response import Response

from apikeys.authentication import APIKeyAuthentication
from apikeys.throttling import counting, windows
from apikeys.throttling.views import ThrottledView
from apikeys.throttling.windows import ByteThrottle
from tests.factories import CampaignFactory, WorkspaceFactory, new_key

CAMPAIGNS = "/api/public/v1/analytics/campaigns"
MIDNIGHT = 1_767_225_600.0

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class HostView(ThrottledView):
    """A host's own, whose answers come in each of Django's ways."""

    authentication_classes = (APIKeyAuthentication,)
    permission_classes = ()
    throttle_classes = (ByteThrottle,)

    def get(self, request, kind):
        if kind == "plain":
            return HttpResponse(b"x" * 100)
        if kind == "stream":
            return StreamingHttpResponse(iter([b"x" * 60, b"x" * 40]))
        return Response("x" * 98)  # with quotation marks


urlpatterns = [
    path("own/<kind>", HostView.as_view()),
    path("api/public/v1/", include("analytics.urls")),
]


@pytest.fixture(autouse=True)
def clock(settings, monkeypatch):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    counting.caches["default"].clear()
    monkeypatch.setattr(windows.time, "time", lambda: MIDNIGHT + 20)
    return lambda seconds: monkeypatch.setattr(windows.time, "time", lambda: MIDNIGHT + seconds)


def budget(settings, most, **rates):
    settings.MAILMETRICS = {"THROTTLE_RATES": {"bytes": f"{most}/min", **rates}}


def test_what_an_answer_holds_counts_and_the_one_after_it_is_refused(settings, clock):
    workspace = WorkspaceFactory()
    CampaignFactory.create_batch(3, workspace=workspace)
    client = Client(headers={"X-API-Key": new_key(workspace=workspace)})
    size = len(client.get(CAMPAIGNS).content)
    budget(settings, size * 2 - 10)
    policy = f'"bytes";q={size * 2 - 10};w=60;qu="content-bytes"'

    def asked(**headers):
        answer = client.get(CAMPAIGNS, headers=headers)
        names = ("RateLimit-Policy", "RateLimit", "Retry-After")
        return answer.status_code, *(answer.headers.get(name) for name in names)

    assert asked() == (200, policy, f'"bytes";r={size - 10};t=40', None)
    assert asked() == (200, policy, '"bytes";r=0;t=40', None)
    assert asked() == (429, policy, '"bytes";r=0;t=40', "40")
    clock(60)
    assert asked()[0] == 200


def test_a_file_counts_and_an_answer_that_was_known_does_not(settings):
    workspace = WorkspaceFactory()
    CampaignFactory.create_batch(3, workspace=workspace)
    client = Client(headers={"X-API-Key": new_key(workspace=workspace)})
    first = client.get(CAMPAIGNS, headers={"Accept": "text/csv"})
    size = len(first.content)
    budget(settings, 10_000)

    def remaining(**headers):
        answer = client.get(CAMPAIGNS, headers={"Accept": "text/csv", **headers})
        return answer.status_code, answer.headers["RateLimit"]

    assert remaining() == (200, f'"bytes";r={10_000 - size};t=40')
    # It is not made.
    left = f'"bytes";r={10_000 - size};t=40'
    assert remaining(**{"If-None-Match": first.headers["ETag"]}) == (304, left)


def test_requests_are_told_beside_the_bytes(settings):
    budget(settings, 10_000, key="5/min")
    client = Client(headers={"X-API-Key": new_key()})
    answer = client.get(CAMPAIGNS)
    left = 10_000 - len(answer.content)
    assert answer.headers["RateLimit"] == f'"key";r=4;t=40, "bytes";r={left};t=40'
    assert answer.headers["RateLimit-Policy"] == (
        '"key";q=5;w=60, "bytes";q=10000;w=60;qu="content-bytes"'
    )
    assert answer.headers["X-RateLimit-Limit"] == "5"
    assert answer.headers["X-RateLimit-Remaining"] == "4"


@pytest.mark.parametrize("kind", ["plain", "stream", "rendered"])
def test_every_kind_of_answer_counts(settings, kind):
    budget(settings, 200)
    client = Client(headers={"X-API-Key": new_key()})

    def asked():
        answer = client.get(f"/own/{kind}")
        size = len(b"".join(answer)) if answer.streaming else len(answer.content)
        return answer.status_code, size

    assert asked() == asked() == (200, 100)
    assert asked()[0] == 429


def test_each_key_has_a_budget_of_its_own_and_a_stranger_none(settings):
    budget(settings, 100)
    first, second = (Client(headers={"X-API-Key": new_key()}) for _ in range(2))
    statuses = [each.get("/own/plain").status_code for each in (first, first, second, second)]
    assert statuses == [200, 429, 200, 429]
    assert {Client().get("/own/plain").status_code for _ in range(3)} == {200}


def test_an_answer_is_given_though_it_can_not_be_counted(settings, monkeypatch):
    budget(settings, 1000)
    client = Client(headers={"X-API-Key": new_key()})

    def fail(*arguments):
        raise counting.StoreFailed

    monkeypatch.setattr(counting, "count", fail)
    assert client.get("/own/plain").status_code == 200
    monkeypatch.setattr(counting, "look", fail)
    assert client.get("/own/plain").status_code == 200
    settings.MAILMETRICS = {**settings.MAILMETRICS, "THROTTLE_FAILURE": "refuse"}
    assert client.get("/own/plain").status_code == 503
