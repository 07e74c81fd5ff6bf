"""Every scope against every route of the API, as the URL conf has them."""

import pytest
from django.test import Client

from apikeys.permissions import ANY_KEY, HasScope
from apikeys.scopes import known_scopes
from tests.factories import new_key
from tests.routes import API, routes_under

# What they tell is public; a route is added here on purpose or declares its scope.
OPEN = ["/api/public/v1/docs", "/api/public/v1/schema"]
# Any key that is usable will do.
ANY = ["/api/public/v1/me"]
# Every other path below the prefix is a 404, with or without a key.
NOWHERE = "/api/public/v1/<mailmetrics_anything:path>"
# What each route's scope is, and every scope that covers it.
NEEDS = {
    "/api/public/v1/analytics/campaigns": "campaigns:read",
    "/api/public/v1/analytics/campaigns/timeline": "campaigns:read",
    "/api/public/v1/campaigns/<str:campaign_id>": "campaigns:update",
    "/api/public/v1/events": "events:create",
}
COVERED_BY = {
    "campaigns:read": {"campaigns:read", "campaigns:all", "*"},
    "campaigns:update": {"campaigns:update", "campaigns:all", "*"},
    "events:create": {"events:create", "events:all", "*"},
}
# OPTIONS is answered everywhere, to whoever may use the route.
CALLS = [
    (path, method)
    for path, scope in NEEDS.items()
    for method in (["get", "head", "options"] if scope == "campaigns:read" else ["options"])
]
OTHERS = [
    "campaigns:write",
    "campaigns:al",
    "campaigns:*",
    "campaigns",
    "all",
    "read",
    "orders:read",
    "orders:all",
    "campaignsx:all",
    "**",
    "",
]
ROUTES = dict(routes_under(API))

pytestmark = pytest.mark.django_db


def test_every_route_is_open_on_purpose_or_declares_its_scope():
    declared = [path for path in ROUTES if path not in [*OPEN, *ANY, NOWHERE]]
    assert sorted(declared) == sorted(NEEDS)
    assert [ROUTES[path].cls.required_scope for path in ANY] == [ANY_KEY]
    for path, scope in NEEDS.items():
        view = ROUTES[path].cls
        assert (view.required_scope, view.permission_classes) == (scope, (HasScope,)), path


@pytest.mark.parametrize(("path", "method"), CALLS)
@pytest.mark.parametrize("scope", [*known_scopes(), *OTHERS])
def test_a_route_is_open_to_the_scopes_that_cover_its_own_alone(path, scope, method):
    response = getattr(Client(headers={"X-API-Key": new_key(scopes=[scope])}), method)(path)
    needed = NEEDS[path]
    if scope in COVERED_BY[needed]:
        assert response.status_code == 200
    else:
        assert response.status_code == 403
        if method != "head":
            assert response.json() == {
                "detail": f'The API key lacks the scope "{needed}".',
                "error": "insufficient_scopes",
                "required": [needed],
                "granted": [scope],
            }


@pytest.mark.parametrize("scope", [*known_scopes(), *OTHERS])
@pytest.mark.parametrize("path", ANY)
def test_any_usable_key_will_do(path, scope):
    assert Client(headers={"X-API-Key": new_key(scopes=[scope])}).get(path).status_code == 200
    assert Client().get(path).status_code == 401


@pytest.mark.parametrize(("path", "method"), CALLS)
def test_without_a_key_no_route_answers(path, method):
    assert getattr(Client(), method)(path).status_code == 401


@pytest.mark.parametrize("path", OPEN)
def test_what_is_open_is_the_same_for_everyone(path):
    answers = {
        Client(headers=headers).get(path).content
        for headers in ({}, {"X-API-Key": new_key()}, {"X-API-Key": "bad"})
    }
    assert len(answers) == 1
