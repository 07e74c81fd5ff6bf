"""What an event is, and why one can't be recorded."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from campaigns.models import EventKind

MAX_MESSAGE_ID_LENGTH = 255

_KINDS = frozenset(EventKind.values)
# What lies between has a date in UTC too, whatever its own offset.
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)


class Event(NamedTuple):
    """What happened to a message of a campaign; ``occurred_at`` is aware, in any time zone."""

    campaign_id: UUID
    message_id: str
    kind: EventKind
    occurred_at: datetime


class InvalidEvent(ValueError):
    """An event that can't be recorded; ``index`` is its place, from 0, among those passed in."""

    def __init__(self, *, index: int, reason: str) -> None:
        super().__init__(f"event {index}: {reason}")
        self.index = index
        self.reason = reason


def check(batch: Sequence[Event], start: int) -> None:
    for index, event in enumerate(batch, start):
        if not _is_valid(event):
            raise InvalidEvent(index=index, reason=_why_invalid(event))


def _is_valid(event: Event) -> bool:
    try:
        campaign_id, message_id, kind, occurred_at = event
        return (
            isinstance(campaign_id, UUID)
            and isinstance(kind, int)
            and not isinstance(kind, bool)
            and kind in _KINDS
            and _EARLIEST <= occurred_at <= _LATEST
            and is_message_id(message_id)
        )
    except (TypeError, ValueError):
        return False


def is_message_id(text: object) -> bool:
    """Whether every database can hold this as a message's id: 1 to 255 characters, no NUL."""
    return (
        isinstance(text, str)
        and 0 < len(text) <= MAX_MESSAGE_ID_LENGTH
        and "\0" not in text
        and (text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text))
    )


def _why_invalid(event: Event) -> str:
    try:
        campaign_id, message_id, kind, occurred_at = event
    except (TypeError, ValueError):
        return "not (campaign_id, message_id, kind, occurred_at)"
    if not isinstance(campaign_id, UUID):
        return f"campaign_id must be a UUID, not {campaign_id!r}"
    if not is_message_id(message_id):
        return (
            f"message_id must be text of 1 to {MAX_MESSAGE_ID_LENGTH} characters without NUL, "
            f"not {message_id!r:.80}"
        )
    if not isinstance(kind, int) or isinstance(kind, bool) or kind not in _KINDS:
        return f"kind must be an EventKind, not {kind!r}"
    if not isinstance(occurred_at, datetime) or occurred_at.utcoffset() is None:
        return f"occurred_at must be a datetime with a time zone, not {occurred_at!r}"
    return f"occurred_at is out of range: {occurred_at!r}"
