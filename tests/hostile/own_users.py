"""The admin in a host that has users of its own. Run by ``tests/hosts/test_hostile_host.py``."""

import re
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from apikeys.models import APIKey
from campaigns.models import Campaign, Workspace
from tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def staff(client, django_user_model):
    client.force_login(django_user_model.objects.create(email=f"{'a' * 260}@example.com"))
    return client


def key_url(act, *args):
    return reverse(f"admin:mailmetrics_apikeys_apikey_{act}", args=args)


def shown(answer):
    assert answer.status_code == 200
    return re.search(r"mm_[0-9A-Za-z]{38}", answer.content.decode())[0]


def status(client, key):
    url = reverse("mailmetrics:campaign-analytics-list")
    return client.get(url, headers={"X-API-Key": key}).status_code


def test_keys_are_made_rotated_and_revoked_but_not_deleted(staff, client):
    acme = CampaignFactory(workspace__name="Acme").workspace
    form = {"name": "k", "workspace": acme.pk, "scopes": ["*"], "token": uuid4()}
    far = {"expires_in": "date", "expires_at_0": "2999-12-31", "expires_at_1": "12:00:00"}

    key = shown(staff.post(key_url("add"), form | far))
    old = APIKey.objects.get()
    assert old.created_by == "a" * 254
    rotation = {"overlap": "24", "expires_in": "never", "token": uuid4()}
    new_key = shown(staff.post(key_url("rotate", old.pk), rotation))
    assert [status(client, key), status(client, new_key)] == [200, 200]
    assert staff.post(key_url("revoke", old.pk)).status_code == 302
    assert [status(client, key), status(client, new_key)] == [401, 200]
    assert staff.post(key_url("delete", old.pk), {"post": "yes"}).status_code == 403

    for url in (key_url("changelist"), key_url("history", old.pk), key_url("change", old.pk)):
        assert "mm_" in staff.get(url).content.decode()
    assert LogEntry.objects.count() == 4


@pytest.mark.parametrize(("model", "name"), [(Campaign, "Q1"), (Workspace, "Acme")])
def test_campaigns_and_workspaces_are_listed(staff, model, name):
    CampaignFactory(name="Q1", workspace__name="Acme")
    row = model.objects.get()

    for act, args in (("changelist", []), ("change", [row.pk]), ("delete", [row.pk])):
        url = reverse(f"admin:mailmetrics_campaigns_{model._meta.model_name}_{act}", args=args)
        assert name in staff.get(url).content.decode()
