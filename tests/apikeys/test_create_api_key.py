import getpass
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command, execute_from_command_line
from django.core.management.base import CommandError
from django.db import connections

from apikeys import crypto
from apikeys.lifetimes import KeyState
from apikeys.models import APIKey
from campaigns.fields import utc_now
from tests.factories import WorkspaceFactory

KNOWN = "campaigns:read, campaigns:update, campaigns:all, events:create, events:all, *"

pytestmark = pytest.mark.django_db

READ = ("--name", "Dashboard", "--scope", "campaigns:read")
MOMENT = timedelta(microseconds=1)


@pytest.fixture(autouse=True)
def workspaces():
    WorkspaceFactory(name="Acme")
    WorkspaceFactory(name="Other")


def create_api_key(*args):
    """The command's standard output; nothing goes to standard error."""
    out, err = StringIO(), StringIO()
    call_command("create_api_key", *args, stdout=out, stderr=err)
    assert err.getvalue() == ""
    return out.getvalue()


def test_the_key_and_only_the_key_is_printed():
    out = create_api_key("Acme", *READ, "--scope", "campaigns:all")

    key = out.removesuffix("\n")
    assert out == f"{key}\n"
    assert crypto.is_well_formed(key)
    fields = ("workspace__name", "name", "scopes", "digest", "hint", "expires_at", "created_by")
    assert APIKey.objects.values(*fields).get() == {
        "workspace__name": "Acme",
        "name": "Dashboard",
        "scopes": ["campaigns:read", "campaigns:all"],
        "digest": crypto.digest(key),
        "hint": crypto.hint(key),
        "expires_at": None,
        "created_by": f"command line ({getpass.getuser()})",
    }


@pytest.mark.parametrize(
    ("date", "expires_at"),
    [
        ("2998-12-31", datetime(2999, 1, 1, tzinfo=UTC)),
        ("2996-02-29", datetime(2996, 3, 1, tzinfo=UTC)),
        ("2998-12-31T12:00:00Z", datetime(2998, 12, 31, 12, tzinfo=UTC)),
        ("2998-12-31T12:00:00.5+01:00", datetime(2998, 12, 31, 11, 0, 0, 500_000, tzinfo=UTC)),
        ("2998-12-31T00:00-23:00", datetime(2998, 12, 31, 23, tzinfo=UTC)),
    ],
)
def test_a_day_is_good_to_its_end_and_an_instant_until_it_comes(date, expires_at, settings):
    settings.TIME_ZONE = "Europe/Berlin"
    create_api_key("Acme", *READ, "--expires", date)

    key = APIKey.objects.get()
    assert key.expires_at == expires_at
    assert key.is_usable_at(expires_at - MOMENT)
    assert not key.is_usable_at(expires_at)


@pytest.mark.parametrize(
    "date", ["9999-12-30", "9999-12-31", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00"]
)
@pytest.mark.parametrize("use_tz", [True, False])
def test_the_last_day_of_all_does_not_overflow(date, settings, use_tz):
    settings.TIME_ZONE, settings.USE_TZ = "Europe/Berlin", use_tz
    create_api_key("Acme", *READ, "--expires", date)

    key = APIKey.objects.get()
    assert key.expires_at.date().isoformat() == "9999-12-31"
    assert key.state == KeyState.ACTIVE


def test_a_key_may_expire_at_the_end_of_this_day():
    today = utc_now().date()
    create_api_key("Acme", *READ, "--expires", today.isoformat())

    assert APIKey.objects.get().expires_at.date() == today + timedelta(days=1)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("acme", *READ), "There is no workspace 'acme'."),
        (("", *READ), "There is no workspace ''."),
        (("Acme\ud800", *READ), r"There is no workspace 'Acme\ud800'."),
        (("Acme\0", *READ), r"There is no workspace 'Acme\x00'."),
        (
            ("Acme", "--name", "Dashboard", "--scope", "campaigns:red"),
            f"scopes: 'campaigns:red' is not a known scope; known are {KNOWN}.",
        ),
        (
            ("Acme", *READ, "--scope", "campaigns:read"),
            "scopes: The scope 'campaigns:read' is given twice.",
        ),
        (
            ("Acme", "--name", " ", "--scope", "bad"),
            "name: This field cannot be blank. scopes: 'bad' is not a known scope; "
            f"known are {KNOWN}.",
        ),
        (("Acme", *READ, "--expires", "2024-05-01"), "--expires '2024-05-01' is in the past."),
        (
            ("Acme", *READ, "--expires", "2024-05-01T00:00Z"),
            "--expires '2024-05-01T00:00Z' is in the past.",
        ),
        (
            ("Acme", *READ, "--expires", "2999-05-01T12:00"),
            "--expires '2999-05-01T12:00' has no offset, such as Z or +01:00.",
        ),
    ],
)
def test_what_is_wrong_is_named_and_no_key_is_made(args, message):
    with pytest.raises(CommandError) as caught:
        create_api_key(*args)

    assert (str(caught.value), caught.value.returncode) == (message, 1)
    assert not APIKey.objects.exists()


@pytest.mark.parametrize(
    "date",
    [
        *("", "soon", "2999-02-29", "2999-13-01", "2999-1-1", "01/02/2999", "0000-01-01"),
        *("10000-01-01", "\uff12999-01-01", "2999-01-01\n", "2999-01-01T25:00Z"),
    ],
)
def test_what_is_no_date_is_named_and_no_key_is_made(date):
    with pytest.raises(CommandError) as caught:
        create_api_key("Acme", *READ, "--expires", date)

    assert str(caught.value) == f"--expires {date!r} is neither YYYY-MM-DD nor an instant."
    assert not APIKey.objects.exists()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "WORKSPACE, --name, --scope"),
        (("Acme", "--scope", "*"), "--name"),
        (("Acme", "--name", "Dashboard"), "--scope"),
    ],
)
def test_a_key_needs_a_workspace_a_name_and_a_scope(args, message):
    with pytest.raises(CommandError, match="the following arguments are required: " + message):
        create_api_key(*args)


def test_an_unknown_database_is_refused():
    with pytest.raises(CommandError, match="invalid choice: 'nowhere'"):
        create_api_key("Acme", *READ, "--database", "nowhere")


def test_a_shell_sees_an_error_and_status_1(capsys, monkeypatch):
    # The command line closes the connection at its end, and with it the test's transaction.
    monkeypatch.setattr(connections, "close_all", lambda: None)

    with pytest.raises(SystemExit) as caught:
        execute_from_command_line(["manage.py", "create_api_key", "Nowhere", *READ])

    assert caught.value.code == 1
    assert capsys.readouterr() == ("", "CommandError: There is no workspace 'Nowhere'.\n")
