"""Every command that is told a workspace by its name refuses an unknown one in the same words."""

import os

import pytest
from django.core.management import CommandError, call_command

COMMANDS = {
    "mailmetrics_import_events": lambda name: (name, os.devnull, "--format=jsonl"),
    "mailmetrics_create_api_key": lambda name: (name, "--name=Test", "--scope=campaigns:read"),
    "mailmetrics_prune_events": lambda name: ("--before=2024-01-01", "--workspace", name),
}


@pytest.mark.django_db
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ["acme", "", "a" * 300, "Acme\0", "Acme\ud800"])
def test_an_unknown_workspace_is_refused(command, name):
    with pytest.raises(CommandError) as caught:
        call_command(command, *COMMANDS[command](name))

    assert str(caught.value) == f"There is no workspace {name!r}."
