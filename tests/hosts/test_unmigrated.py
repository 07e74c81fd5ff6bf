"""Hosts that make our tables without migrations count all the same, and never answer zeros."""

import re
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from django.db import connection

from tests.distributions import build
from tests.installed import COUNT, RECORD, InstalledHost

TESTS = f"""
from django.test import TestCase


class CountTest(TestCase):
    def test_it(self):
{indent(RECORD, "        ")}
        from mailmetrics.analytics.reports import campaign_report
        report = campaign_report(workspace_id=acme.pk)
        self.assertEqual(report["workspace_kpis"]["total_sends"], 1)
"""
OURS = ["mailmetrics_campaigns", "mailmetrics_apikeys", "mailmetrics_analytics"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", into=tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def host(tmp_path: Path, wheel: Path, new_database: dict[str, Any] | None) -> InstalledHost:
    made = InstalledHost(tmp_path, wheel, database=new_database)
    made.write("tests.py", TESTS)
    return made


def test_migration_modules(host: InstalledHost) -> None:
    host.write("settings.py", f"MIGRATION_MODULES = {dict.fromkeys(OURS)}\n")
    host.manage("migrate", "--run-syncdb")

    host.shell(RECORD)

    assert host.shell(COUNT) == "1\n"
    assert host.manage("check", "--database", "default") == (
        "System check identified no issues (0 silenced).\n"
    )


@pytest.mark.sqlite  # Django refuses before it comes to the database
@pytest.mark.parametrize("app", ["mailmetrics_campaigns", "mailmetrics_analytics"])
def test_migration_modules_of_one_app_alone_are_refused_by_name(
    host: InstalledHost, app: str
) -> None:
    host.write("settings.py", f"MIGRATION_MODULES = {{{app!r}: None}}\n")

    told = host.manage("migrate", "--run-syncdb", status=1)

    assert re.search("^django.*Error: .*mailmetrics_", told, flags=re.M)


def test_djangos_runner_without_migrations(host: InstalledHost) -> None:
    host.write("settings.py", "DATABASES['default']['TEST'] = {'MIGRATE': False}\n")

    assert "OK" in host.manage("test", "tests")


def test_pytest_without_migrations(host: InstalledHost) -> None:
    told = host.run("-m", "pytest", "-q", "--nomigrations", "--ds=settings", "tests.py")

    assert "1 passed" in told


DROP = {
    "postgresql": "DROP TRIGGER mailmetrics_events_inserted ON mailmetrics_campaigns_emailevent",
    "sqlite": "DROP TRIGGER mailmetrics_events_inserted",
}


def test_where_a_trigger_is_gone_recording_refuses_by_name(host: InstalledHost) -> None:
    host.manage("migrate")
    drop = f"from django.db import connection as c; c.cursor().execute({DROP[connection.vendor]!r})"
    host.shell(drop)

    told = host.manage("shell", "-v", "0", "-c", RECORD, status=1)

    assert told.splitlines()[-1] == (
        "mailmetrics.campaigns.recording.counting.NotCounted: The database 'default' lacks the "
        "triggers mailmetrics_events_inserted, so nothing is recorded: nothing would count it. "
        "`check --database` tells how to get them."
    )
    assert host.shell(COUNT) == "0\n"
    assert "mailmetrics.E006" in host.manage("check", "--database", "default", status=1)
