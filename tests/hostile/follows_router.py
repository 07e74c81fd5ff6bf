"""What the host's router sends to a second database stays out of the first, in every command.

Run by ``tests/hosts/test_hostile_host.py``.
"""

from io import StringIO
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import connections
from django.urls import reverse

from apikeys.models import APIKey
from campaigns.checks import LABELS
from campaigns.models import Campaign, EmailEvent, Workspace
from tests.recount import assert_totals_exact

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

CAMPAIGNS = '{"id": "550e8400-e29b-41d4-a716-446655440000", "name": "Q1", "status": "ACTIVE"}\n'
EVENTS = (
    '{"campaign_id": "550e8400-e29b-41d4-a716-446655440000", "message_id": "m", "kind": "sent",'
    ' "occurred_at": "2024-01-15T10:00:00Z"}\n'
)


def run(*command, **options):
    out = StringIO()
    call_command(*command, stdout=out, **options)
    return out.getvalue()


def file(folder, lines):
    path = folder / "lines.jsonl"
    path.write_text(lines)
    return str(path)


def test_every_command_finds_the_tables_without_being_told_where(tmp_path):
    assert run("import_campaigns", "Acme", file(tmp_path, CAMPAIGNS), "--create") == (
        "campaigns: 1 new, 0 updated; 0 lines refused\n"
    )
    assert run("import_events", "Acme", file(tmp_path, EVENTS)) == (
        "events: 1 new, 0 moved earlier, 0 known; 0 lines refused\n"
    )
    run("create_api_key", "Acme", "--name", "k", "--scope", "*")
    run("rebuild_totals")
    run("verify_totals")
    assert (Workspace.objects.count(), APIKey.objects.count()) == (1, 1)
    assert_totals_exact()

    run("prune_events", "--before", "2024-02-01")
    run("verify_totals")
    assert not EmailEvent.objects.exists()
    assert_totals_exact()

    (workspace,) = Workspace.objects.using("mail")
    workspace.delete()
    assert not Campaign.objects.exists()
    assert not APIKey.objects.exists()
    assert_totals_exact()


def test_the_admin_makes_rotates_and_revokes_keys_of_the_second_and_logs_in_the_first(
    admin_client,
):
    acme = Workspace.objects.create(name="Acme")
    url = reverse("admin:mailmetrics_apikeys_apikey_add")
    form = {"name": "k", "workspace": acme.pk, "scopes": ["*"], "expires_in": "never"}

    assert "mm_" in admin_client.post(url, form | {"token": uuid4()}).content.decode()
    (key,) = APIKey.objects.using("mail")
    url = reverse("admin:mailmetrics_apikeys_apikey_rotate", args=[key.pk])
    rotation = {"overlap": "24", "expires_in": "never", "token": uuid4()}
    assert "mm_" in admin_client.post(url, rotation).content.decode()
    url = reverse("admin:mailmetrics_apikeys_apikey_revoke", args=[key.pk])
    assert admin_client.post(url, {"post": "yes"}).status_code == 302
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert admin_client.get(reverse("admin:mailmetrics_apikeys_apikey_changelist")).status_code == (
        200
    )
    assert LogEntry.objects.using("default").count() == 4


def test_the_first_database_has_no_table_of_ours_and_the_second_no_other():
    ours = tuple(f"{label}_" for label in LABELS.values())
    tables = {alias: connections[alias].introspection.table_names() for alias in connections}
    assert not [table for table in tables["default"] if table.startswith(ours)]
    assert sorted(table for table in tables["mail"] if not table.startswith(ours)) == [
        "django_migrations"
    ]


def test_both_databases_pass_the_checks():
    assert [
        issue.id
        for issue in run_checks(databases=list(connections))
        if (issue.id or "").startswith("mailmetrics.")
    ] == []


def test_a_database_that_there_is_not_is_refused():
    with pytest.raises(CommandError, match="invalid choice: 'nowhere'"):
        call_command("verify_totals", "--database", "nowhere")
