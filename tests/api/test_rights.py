"""What somebody without rights gets at every address of the site: SECURITY.md has it."""

import re
from datetime import timedelta
from fnmatch import fnmatch

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.test import Client

from apikeys import crypto
from apikeys.audit.entries import AuditEntry, AuditKind
from apikeys.models import APIKey
from campaigns.fields import utc_now
from campaigns.models import Campaign, Workspace
from tests.factories import APIKeyFactory, CampaignFactory, new_key
from tests.routes import routes_under
from tests.site import ROOT

TABLE = (ROOT / "SECURITY.md").read_text().split("## What each may reach\n")[1]
ROWS = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in TABLE.split("\n\n")[2].splitlines()
]
CALLERS = ROWS[0][1:]
EXPECTED = {tuple(re.findall("`(.*?)`", row[0])): row[1:] for row in ROWS[2:]}
METHODS = {
    "/admin/logout/": "post",
    "/api/public/v1/campaigns/<str:campaign_id>": "put",
    "/api/public/v1/events": "post",
}
REFUSALS = {"login", "401", "403", "404"}

pytestmark = pytest.mark.django_db


def user(**rights):
    client = Client()
    client.force_login(User.objects.create_user(f"user {User.objects.count()}", **rights))
    return [client]


def bad_keys():
    earlier = utc_now() - timedelta(days=1)
    ended = [new_key(scopes=["*"], **{field: earlier}) for field in ("expires_at", "revoked_at")]
    return [Client(headers={"X-API-Key": key}) for key in [*ended, crypto.generate(), "mm_short"]]


CLIENTS = {
    "nobody": lambda: [Client()],
    "a user who is not staff": user,
    "staff without permissions": lambda: user(is_staff=True),
    "a key without the scope": lambda: [Client(headers={"X-API-Key": new_key(scopes=["other"])})],
    "a key that is unknown, expired or revoked": bad_keys,
}


@pytest.fixture
def things():
    """One of everything that a page may be about, by the folder of its pages."""
    CampaignFactory()
    APIKeyFactory()
    User.objects.create_user("somebody")
    Group.objects.create(name="some")
    AuditEntry.objects.create(kind=AuditKind.MADE, label="of a key")
    return {
        "auth/user": User,
        "auth/group": Group,
        "mailmetrics_apikeys/apikey": APIKey,
        "mailmetrics_apikeys/auditentry": AuditEntry,
        "mailmetrics_campaigns/campaign": Campaign,
        "mailmetrics_campaigns/workspace": Workspace,
    }


def address(route, things):
    """The route with what there is in the places of its parameters."""
    path = re.sub(r"\^?\(\?P<app_label>(\w+).*", r"\1/", route)
    path = re.sub(r"\(\?P<url>.*", "nowhere", path)
    path = path.replace("<mailmetrics_anything:path>", "nowhere")
    path = re.sub(r"<\w+:campaign_id>", str(Campaign.objects.first().pk), path)
    path = path.replace("<path:content_type_id>", str(ContentType.objects.get_for_model(User).pk))
    model = next((model for name, model in things.items() if f"/{name}/" in path), User)
    path = re.sub("<path:object_id>|<id>", str(model.objects.first().pk), path)
    assert "<" not in path, "a parameter that nothing stands for here"
    return path


def expected(path, caller):
    """What the first row of the table that is about the path says."""
    cells = next(
        cells for each, cells in EXPECTED.items() if any(fnmatch(path, one) for one in each)
    )
    return cells[CALLERS.index(caller)]


def got(client, path, method):
    answer = getattr(client, method)(path)
    leads_to = answer.headers.get("Location", "")
    if leads_to.startswith("/admin/login/"):
        return "login"
    if leads_to.endswith("/change/"):  # where the page has moved to
        return got(client, leads_to, method)
    return str(answer.status_code)


def rows(things):
    # What was refused is told in the trail.
    models = set(things.values()) - {AuditEntry}
    return {model: sorted(model.objects.values_list("pk", flat=True)) for model in models}


def test_the_table_has_every_kind_of_caller_and_no_row_for_nothing(things):
    assert set(CALLERS) == CLIENTS.keys()
    paths = [address(route, things) for route, _ in routes_under("")]
    unused = [each for row in EXPECTED for each in row if not any(fnmatch(p, each) for p in paths)]
    assert unused == []


@pytest.mark.parametrize("caller", CALLERS)
def test_every_address_answers_as_the_table_says(things, caller):
    # Whoever is logged in logs out last.
    routes = sorted((route for route, _ in routes_under("")), key=lambda route: "logout" in route)
    for client in CLIENTS[caller]():
        before = rows(things)
        for route in routes:
            path = address(route, things)
            wanted = expected(path, caller)
            assert got(client, path, METHODS.get(route, "get")) == wanted, path
            if wanted in REFUSALS:
                # Neither is there anything to be sent.
                assert got(client, path, "post") in {wanted, "405"}, path
        assert rows(things) == before
