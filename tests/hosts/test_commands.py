"""Which names the management commands go by, here and beside a host's own."""

from django.core.management import get_commands

from tests.distributions import APPS

PREFIX = "mailmetrics_"


def ours(*apps: str) -> set[str]:
    return {name for name, app in get_commands().items() if app in apps}


def test_every_command_of_the_apps_has_the_prefix() -> None:
    assert {name for name in ours(*APPS) if not name.startswith(PREFIX)} == set()


def test_the_runnable_site_has_each_of_them_without_it_too() -> None:
    assert ours("config") == {name.removeprefix(PREFIX) for name in ours(*APPS)}
