"""The contract again, in sites whose every setting is turned against it, at once and one by one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.turns import AT_ONCE, TURNS

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str, turns: list[str]) -> subprocess.CompletedProcess[str]:
    settings = {"HOSTILE": ",".join(turns), "DJANGO_SETTINGS_MODULE": "tests.hostile.settings"}
    # Importing every other plugin would take as long as the tests.
    plugins = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "pytest_django.plugin"}
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | settings | plugins,
        capture_output=True,
        text=True,
        check=False,
    )


def pytest_in_host(*arguments: str, turns: list[str]) -> subprocess.CompletedProcess[str]:
    command = ("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider")
    return run(*command, "--ds=tests.hostile.settings", *arguments, turns=turns)


@pytest.mark.parametrize("turns", AT_ONCE, ids=["without time zones", "with time zones"])
def test_the_contract_holds_with_every_setting_turned_against_it_at_once(turns: list[str]) -> None:
    answer = pytest_in_host("tests/api/test_contract.py", turns=turns)

    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize("turn", TURNS)
def test_the_core_of_the_contract_holds_with_one_setting_turned_against_it(turn: str) -> None:
    answer = pytest_in_host("tests/api/test_contract.py", "-m", "core", turns=[turn])

    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize("turns", AT_ONCE, ids=["without time zones", "with time zones"])
def test_the_host_has_no_migration_of_ours_to_make(turns: list[str]) -> None:
    ours = ("mailmetrics_campaigns", "mailmetrics_apikeys", "mailmetrics_analytics")

    answer = run("manage.py", "makemigrations", "--check", "--dry-run", *ours, turns=turns)

    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_everything_else_follows_the_router_too() -> None:
    answer = pytest_in_host("tests/hostile/follows_router.py", turns=["router"])

    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize("turns", AT_ONCE, ids=["without time zones", "with time zones"])
def test_the_admin_holds_too_with_the_hosts_own_users(turns: list[str]) -> None:
    answer = pytest_in_host("tests/hostile/own_users.py", turns=turns)

    assert answer.returncode == 0, answer.stdout
