"""``mailmetrics_create_api_key WORKSPACE --name N --scope S... [--expires D] [--from NET...]``"""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.views.decorators.debug import sensitive_variables

from apikeys.addresses import parse_network
from apikeys.management.making import add_expiry, caller, in_one_line, parse_expiry
from apikeys.models import APIKey
from campaigns.base.database_command import DatabaseCommand
from campaigns.management.workspaces import workspace_named


class Command(DatabaseCommand):
    help = "Makes an API key and prints it alone on standard output. It is shown only once."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("workspace", metavar="WORKSPACE", help="name of the workspace")
        parser.add_argument("--name", required=True, help="what the key is for")
        parser.add_argument(
            "--scope",
            action="append",
            required=True,
            dest="scopes",
            metavar="SCOPE",
            help="what the key may do, such as campaigns:read; may be given more than once",
        )
        add_expiry(parser)
        parser.add_argument(
            "--from",
            action="append",
            dest="networks",
            metavar="NETWORK",
            help="an address or a network, such as 192.0.2.0/24, that the key may come from; may "
            "be given more than once; anywhere by default",
        )

    @sensitive_variables()
    def handle(self, *args: Any, **options: Any) -> None:
        networks = options["networks"] or []
        try:
            _, key = APIKey.objects.db_manager(options["database"]).create_key(
                workspace=workspace_named(options["workspace"], using=options["database"]),
                name=options["name"],
                scopes=options["scopes"],
                expires_at=parse_expiry(options["expires"]),
                networks=list(dict.fromkeys(map(parse_network, networks))),
                created_by=caller(),
            )
        except ValidationError as error:
            raise CommandError(in_one_line(error)) from None
        self.stdout.write(key)
