"""What the headers of a received mail say: whether a machine wrote it, and what it answers.

Headers are read as they came. The mail is a stranger's, and parsing a malformed header may raise.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from email.message import EmailMessage
from email.utils import parseaddr, parsedate_to_datetime

# A thread names its ancestors oldest first. If none of the nearest is ours, the thread isn't, or
# an earlier reply of it has counted.
MOST_ANSWERED = 10

_ID = re.compile(r"[^\s<>,]+@[^\s<>,]+")
_AUTOMATIC_PRECEDENCE = {"auto_reply", "bulk", "junk"}
_SAYS_AUTOMATIC = ("Auto-Submitted", "X-Autoreply", "X-Autorespond", "X-Autoresponse")


def is_automatic(message: EmailMessage, *, envelope_sender: str | None) -> bool:
    """Whether a machine wrote it: an auto-response (RFC 3834), a vacation notice, a bounce.

    Known by its headers and by an empty envelope sender, never by its words; ``None`` is an
    envelope sender that isn't known.
    """
    return (
        any(_value(message, header) not in ("", "no") for header in _SAYS_AUTOMATIC)
        or _value(message, "Precedence") in _AUTOMATIC_PRECEDENCE
        or _value(message, "Content-Type") == "multipart/report"
        or _value(message, "Return-Path") == "<>"
        or envelope_sender in ("", "<>")
        or sender(message).startswith("mailer-daemon@")
    )


def sender(message: EmailMessage) -> str:
    """The address that it says it is from, in lower case."""
    return parseaddr(next(_all(message, "From"), ""))[1].lower()


def dated(message: EmailMessage) -> datetime | None:
    """When it says that it was written, if it says so with a time zone."""
    try:
        instant = parsedate_to_datetime(next(_all(message, "Date"), ""))
    except (IndexError, OverflowError, TypeError, ValueError):
        return None
    return instant if instant.tzinfo else None


def answered(message: EmailMessage) -> list[str]:
    """The Message-IDs that it answers, without brackets, the nearest first (RFC 5322, 3.6.4)."""
    parents = _ids(message, "In-Reply-To")
    ancestors = reversed(_ids(message, "References"))
    return list(dict.fromkeys([*parents, *ancestors]))[:MOST_ANSWERED]


def _ids(message: EmailMessage, header: str) -> list[str]:
    return [found for value in _all(message, header) for found in _ID.findall(value)]


def _value(message: EmailMessage, header: str) -> str:
    """The header without its parameters and comments, in lower case."""
    value, *_ = re.split(r"[;(]", next(_all(message, header), ""), maxsplit=1)
    return value.strip().lower()


def _all(message: EmailMessage, header: str) -> Iterator[str]:
    return (str(value) for name, value in message.raw_items() if name.lower() == header.lower())
