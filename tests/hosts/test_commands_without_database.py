"""What every command says of a database that fails: a line, and exit status 1."""

import gc
import os
import secrets
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction

from apikeys.models import APIKey
from tests.distributions import APPS
from tests.factories import WorkspaceFactory, new_key
from tests.freshsite import free_port
from tests.hosts.test_commands import ours
from tests.site import ROOT
from tests.sql import EVENTS, WORKSPACES, execute

CAMPAIGN = "0b7c1a52-3a1e-4a53-9d0f-2f0d8a6d1c11"
# Each command of the apps as one would call it; {folder} has the files.
CALLS = {
    "mailmetrics_create_api_key": ("Acme", "--name=k", "--scope=campaigns:read"),
    "mailmetrics_distribute_tables": (),
    "mailmetrics_erase_messages": ("Acme", "--message-id=m1"),
    "mailmetrics_import_campaigns": ("Acme", "{folder}/campaigns.csv"),
    "mailmetrics_import_events": ("Acme", "{folder}/events.csv"),
    "mailmetrics_list_api_keys": (),
    "mailmetrics_prune_events": ("--before=2024-01-01",),
    "mailmetrics_rebuild_totals": (),
    "mailmetrics_revoke_api_key": ("--name=old",),
    "mailmetrics_rotate_api_key": ("--name=old",),
    "mailmetrics_set_time_zone": ("Acme", "Europe/Berlin"),
    "mailmetrics_verify_totals": (),
}
KEYS = APIKey._meta.db_table
# The last has read the tables before it refuses a database without Citus, and writes nothing.
READING = {
    "mailmetrics_list_api_keys",
    "mailmetrics_verify_totals",
    "mailmetrics_distribute_tables",
}
WITHOUT_CITUS = (
    "SQLite has no Citus: PostgreSQL alone has it.",
    "The database lacks the extension citus. CREATE EXTENSION makes it.",
)
MIGRATE = ". Is it migrated? `migrate` makes what is missing."

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "campaigns.csv").write_text(f"id,name,status\n{CAMPAIGN},Spring,ACTIVE\n")
    event = f"{CAMPAIGN},m1,sent,2024-01-01T00:00:00Z\n"
    (tmp_path / "events.csv").write_text(f"campaign_id,message_id,kind,occurred_at\n{event}")
    return tmp_path


@pytest.fixture
def acme(folder):
    """What each of the commands has something to do with."""
    new_key(workspace=WorkspaceFactory(name="Acme"), name="old")
    call_command("mailmetrics_import_campaigns", "Acme", str(folder / "campaigns.csv"))


@pytest.fixture
def broken(monkeypatch):
    """Make "broken" an alias of the test database with other settings."""

    def break_(*, options=None, **settings):
        made = connection.copy("broken")
        made.settings_dict |= settings
        made.settings_dict["OPTIONS"] = {**made.settings_dict["OPTIONS"], **(options or {})}
        monkeypatch.setitem(connections.settings, "broken", made.settings_dict)
        # It takes itself for the default's: Django's test case refuses every other alias.
        made.alias = "default"
        connections["broken"] = made

    yield break_
    connections["broken"].close()
    del connections["broken"]


@contextmanager
def sqlite_locked():
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def said(command, folder):
    """What the command says as it exits with status 1, or None if the database does not fail."""
    call = [argument.format(folder=folder) for argument in CALLS[command]]
    try:
        call_command(command, *call, "--database=broken", "--verbosity=0")
    except CommandError as error:
        if str(error) in WITHOUT_CITUS:
            return None
        return str(error) if error.returncode == 1 else repr(error)
    return None


def assert_each_says(text, folder, *, commands=frozenset(CALLS)):
    """That these say so, in a line, and no other command fails."""
    for command in CALLS:
        error = said(command, folder)
        if command not in commands:
            assert error is None, command
            continue
        first, _, rest = (error or "").partition("\n")
        assert first.startswith("The database failed: "), (command, error)
        assert text in first, (command, error)
        # An import also says how far it came.
        assert not rest or "_import_" in command, error


def test_every_command_is_tried():
    assert CALLS.keys() == ours(*APPS)


def test_where_the_apps_are_is_where_commands_are():
    folders = ROOT.glob("*/management/commands/mailmetrics_*.py")
    assert {path.stem for path in folders} == CALLS.keys()


@pytest.mark.postgresql
def test_a_server_that_is_away(broken, folder):
    broken(PORT=free_port())
    assert_each_says("Connection refused", folder)


@pytest.mark.postgresql
def test_a_database_that_there_is_none_of(broken, folder):
    broken(NAME="nowhere")
    assert_each_says('database "nowhere" does not exist', folder)


@pytest.mark.sqlite
def test_a_file_that_can_not_be_opened(broken, folder):
    broken(NAME=str(folder / "nowhere" / "db.sqlite3"))
    assert_each_says("unable to open database file", folder)


@pytest.mark.sqlite
@pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")
def test_a_file_that_is_no_database(broken, folder):
    (folder / "db.sqlite3").write_text("something else" * 100)
    broken(NAME=str(folder / "db.sqlite3"))
    assert_each_says("file is not a database", folder)
    gc.collect()  # now, what Django leaves open as it fails, of which Python 3.13 tells


def test_a_database_that_is_not_migrated(broken, folder, new_database):
    broken(**(new_database or {"NAME": str(folder / "db.sqlite3")}))
    assert_each_says(MIGRATE, folder)
    connections["broken"].close()


def test_a_database_that_is_migrated_in_part(broken, folder, acme):
    broken()
    execute(f"ALTER TABLE {WORKSPACES} RENAME COLUMN created_at TO made_at")
    try:
        # The others ask for no column of a workspace, or for others.
        commands = {each for each in CALLS if "Acme" in CALLS[each]} | {"mailmetrics_prune_events"}
        for command in commands:
            assert said(command, folder).endswith(MIGRATE)
    finally:
        execute(f"ALTER TABLE {WORKSPACES} RENAME COLUMN made_at TO created_at")


def test_a_database_that_is_read_only(broken, folder, acme):
    if connection.vendor == "sqlite":
        broken(options={"init_command": "PRAGMA query_only = 1"})
        assert_each_says("readonly database", folder, commands=CALLS.keys() - READING)
    else:
        broken(options={"options": "-c default_transaction_read_only=on"})
        assert_each_says("read-only transaction", folder, commands=CALLS.keys() - READING)


@pytest.mark.postgresql
def test_a_role_without_rights(broken, folder, acme):
    role = f"stranger_{secrets.token_hex(4)}"
    execute(f"CREATE ROLE {role}")
    try:
        broken(options={"options": f"-c role={role}"})
        assert_each_says("permission denied for table", folder)
        connections["broken"].close()
    finally:
        execute(f"DROP ROLE {role}")


@pytest.mark.sqlite
def test_a_database_that_another_holds(broken, folder, acme):
    broken(options={"timeout": 0.05})
    with sqlite_locked():
        assert_each_says("database is locked", folder, commands=CALLS.keys() - READING)


@pytest.mark.postgresql
def test_tables_that_another_holds(broken, folder, acme, second_alias):
    broken(options={"options": "-c lock_timeout=50ms"})
    with transaction.atomic(using=second_alias), connections[second_alias].cursor() as cursor:
        cursor.execute(f"LOCK TABLE {WORKSPACES}, {KEYS}, {EVENTS}")
        assert_each_says("lock timeout", folder)


def test_the_site_ends_with_one_line_and_status_1(database_url):
    execute(f"ALTER TABLE {KEYS} RENAME TO elsewhere")
    try:
        ended = subprocess.run(
            [sys.executable, "manage.py", "list_api_keys"],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": database_url},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        execute(f"ALTER TABLE elsewhere RENAME TO {KEYS}")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("CommandError: The database failed: ")
    assert ended.stderr.count("\n") == 1
