"""The audit trail: what it has, who may read it, that it stays small and decides nothing."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse

from apikeys.audit import noting
from apikeys.audit.entries import AuditEntry, AuditKind
from apikeys.audit.seldom import Seldom
from apikeys.management.making import caller
from apikeys.models import APIKey
from campaigns import workspace_choices
from campaigns.fields import utc_now
from tests.factories import APIKeyFactory, WorkspaceFactory, new_key
from tests.sql import execute

ME = "/api/public/v1/me"
CAMPAIGNS = "/api/public/v1/analytics/campaigns"
LIST = reverse("admin:mailmetrics_apikeys_auditentry_changelist")
TABLE = AuditEntry._meta.db_table
PAST = "2026-01-01T00:00:00Z"

pytestmark = pytest.mark.django_db


def ask(key, path=ME, address="192.0.2.1"):
    return Client(headers={"X-API-Key": key}).get(path, REMOTE_ADDR=address).status_code


def trail(*fields):
    return list(AuditEntry.objects.order_by("id").values_list(*fields))


def test_what_the_commands_do_is_there_with_who_did_it(capsys):
    workspace = WorkspaceFactory(name="Acme")
    call_command("create_api_key", "Acme", "--name", "Key", "--scope", "*")
    old = APIKey.objects.get()
    call_command("rotate_api_key", "--hint", old.hint, "--overlap", "1")
    new = APIKey.objects.exclude(pk=old.pk).get()
    call_command("revoke_api_key", "--hint", old.hint)

    assert trail("kind", "key_id", "detail") == [
        ("made", old.pk, ""),
        ("made", new.pk, f"by rotating {old.hint}"),
        ("rotated", old.pk, f"to {new.hint}"),
        ("revoked", old.pk, ""),
    ]
    assert set(trail("actor", "workspace_id", "address")) == {(caller(), workspace.pk, "")}
    assert {*trail("label")} == {(f"Key ({old.hint})",), (f"Key ({new.hint})",)}


def test_what_staff_do_is_there_with_who_did_it(admin_client):
    key = APIKeyFactory(name="Key")
    page = "admin:mailmetrics_apikeys_apikey_{}"
    later = utc_now() + timedelta(days=2)
    form = {"name": "Key", "expires_at_0": f"{later:%Y-%m-%d}", "expires_at_1": "00:00:00"}
    admin_client.post(reverse(page.format("change"), args=[key.pk]), form)
    admin_client.post(reverse(page.format("revoke"), args=[key.pk]))
    admin_client.post(reverse(page.format("delete"), args=[key.pk]), {"post": "yes"})

    assert not APIKey.objects.exists()
    assert trail("kind", "actor", "detail") == [
        ("changed", "admin", f"expires {later:%Y-%m-%d} 00:00 UTC"),
        ("revoked", "admin", ""),
        ("deleted", "admin", ""),
    ]


def test_the_first_use_from_each_network_is_there_once(monkeypatch):
    key = new_key()
    addresses = ["192.0.2.1", "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"]
    assert {ask(key, address=each) for each in addresses} == {200}
    monkeypatch.setattr(noting, "seldom", Seldom())  # as another process has it
    assert {ask(key, address=each) for each in addresses} == {200}
    first = AuditKind.FIRST_USED
    assert trail("kind", "address", "actor") == [
        (first, "192.0.2.1", ""),
        (first, "192.0.2.2", ""),
        (first, "2001:db8::/64", ""),
    ]


@pytest.mark.parametrize(
    ("row", "path", "status", "reason"),
    [
        ({"revoked_at": PAST}, ME, 401, "revoked"),
        ({"expires_at": PAST}, ME, 401, "expired"),
        ({"networks": ["10.0.0.1"]}, ME, 403, "address"),
        ({"scopes": ["events:create"]}, CAMPAIGNS, 403, "scope campaigns:read"),
    ],
)
def test_a_refusal_is_there_once_a_day_with_its_reason(row, path, status, reason, monkeypatch):
    key = new_key(**row)
    for _ in range(3):
        assert {ask(key, path), ask(key, path)} == {status}
        monkeypatch.setattr(noting, "seldom", Seldom())
    refused = AuditEntry.objects.filter(kind="refused")
    assert list(refused.values_list("detail", "address")) == [(reason, "192.0.2.1")]
    AuditEntry.objects.update(at=utc_now() - timedelta(days=2))
    assert ask(key, path) == status
    assert refused.count() == 2


def test_keys_that_nobody_was_given_leave_nothing():
    assert {ask("nonsense"), ask("mm_" + "0" * 38)} == {401}
    assert trail("kind") == []


def test_many_addresses_leave_no_more_than_so_many_entries(monkeypatch):
    monkeypatch.setattr(noting, "MOST_A_DAY", 5)
    key = new_key(revoked_at=PAST)
    assert {ask(key, address=f"10.0.{n}.1") for n in range(20)} == {401}
    assert AuditEntry.objects.count() == 5


def test_entries_go_when_their_days_are_over(settings):
    settings.MAILMETRICS = {"AUDIT_DAYS": 30}
    for _ in range(3):
        APIKeyFactory().revoke(by="ada")
    AuditEntry.objects.update(at=utc_now() - timedelta(days=31))
    APIKeyFactory(name="New").revoke(by="ada")
    assert [label[:3] for (label,) in trail("label")] == ["New"]


@pytest.mark.parametrize("row", [{}, {"revoked_at": PAST}], ids=["good", "revoked"])
def test_a_trail_that_can_not_be_written_decides_nothing(row, caplog, monkeypatch):
    def fail(run, sql, params, many, context):
        if TABLE in sql:
            raise OperationalError("The disk is full.\nSecond line")
        return run(sql, params, many, context)

    key = new_key(**row)
    expected = ask(key)
    monkeypatch.setattr(noting, "seldom", Seldom())
    AuditEntry.objects.all().delete()
    with connection.execute_wrapper(fail):
        assert {ask(key), ask(key)} == {expected}
        # Nor whether a key is made or revoked.
        made, _ = APIKey.objects.create_key(
            workspace=WorkspaceFactory(), name="Key", scopes=["*"], created_by="ada"
        )
        assert made.revoke(by="ada")
    assert APIKey.objects.get(pk=made.pk).revoked_at is not None
    logged = [each.getMessage() for each in caplog.records if each.name == noting.logger.name]
    assert [each.partition("” of key ")[0] for each in logged] == [
        "The audit trail lacks “refused" if row else "The audit trail lacks “first_used",
        "The audit trail lacks “made",
        "The audit trail lacks “revoked",
    ]
    assert {each.partition(": ")[2] for each in logged} == {"The disk is full."}


def test_one_who_may_view_reads_it_and_changes_nothing(client, django_user_model):
    key = APIKeyFactory(name="Key")
    key.revoke(by="grace")
    entry = AuditEntry.objects.get()
    user = django_user_model.objects.create_user("ada", is_staff=True)
    client.force_login(user)
    assert client.get(LIST).status_code == 403
    user.user_permissions.set(Permission.objects.filter(codename="view_auditentry"))

    text = client.get(LIST, {"key__id__exact": key.pk}).content.decode()
    assert "Key (" in text
    assert "grace" in text
    assert client.get(LIST, {"q": "nobody"}).content.decode().count("grace") == 0
    for act in ("add", "change", "delete"):
        arguments = [] if act == "add" else [entry.pk]
        url = reverse(f"admin:mailmetrics_apikeys_auditentry_{act}", args=arguments)
        assert client.post(url, {"post": "yes", "actor": "x"}).status_code == 403
    assert AuditEntry.objects.get().actor == "grace"


def test_many_workspaces_are_searched_for(admin_client, monkeypatch):
    monkeypatch.setattr(workspace_choices, "MANY", 1)
    acme, globex = (APIKeyFactory(workspace__name=name) for name in ("Acme", "Globex"))
    for key in (acme, globex):
        key.revoke(by="ada")
    page = admin_client.get(LIST, {"workspace__id__exact": globex.workspace_id}).content.decode()
    assert "admin-autocomplete" in page
    assert (globex.hint in page, acme.hint in page) == (True, False)
    found = admin_client.get(f"{LIST}workspaces/", {"term": "acme"}).json()["results"]
    assert found == [{"id": str(acme.workspace_id), "text": "Acme"}]


def test_the_page_of_a_key_leads_to_its_entries(admin_client):
    key = APIKeyFactory()
    page = admin_client.get(reverse("admin:mailmetrics_apikeys_apikey_change", args=[key.pk]))
    assert f"{LIST}?key__id__exact={key.pk}" in page.content.decode()


def test_it_outlives_key_and_workspace(admin_client):
    key = APIKeyFactory(name="Gone")
    key.revoke(by="ada")
    key.workspace.delete()
    assert not APIKey.objects.exists()
    assert "Gone (" in admin_client.get(LIST).content.decode()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_locked_table_is_not_waited_for():
    key = new_key()
    ask(key)
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {TABLE} IN ACCESS EXCLUSIVE MODE")
        execute("SET lock_timeout = '20s'")
        before = utc_now()
        assert ask(key, address="10.9.9.9") == 200
        assert utc_now() - before < timedelta(seconds=2)
        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            assert cursor.fetchone() == ("20s",)
    finally:
        execute("RESET lock_timeout")
        other.rollback()
        other.close()
