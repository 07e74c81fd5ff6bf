from typing import Any

from django.core.management.base import CommandError

from analytics.totals.recount import differences
from campaigns.base.database_command import DatabaseCommand


class Command(DatabaseCommand):
    help = "Recounts the events and prints each total that differs; exits 1 if there is one."

    def handle(self, *args: Any, database: str, **options: Any) -> None:
        found = list(differences(using=database))
        for difference in found:
            self.stdout.write(str(difference))
        if found:
            raise CommandError(
                f"Totals that differ: {len(found)}. mailmetrics_rebuild_totals mends them."
            )
        self.stdout.write("Every total equals a recount of the events.")
