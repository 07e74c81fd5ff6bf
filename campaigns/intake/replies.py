"""What the headers of a received mail say: whether a machine wrote it, and what it answers.

Headers are read as they came. The mail is a stranger's, and parsing a malformed header may raise.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from email.message import EmailMessage
from email.utils import parseaddr, parsedate_to_datetime
from typing import Any

# A thread names its ancestors oldest first. If none of the nearest is ours, the thread isn't, or
# an earlier reply of it has counted.
MOST_ANSWERED = 10

_ID = re.compile(r"[^\s<>,]+@[^\s<>,]+")
_AUTOMATIC_PRECEDENCE = {"auto_reply", "bulk", "junk"}
# Exchange's rules that forward or answer, which rewrite what they send, and mails of failures.
_MADE_BY_MACHINES = ("X-MS-Exchange-Inbox-Rules-Loop", "X-Failed-Recipients")
_CALENDAR_REPLY = re.compile(r"text/calendar\b.*\bmethod\s*=\s*\"?(reply|counter)\b", re.I | re.S)
_SAYS_AUTOMATIC = ("Auto-Submitted", "X-Autoreply", "X-Autorespond", "X-Autoresponse")


def is_automatic(message: EmailMessage, *, envelope_sender: str | None) -> bool:
    """Whether a machine wrote it: an auto-response (RFC 3834), a vacation notice, a bounce.

    Known by its headers and by an empty envelope sender, never by its words; ``None`` is an
    envelope sender that isn't known.
    """
    return (
        any(_value(message, header) not in ("", "no") for header in _SAYS_AUTOMATIC)
        or any(_value(message, header) for header in _MADE_BY_MACHINES)
        or _value(message, "Precedence") in _AUTOMATIC_PRECEDENCE
        or _value(message, "Content-Type") == "multipart/report"
        or _answers_an_invitation(message)
        or any(_is_a_machines(value) for value in _all(message, "Return-Path"))
        or (envelope_sender is not None and _is_a_machines(envelope_sender))
        or sender(message).startswith("mailer-daemon@")
    )


def _is_a_machines(return_path: str) -> bool:
    """An empty path, or the one of a mail system that has bounced something (RFC 5321, 4.5.5)."""
    address = return_path.strip().strip("<>").strip().lower()
    return address.partition("@")[0] in ("", "mailer-daemon")


def _answers_an_invitation(message: EmailMessage) -> bool:
    """A calendar's "accepted" or "declined", which a click makes (RFC 6047)."""
    if _value(message, "Content-Class") == "urn:content-classes:calendarmessage":
        return True
    try:
        parts = list(message.walk())
    except (AttributeError, KeyError, LookupError, TypeError, ValueError):
        return False
    return any(_CALENDAR_REPLY.search(value) for part in parts for value in _types(part))


def _types(part: Any) -> Iterator[str]:
    return (str(value) for name, value in part.raw_items() if name.lower() == "content-type")


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
