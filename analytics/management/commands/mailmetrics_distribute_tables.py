from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import connections

from analytics.totals.distribution import CannotDistribute, distribute, refuse, remaining
from campaigns.base.database_command import DatabaseCommand


class Command(DatabaseCommand):
    help = (
        "Divides the tables among the nodes of a Citus cluster by their workspace, in one "
        "transaction for which readers and writers wait. May be run again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="Only say what there is to do; exits 1 if there is something.",
        )
        super().add_arguments(parser)

    def handle(self, *args: Any, database: str, **options: Any) -> None:
        try:
            if options["check"]:
                self._check(database)
            else:
                distribute(using=database)
                self.stdout.write("The tables are distributed by their workspace.")
        except CannotDistribute as reason:
            raise CommandError(str(reason)) from None

    def _check(self, database: str) -> None:
        refuse(connections[database])
        lines = remaining(connections[database])
        if not lines:
            self.stdout.write("The tables are distributed by their workspace.")
            return
        for line in lines:
            self.stdout.write(f"would {line}")
        raise CommandError(f"Not distributed yet: {len(lines)} steps remain.")
