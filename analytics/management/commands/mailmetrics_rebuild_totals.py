import sys
from typing import Any

from analytics.totals.recount import rebuild
from campaigns.base.database_command import DatabaseCommand
from campaigns.base.progress import progress_bar
from campaigns.models import Workspace


class Command(DatabaseCommand):
    help = "Makes all totals anew from the events. Readers go on; writers of events wait."

    def handle(self, *args: Any, database: str, **options: Any) -> None:
        total = Workspace.objects.using(database).count()
        shown = sys.stderr.isatty()
        with progress_bar(shown=shown, total=total, unit=" workspaces") as advance:
            rebuild(using=database, on_workspace=lambda: advance(1))
        self.stdout.write(f"The totals of {total} workspaces are made anew.")
