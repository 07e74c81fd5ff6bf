from base64 import b64encode

import pytest
from django.urls import path
from rest_framework.authentication import BasicAuthentication
from rest_framework.permissions import IsAdminUser
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from apikeys import crypto
from apikeys.authentication import APIKeyAuthentication
from apikeys.permissions import HasScope
from tests.factories import APIKeyFactory

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

KEY = crypto.generate()
OPEN = (200, {"open": True})
NO_KEY = (401, {"detail": "Authentication credentials were not provided."})
NO_SCOPE_DECLARED = (403, {"detail": "This view declares no scope, so no key may use it."})


class View(APIView):
    authentication_classes = [APIKeyAuthentication]
    permission_classes = [HasScope]
    renderer_classes = [JSONRenderer]

    def get(self, request):
        return Response({"open": True})


class Campaigns(View):
    required_scope = "campaigns:read"


class Orders(View):
    required_scope = "orders:read"


class Null(View):
    required_scope = None


class Empty(View):
    required_scope = ""


class Several(View):
    required_scope = ["campaigns:read"]


class KeyOrStaff(Campaigns):
    authentication_classes = [APIKeyAuthentication, BasicAuthentication]
    permission_classes = [HasScope | IsAdminUser]


class KeyAlone(Campaigns):
    authentication_classes = [APIKeyAuthentication, BasicAuthentication]


urlpatterns = [
    path("campaigns", Campaigns.as_view()),
    path("orders", Orders.as_view()),
    path("missing", View.as_view()),
    path("null", Null.as_view()),
    path("empty", Empty.as_view()),
    path("several", Several.as_view()),
    path("key-or-staff", KeyOrStaff.as_view()),
    path("key-alone", KeyAlone.as_view()),
]


@pytest.fixture
def ask(client):
    def ask(view, scopes=(), method="get"):
        APIKeyFactory(key=KEY, scopes=list(scopes))
        answer = getattr(client, method)(f"/{view}", headers={"X-API-Key": KEY})
        return answer.status_code, answer.json() if answer.content else None

    return ask


@pytest.mark.parametrize(
    ("view", "scopes"),
    [
        ("campaigns", ["campaigns:read"]),
        ("campaigns", ["campaigns:all"]),
        ("campaigns", ["*"]),
        ("campaigns", ["orders:read", "campaigns:read"]),
        ("orders", ["orders:read"]),
        ("orders", ["orders:all"]),
        ("orders", ["*"]),
        ("key-or-staff", ["campaigns:read"]),
    ],
)
def test_a_key_with_the_scope_is_let_in(ask, view, scopes):
    assert ask(view, scopes) == OPEN


@pytest.mark.parametrize(
    ("view", "scopes", "missing"),
    [
        ("campaigns", ["orders:read"], "campaigns:read"),
        ("campaigns", ["orders:all"], "campaigns:read"),
        ("campaigns", ["campaigns:write"], "campaigns:read"),
        ("orders", ["campaigns:all"], "orders:read"),
    ],
)
def test_a_key_without_the_scope_is_told_which_it_lacks(ask, view, scopes, missing):
    assert ask(view, scopes) == (403, {"detail": f'The API key lacks the scope "{missing}".'})


@pytest.mark.parametrize("view", ["missing", "null", "empty", "several"])
@pytest.mark.parametrize("scopes", [["*"], ["campaigns:all"]])
def test_a_view_that_declares_no_scope_is_open_to_no_key(ask, view, scopes):
    assert ask(view, scopes) == NO_SCOPE_DECLARED


@pytest.mark.parametrize("method", ["head", "options", "post"])
def test_every_method_needs_the_scope(ask, method):
    assert ask("campaigns", ["orders:read"], method)[0] == 403


@pytest.mark.parametrize("view", ["campaigns", "orders", "missing", "null", "empty", "several"])
def test_without_a_key_every_view_asks_for_one(client, view, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get(f"/{view}")

    assert (answer.status_code, answer.json()) == NO_KEY
    assert answer.headers["WWW-Authenticate"] == 'ApiKey realm="api"'


def test_permission_costs_no_query_beyond_the_keys(client, django_assert_num_queries):
    APIKeyFactory(key=KEY)
    client.get("/campaigns", headers={"X-API-Key": KEY})

    with django_assert_num_queries(1):
        assert client.get("/campaigns", headers={"X-API-Key": KEY}).json() == {"open": True}


@pytest.fixture
def staff(client, admin_user):
    client.defaults["HTTP_AUTHORIZATION"] = "Basic " + b64encode(b"admin:password").decode()
    return client


def test_a_host_may_let_in_a_key_or_its_staff(staff):
    answer = staff.get("/key-or-staff")

    assert (answer.status_code, answer.json()) == OPEN


def test_a_user_without_a_key_is_told_that_it_needs_one(staff):
    answer = staff.get("/key-alone")

    assert (answer.status_code, answer.json()) == (403, {"detail": "This needs an API key."})
