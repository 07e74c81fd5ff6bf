"""``mailmetrics_create_api_key WORKSPACE --name NAME --scope SCOPE... [--expires DATE]``"""

import re
from datetime import UTC, date, datetime, time
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.views.decorators.debug import sensitive_variables

from apikeys.models import APIKey
from campaigns.base.database_command import DatabaseCommand
from campaigns.fields import utc_now
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
        parser.add_argument(
            "--expires",
            metavar="DATE",
            help="last day (UTC) on which the key is valid, or an instant such as "
            "2026-12-31T12:00:00+01:00; never by default",
        )

    @sensitive_variables()
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            _, key = APIKey.objects.db_manager(options["database"]).create_key(
                workspace=workspace_named(options["workspace"], using=options["database"]),
                name=options["name"],
                scopes=options["scopes"],
                expires_at=_expiry(options["expires"]),
                created_by="command line",
            )
        except ValidationError as error:
            raise CommandError(_in_one_line(error)) from None
        self.stdout.write(key)


def _expiry(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = _end_of_day(text) if _is_day(text) else datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"--expires {text!r} is neither YYYY-MM-DD nor an instant.") from None
    if instant.tzinfo is None:
        raise CommandError(f"--expires {text!r} has no offset, such as Z or +01:00.")
    if instant <= utc_now():
        raise CommandError(f"--expires {text!r} is in the past.")
    return instant


def _is_day(text: str) -> bool:
    return re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is not None


def _end_of_day(text: str) -> datetime:
    last = datetime.combine(date.fromisoformat(text), time.max, UTC)
    # A key is refused from its expiry on: that is the next day's first instant, if there is one.
    return last if last.date() == date.max else last + datetime.resolution


def _in_one_line(error: ValidationError) -> str:
    return " ".join(f"{field}: {' '.join(texts)}" for field, texts in error.message_dict.items())
