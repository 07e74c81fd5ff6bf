from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.db import IntegrityError

from campaigns.base.database_command import DatabaseCommand
from campaigns.management.workspaces import workspace_named
from campaigns.zones import validate_time_zone


class Command(DatabaseCommand):
    help = (
        "Changes a workspace's time zone and cuts its recorded days anew, in one transaction. "
        "Readers see the old days until it is done; writers of its events wait."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("workspace", help="The workspace's name.")
        parser.add_argument("time_zone", help="An IANA name such as Europe/Berlin.")

    def handle(self, *args: Any, time_zone: str, **options: Any) -> None:
        workspace = workspace_named(options["workspace"], using=options["database"])
        workspace.time_zone = time_zone
        try:
            validate_time_zone(time_zone)
            workspace.save(using=options["database"], update_fields=["time_zone"])
        except (ValidationError, IntegrityError) as error:
            raise CommandError(" ".join(getattr(error, "messages", None) or [str(error)])) from None
        self.stdout.write(f"The days of {workspace.name} are days of {time_zone}.")
