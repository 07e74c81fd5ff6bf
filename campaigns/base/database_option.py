"""The option ``--database`` of the commands."""

from django.apps import apps
from django.core.management.base import CommandParser
from django.db import connections, router


def add_database_option(parser: CommandParser) -> None:
    parser.add_argument(
        "--database",
        default=router.db_for_write(apps.get_model("mailmetrics_campaigns", "EmailEvent")),
        choices=tuple(connections),
        help="The database to use. Defaults to where the site's router sends events.",
    )
