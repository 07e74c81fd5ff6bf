import argparse
import re
from datetime import date, timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser

from analytics.totals.pruning import BATCH_SIZE, prune
from campaigns.base.database_command import DatabaseCommand
from campaigns.base.progress import progress_bar
from campaigns.management.workspaces import workspace_named
from campaigns.models import Workspace

YOUNGEST = timedelta(days=30)


class Command(DatabaseCommand):
    help = "Deletes old events, batch by batch; all totals stay as they are. May be run again."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--before",
            required=True,
            type=_day,
            metavar="DATE",
            help="The day, in each workspace's time zone, that keeps its events. Those from before "
            "it go, and the workspace takes no more of them.",
        )
        parser.add_argument("--workspace", metavar="NAME", help="This one alone; by default all.")
        parser.add_argument(
            "--batch-size",
            type=int,
            default=BATCH_SIZE,
            help=f"How many events to delete in a transaction (default: {BATCH_SIZE}).",
        )
        parser.add_argument(
            "--force", action="store_true", help="Prune also within the last 30 days."
        )

    def handle(self, *args: Any, before: date, batch_size: int, **options: Any) -> None:
        if batch_size < 1:
            raise CommandError("--batch-size must be at least 1.")
        workspaces = _workspaces(options["workspace"], options["database"])
        for workspace in workspaces:
            _check_age(before, today=workspace.today(), force=options["force"])
        pruned = 0
        with progress_bar(shown=self.stderr.isatty(), total=None, unit=" events") as advance:
            for workspace in workspaces:
                for count in prune(
                    workspace=workspace,
                    before=before,
                    batch_size=batch_size,
                    using=options["database"],
                ):
                    advance(count)
                    pruned += count
        self.stdout.write(f"{pruned} events from before {before} are deleted, all totals kept.")


def _check_age(before: date, *, today: date, force: bool) -> None:
    if before > today:
        raise CommandError(f"{before} is to come: the events of today have to be recorded.")
    if before > today - YOUNGEST and not force:
        raise CommandError(
            f"{before} is not {YOUNGEST.days} days ago: mail of that age is still opened, and "
            "what comes from before DATE is not recorded any more. --force prunes all the same."
        )


def _workspaces(name: str | None, database: str) -> list[Workspace]:
    if name is None:
        return list(Workspace.objects.using(database).order_by("pk"))
    return [workspace_named(name, using=database)]


def _day(text: str) -> date:
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return date.fromisoformat(text)  # argparse tells of a ValueError
    raise argparse.ArgumentTypeError("must be a date, YYYY-MM-DD")
