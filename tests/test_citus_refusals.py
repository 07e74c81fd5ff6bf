"""`distribute_tables` refuses by name what it can't do on a cluster, and does what is left."""

from contextlib import contextmanager

import pytest
from django.core.management import CommandError, call_command
from django.db import connections, transaction
from environ import Env

from analytics.totals.checks import check_distribution, check_triggers
from analytics.totals.distribution import DISTRIBUTED, REFERENCE
from campaigns.models import EmailEvent, Workspace
from tests.citus import CITUS_URL, WITHOUT, temporary_database
from tests.commands import run

pytestmark = [
    pytest.mark.sqlite,  # the database is the test's own: one run is enough
    pytest.mark.skipif(not CITUS_URL, reason=WITHOUT),
]

EVENTS, WORKSPACES = EmailEvent._meta.db_table, Workspace._meta.db_table
COMMANDS = pytest.mark.parametrize("options", [(), ("--check",)], ids=["command", "check"])
SETTINGS = ("citus.multi_shard_modify_mode = 'sequential'", "citus.enable_unsafe_triggers = 'on'")


@pytest.fixture(scope="module")
def citus(django_db_blocker):
    with django_db_blocker.unblock(), migrated():
        yield


@contextmanager
def migrated(cluster="cluster", worker="worker"):
    """A cluster's database that is not distributed, by the aliases of two of its nodes."""
    with temporary_database() as citus:
        known = connections.settings["default"]
        for alias, url in ((cluster, citus.url), (worker, citus.workers[0])):
            connections.settings[alias] = known | {"OPTIONS": {}} | Env.db_url_config(url)
        call_command("migrate", database=cluster, verbosity=0)
        yield
        for alias in (cluster, worker):
            connections[alias].close()
            del connections[alias], connections.settings[alias]


@contextmanager
def meanwhile(*statements):
    """In a transaction that is rolled back."""
    with transaction.atomic(using="cluster"):
        with connections["cluster"].cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        yield
        transaction.set_rollback(True, using="cluster")


def reason(*options, alias="cluster"):
    with pytest.raises(CommandError) as raised:
        run("distribute_tables", f"--database={alias}", *options)
    assert raised.value.returncode == 1
    assert "\n" not in str(raised.value)
    return str(raised.value)


def set_settings():
    name = connections["cluster"].settings_dict["NAME"]
    return [f"ALTER DATABASE {name} SET {setting}" for setting in SETTINGS]


def of_a_role(*statements):
    """As a role that owns nothing but what the statements give it."""
    return [
        "CREATE ROLE mailmetrics_stranger",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO mailmetrics_stranger",
        *statements,
        "SET LOCAL ROLE mailmetrics_stranger",
    ]


@COMMANDS
def test_a_worker(citus, options):
    assert reason(*options, alias="worker") == (
        "This node is a worker: the coordinator distributes the tables."
    )


@COMMANDS
@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (
            ["SELECT citus_remove_node(nodename, nodeport) FROM pg_dist_node WHERE groupid = 0"],
            "The coordinator does not know its own address: see citus_set_coordinator_host().",
        ),
        (
            [
                "SELECT citus_set_node_property(nodename, nodeport, 'shouldhaveshards', false) "
                "FROM pg_dist_node WHERE groupid > 0"
            ],
            "No node takes shards: see citus_add_node().",
        ),
        (
            ["SET LOCAL citus.shard_replication_factor = 2"],
            "citus.shard_replication_factor is not 1: shards with replicas have no triggers.",
        ),
    ],
    ids=["address", "nodes", "replicas"],
)
def test_a_cluster_that_is_not_ready(citus, options, statements, expected):
    with meanwhile(*statements):
        assert reason(*options) == expected


@COMMANDS
def test_a_role_that_does_not_own_the_database(citus, options):
    with meanwhile(*of_a_role()):
        assert reason(*options) == (
            "To set citus.multi_shard_modify_mode, citus.enable_unsafe_triggers for the database "
            "takes its owner."
        )


@COMMANDS
def test_a_role_that_does_not_own_a_table(citus, options):
    owned = [
        f"ALTER TABLE {table} OWNER TO mailmetrics_stranger"
        for table in (*REFERENCE, *DISTRIBUTED)
        if table != EVENTS
    ]
    with meanwhile(*set_settings(), *of_a_role(*owned)):
        assert reason(*options) == f"To distribute {EVENTS} takes the owner of the table."


@COMMANDS
def test_rows_that_row_security_may_hide(citus, options):
    statements = [
        f"ALTER TABLE {table} OWNER TO mailmetrics_stranger" for table in (*REFERENCE, *DISTRIBUTED)
    ]
    statements += [
        f"ALTER TABLE {EVENTS} {each} ROW LEVEL SECURITY" for each in ("ENABLE", "FORCE")
    ]
    with meanwhile(*set_settings(), *of_a_role(*statements)):
        assert reason(*options) == (
            f"Row security of {EVENTS} holds for this role, and what it hides would be lost: "
            "a superuser, or a role with BYPASSRLS, may distribute it."
        )


@COMMANDS
def test_events_that_are_distributed_by_something_else(citus, options):
    with meanwhile(
        "SET LOCAL citus.enable_unsafe_triggers = on",
        f"SELECT create_distributed_table('{EVENTS}', 'message_id')",
    ):
        assert reason(*options) == (
            f"{EVENTS} is distributed otherwise than by workspace_id, beside the events and "
            "without replicas: undistribute_table() it first."
        )


@COMMANDS
def test_events_that_are_whole_on_every_node(citus, options):
    with meanwhile(
        "SET LOCAL citus.enable_unsafe_triggers = on", f"SELECT create_reference_table('{EVENTS}')"
    ):
        assert reason(*options) == (
            f"{EVENTS} is a reference table already: undistribute_table() it first."
        )


def test_what_was_done_by_hand_is_kept_and_the_rest_is_done(citus):
    with connections["cluster"].cursor() as cursor:
        cursor.execute("SET citus.enable_unsafe_triggers = on")
        cursor.execute(f"SELECT create_reference_table('{WORKSPACES}')")
        cursor.execute("RESET citus.enable_unsafe_triggers")

    assert reason("--check").startswith("Not distributed yet: ")
    run("distribute_tables", "--database=cluster")

    assert check_triggers(databases=["cluster"]) == check_distribution(databases=["cluster"]) == []


def test_events_that_were_distributed_with_their_triggers(django_db_blocker):
    with django_db_blocker.unblock(), migrated("half", "its worker"):
        with connections["half"].cursor() as cursor:
            cursor.execute("SET citus.enable_unsafe_triggers = on")
            cursor.execute(f"SELECT create_distributed_table('{EVENTS}', 'workspace_id')")
        (issue,) = check_distribution(databases=["half"])
        assert issue.id == "mailmetrics.E009"
        assert f"distribute {DISTRIBUTED[1]} by workspace_id" in issue.msg
        assert EVENTS not in issue.msg
        for options in ((), ("--check",)):
            assert reason(*options, alias="half") == (
                f"{EVENTS} was distributed by hand, with its triggers, which have counted its rows "
                "again: restore a dump to one server and begin there."
            )
