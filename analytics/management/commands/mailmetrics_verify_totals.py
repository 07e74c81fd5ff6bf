from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics.totals.recount import differences
from campaigns.base.database_option import add_database_option


class Command(BaseCommand):
    help = "Recounts the events and prints each total that differs; exits 1 if there is one."

    def add_arguments(self, parser: CommandParser) -> None:
        add_database_option(parser)

    def handle(self, *args: Any, database: str, **options: Any) -> None:
        found = list(differences(using=database))
        for difference in found:
            self.stdout.write(str(difference))
        if found:
            raise CommandError(
                f"Totals that differ: {len(found)}. mailmetrics_rebuild_totals mends them."
            )
        self.stdout.write("Every total equals a recount of the events.")
