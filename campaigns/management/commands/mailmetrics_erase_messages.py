from typing import Any

from django.core.management.base import CommandError, CommandParser

from campaigns.base.database_command import DatabaseCommand
from campaigns.management.workspaces import workspace_named
from campaigns.recording import InvalidMessage
from campaigns.recording.erasing import erase_messages


class Command(DatabaseCommand):
    help = (
        "Replaces a recipient's message ids by random ones; all totals stay as they are. There is "
        "no way back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("workspace", help="The workspace's name.")
        parser.add_argument(
            "--recipient", metavar="ADDRESS", help="Messages recorded with this recipient."
        )
        parser.add_argument(
            "--message-id",
            action="append",
            default=[],
            dest="message_ids",
            metavar="ID",
            help="A message recorded without its recipient. May be repeated.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["recipient"] is None and not options["message_ids"]:
            raise CommandError("Name the messages by --recipient or --message-id.")
        try:
            erased = erase_messages(
                workspace=workspace_named(options["workspace"], using=options["database"]),
                recipient=options["recipient"],
                message_ids=options["message_ids"],
                using=options["database"],
            )
        except InvalidMessage as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"The ids of {erased} messages are erased, all totals kept.")
