"""What the commands have in common: a database to name, and one line when it fails."""

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, connections, router

# undefined_table, undefined_column
_UNMIGRATED_STATES = {"42P01", "42703"}


class DatabaseCommand(BaseCommand):
    """Works on the database that ``--database`` names.

    If that fails, in whatever way, the command ends with a line that says how and exit status 1;
    with ``--traceback`` it says where, too.
    """

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--database",
            default=router.db_for_write(apps.get_model("mailmetrics_campaigns", "EmailEvent")),
            choices=tuple(connections),
            help="The database to use. Defaults to where the site's router sends events.",
        )

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except Error as error:
            raise CommandError(failure(error)) from error


def failure(error: Error) -> str:
    """What is wrong with the database, in a line."""
    reason = str(error).partition("\n")[0]
    if _is_unmigrated(error, reason):
        reason += ". Is it migrated? `migrate` makes what is missing."
    return f"The database failed: {reason}"


def _is_unmigrated(error: Error, reason: str) -> bool:
    state = getattr(error.__cause__, "sqlstate", None)
    return state in _UNMIGRATED_STATES or reason.startswith(("no such table", "no such column"))
