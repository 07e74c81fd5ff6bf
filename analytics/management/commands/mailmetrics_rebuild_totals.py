import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from analytics.totals.recount import rebuild
from campaigns.base.database_option import add_database_option
from campaigns.base.progress import progress_bar
from campaigns.models import Workspace


class Command(BaseCommand):
    help = "Makes all totals anew from the events. Readers go on; writers of events wait."

    def add_arguments(self, parser: CommandParser) -> None:
        add_database_option(parser)

    def handle(self, *args: Any, database: str, **options: Any) -> None:
        total = Workspace.objects.using(database).count()
        shown = sys.stderr.isatty()
        with progress_bar(shown=shown, total=total, unit=" workspaces") as advance:
            rebuild(using=database, on_workspace=lambda: advance(1))
        self.stdout.write(f"The totals of {total} workspaces are made anew.")
