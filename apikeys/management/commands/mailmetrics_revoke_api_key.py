"""``mailmetrics_revoke_api_key [--workspace W] [--name N] [--hint H] [--all] [--no-input]``"""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from apikeys.management.making import caller
from apikeys.management.selection import add_selection, line, selected
from apikeys.models import APIKey
from campaigns.base.database_command import DatabaseCommand


class Command(DatabaseCommand):
    help = "Revokes the API key that the options select, for good, and prints it in a line."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_selection(parser)
        parser.add_argument(
            "--all", action="store_true", help="revoke every key that is selected, after a question"
        )
        parser.add_argument("--no-input", action="store_true", help="ask no question")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["all"] and all(options[each] is None for each in ("name", "hint")):
            raise CommandError("Name the key by --hint or --name, or give --all.")
        keys = list(selected(options).filter(revoked_at__isnull=True))
        if not keys:
            raise CommandError("No key that is not revoked yet matches.")
        if len(keys) > 1 and not options["all"]:
            lines = "\n".join(map(line, keys))
            raise CommandError(f"{len(keys)} keys match; choose one, or give --all:\n{lines}")
        if options["all"] and not options["no_input"]:
            self._ask(len(keys))
        manager = APIKey.objects.db_manager(options["database"])
        for key in manager.revoke(keys, by=caller()):
            self.stdout.write(line(key))

    def _ask(self, number: int) -> None:
        question = f"Revoke {number} key{'s' if number > 1 else ''} for good? Type yes: "
        try:
            answer = input(question)
        except EOFError:
            answer = ""
        if answer.strip() != "yes":
            raise CommandError("Nothing was revoked.")
