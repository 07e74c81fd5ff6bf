"""Keys listed and revoked from the command line."""

import io

import pytest
from django.core.management import CommandError, call_command

from apikeys.models import APIKey
from campaigns.fields import utc_now
from tests.factories import APIKeyFactory, WorkspaceFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def keys():
    acme, other = WorkspaceFactory(name="acme"), WorkspaceFactory(name="other")
    return [
        APIKeyFactory(workspace=acme, name="one", scopes=["campaigns:read"]),
        APIKeyFactory(workspace=acme, name="two", scopes=["campaigns:read"]),
        APIKeyFactory(workspace=other, name="one", scopes=["campaigns:read"]),
    ]


def run(command, *arguments):
    output = io.StringIO()
    call_command(f"mailmetrics_{command}", *arguments, stdout=output)
    return output.getvalue()


def row(key, state="active"):
    cells = (key.hint, state, key.workspace.name, key.name, "campaigns:read", "never used")
    return "\t".join(cells) + "\n"


def usable():
    return set(APIKey.objects.filter(revoked_at__isnull=True))


def test_keys_are_listed_newest_first_without_digest(keys):
    one, two, others = keys
    two.revoke()
    assert run("list_api_keys") == row(others) + row(two, "revoked") + row(one)
    assert run("list_api_keys", "--workspace=acme", "--name=one") == row(one)
    assert run("list_api_keys", f"--hint={others.hint}") == row(others)
    assert run("list_api_keys", "--name=none") == ""


@pytest.mark.parametrize("option", ["hint", "name"])
def test_one_key_is_revoked(keys, option):
    two = keys[1]
    before = utc_now()
    assert run("revoke_api_key", f"--{option}={getattr(two, option)}") == row(two, "revoked")
    two.refresh_from_db()
    assert before <= two.revoked_at <= utc_now()
    assert usable() == {keys[0], keys[2]}


def test_of_several_keys_none_is_revoked_by_guess(keys):
    with pytest.raises(CommandError, match="2 keys match; choose one, or give --all:"):
        run("revoke_api_key", "--name=one")
    with pytest.raises(CommandError, match="Name the key by --hint or --name, or give --all"):
        run("revoke_api_key", "--workspace=acme")
    with pytest.raises(CommandError, match="No key that is not revoked yet matches"):
        run("revoke_api_key", "--name=three")
    with pytest.raises(CommandError, match="There is no workspace 'nowhere'"):
        run("revoke_api_key", "--workspace=nowhere", "--all", "--no-input")
    assert usable() == set(keys)


@pytest.mark.parametrize("answer", ["", "no", "y"])
def test_all_are_revoked_only_after_a_yes(keys, monkeypatch, answer):
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    with pytest.raises(CommandError, match="Nothing was revoked"):
        run("revoke_api_key", "--workspace=acme", "--all")
    assert usable() == set(keys)
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    run("revoke_api_key", "--workspace=acme", "--all")
    assert usable() == {keys[2]}


def test_all_are_revoked_without_a_question_if_none_is_wanted(keys):
    run("revoke_api_key", "--all", "--no-input")
    assert usable() == set()
