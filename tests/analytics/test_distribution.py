"""What `distribute_tables` says where there is no cluster, and what a cluster's dump leaves behind.

tests/test_citus.py is about a cluster.
"""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from analytics.totals import triggers
from analytics.totals.checks import check_distribution, check_triggers
from campaigns.base.citus import leaking_release
from tests.analytics.world import AS_MADE, SENT, World, row
from tests.commands import run
from tests.sql import execute, insert_events

COMMANDS = [(), ("--check",)]


@pytest.mark.sqlite
@pytest.mark.parametrize("options", COMMANDS)
@pytest.mark.django_db
def test_sqlite_has_no_citus(options):
    with pytest.raises(CommandError) as raised:
        run("distribute_tables", *options)
    assert str(raised.value) == "SQLite has no Citus: PostgreSQL alone has it."


@pytest.mark.postgresql
@pytest.mark.parametrize("options", COMMANDS)
@pytest.mark.django_db
def test_a_postgresql_without_the_extension_is_told_so(options):
    with pytest.raises(CommandError) as raised:
        run("distribute_tables", *options)
    assert str(raised.value) == (
        "The database lacks the extension citus. CREATE EXTENSION makes it."
    )


@pytest.mark.parametrize(
    ("release", "leaks"),
    [
        ("12.1.10", False),
        ("12.1.11", True),
        ("13.2.0", False),
        ("13.2.2", True),
        ("13.2.20", False),
        ("14.0.1", True),
        ("15.0devel", False),
    ],
)
def test_releases_of_citus_that_leak_plans_are_known(release, leaks):
    told = leaking_release(f"Citus {release} on x86_64-pc-linux-gnu, compiled by gcc, 64-bit")
    assert told == (release if leaks else "")


@pytest.mark.postgresql
@pytest.mark.django_db
class TestADumpOfAClusterRestoredToOneServer:
    @pytest.fixture(autouse=True)
    def world(self, db):
        world = World()
        execute("SET CONSTRAINTS ALL IMMEDIATE")
        execute("SET LOCAL check_function_bodies = off")  # as pg_restore does
        triggers._run(connection, [triggers._script("citus", triggers.VERSION, "create")])
        return world

    def test_is_told_by_the_check(self):
        (issue,) = check_triggers(databases=["default"])
        assert issue.id == "mailmetrics.E006"
        assert issue.msg.startswith(
            "The database 'default' is one server's, and has a Citus cluster's triggers instead of "
            "mailmetrics_campaigns_deleted(), mailmetrics_count_events(), "
        )
        assert check_distribution(databases=["default"]) == []

    def test_is_mended_by_a_rebuild(self, world):
        call_command("rebuild_totals", verbosity=0)
        assert check_triggers(databases=["default"]) == []
        assert world.totals() == AS_MADE
        insert_events(row(world.a1, "m9", SENT))
        assert world.totals()[0]["a1"] == {"sent": 3, "opened": 1}
