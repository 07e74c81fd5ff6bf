"""``mailmetrics_list_api_keys [--workspace WORKSPACE] [--name NAME] [--hint HINT]``"""

from typing import Any

from django.core.management.base import CommandParser

from apikeys.management.selection import add_selection, line, selected
from campaigns.base.database_command import DatabaseCommand


class Command(DatabaseCommand):
    help = (
        "Lists API keys, the newest first, a line each: hint, state, workspace, name, scopes and "
        "the day of its last use (UTC), apart by tabs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_selection(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        for key in selected(options).iterator():
            self.stdout.write(line(key))
