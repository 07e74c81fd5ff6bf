"""What the commands that make a key have in common: its expiry, and who makes it."""

import getpass
import re
from datetime import UTC, date, datetime, time

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser

from campaigns.fields import utc_now


def caller() -> str:
    """Who runs the command, as the system knows them."""
    try:
        return f"command line ({getpass.getuser()})"
    except (ImportError, KeyError, OSError):  # a container may run as a number without a name
        return "command line"


def add_expiry(parser: CommandParser) -> None:
    parser.add_argument(
        "--expires",
        metavar="DATE",
        help="last day (UTC) on which the key is valid, or an instant such as "
        "2026-12-31T12:00:00+01:00; by default never, or the longest life that the site allows",
    )


def parse_expiry(text: str | None) -> datetime | None:
    """The first instant on which the key is refused; raises CommandError."""
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


def in_one_line(error: ValidationError) -> str:
    if not hasattr(error, "error_dict"):
        return " ".join(error.messages)
    return " ".join(f"{field}: {' '.join(texts)}" for field, texts in error.message_dict.items())
