"""``mailmetrics_rotate_api_key [--hint H] [--name N] [--overlap HOURS] [--expires DATE]``"""

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.views.decorators.debug import sensitive_variables

from apikeys.management.making import add_expiry, caller, in_one_line, parse_expiry
from apikeys.management.selection import add_selection, line, selected
from campaigns.base.database_command import DatabaseCommand
from campaigns.fields import utc_now

MOST_HOURS = 24 * 366


class Command(DatabaseCommand):
    help = (
        "Makes a new API key like the one that the options select, prints it alone on standard "
        "output, and ends the old one after an overlap."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_selection(parser)
        add_expiry(parser)
        parser.add_argument(
            "--overlap",
            type=int,
            default=24,
            metavar="HOURS",
            help="how long the old key stays valid (24)",
        )

    @sensitive_variables()
    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 <= options["overlap"] <= MOST_HOURS:
            raise CommandError(f"--overlap must be from 0 to {MOST_HOURS} hours.")
        usable = [key for key in selected(options) if key.is_usable_at(utc_now())]
        if not usable:
            raise CommandError("No key that is valid matches.")
        if len(usable) > 1:
            lines = "\n".join(map(line, usable))
            raise CommandError(f"{len(usable)} keys match; choose one:\n{lines}")
        try:
            _, key = usable[0].rotate(
                overlap=timedelta(hours=options["overlap"]),
                expires_at=parse_expiry(options["expires"]),
                created_by=caller(),
            )
        except ValidationError as error:
            raise CommandError(in_one_line(error)) from None
        self.stdout.write(key)
