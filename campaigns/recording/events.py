"""What an event is, and why one can't be recorded."""

import gc
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from campaigns.models import EventKind
from campaigns.recording.identity import is_plain, message_identity, plain_identities

_KINDS = frozenset(EventKind.values)
_KINDS_BY_WORD = {kind.label: kind for kind in EventKind}
_FIELDS = frozenset({"campaign_id", "message_id", "kind", "occurred_at"})
# Instants that are a date in UTC, too, whatever their own offset.
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)


class Event(NamedTuple):
    """What happened to a message of a campaign; ``occurred_at`` is aware, in any time zone.

    ``message_id`` is a `message_identity`, or becomes one without a recipient.
    """

    campaign_id: UUID
    message_id: str
    kind: EventKind
    occurred_at: datetime


class InvalidEvent(ValueError):
    """Events of a batch that can't be recorded: ``reasons`` by their index, counted from 0 in
    what was given; ``index`` and ``reason`` are the first one's."""

    def __init__(self, reasons: Mapping[int, str]) -> None:
        self.reasons = dict(sorted(reasons.items()))
        self.index, self.reason = next(iter(self.reasons.items()))
        more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
        super().__init__(f"event {self.index}: {self.reason}{more}")


def checked(batch: list[Any], start: int) -> list[Event]:
    """The batch as events, each message under its identity; raises InvalidEvent."""
    if (sound := _sound(batch)) is not None:
        return sound
    reasons = {}
    for index, event in enumerate(batch):
        if not _is_sound(event):
            try:
                batch[index] = _event(event)
            except (OverflowError, TypeError, ValueError) as reason:
                reasons[start + index] = str(reason)
    if reasons:
        raise InvalidEvent(reasons)
    return batch


def _sound(batch: list[Any]) -> list[Event] | None:
    """The batch where all of it certainly is sound: column by column, in a third of the time."""
    if set(map(type, batch)) != {Event}:
        return None
    campaign_ids, message_ids, kinds, instants = columns = in_columns(batch)
    types = [set(map(type, column)) for column in columns]
    if types != [{UUID}, {str}, {EventKind}, {datetime}] or not _are_in_range(instants):
        return None
    identities = plain_identities(message_ids)
    if identities is None or identities is message_ids:
        return batch if identities else None
    with _uncollected():
        return list(map(Event, campaign_ids, identities, kinds, instants))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without garbage collections, which thousands of new objects set off again and again: each
    looks at all that the process has, in all for longer than it takes to check the events."""
    if not gc.isenabled():  # as the host wants it, or for another thread that is within here
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def in_columns(batch: Sequence[Event]) -> list[list[Any]]:
    """The events' campaign ids, message ids, kinds and instants."""
    # Not by zip(*batch), which makes an iterator for each event: see _uncollected.
    return [list(map(itemgetter(place), batch)) for place in range(len(Event._fields))]


def _are_in_range(instants: Collection[datetime]) -> bool:
    try:
        return min(instants) >= _EARLIEST and max(instants) <= _LATEST
    except TypeError:  # one without a time zone
        return False


def _is_sound(event: Any) -> bool:
    try:
        campaign_id, message_id, kind, occurred_at = event
        return (
            isinstance(campaign_id, UUID)
            and isinstance(kind, int)
            and not isinstance(kind, bool)
            and kind in _KINDS
            and _EARLIEST <= occurred_at <= _LATEST
            and is_plain(message_id)
        )
    except (TypeError, ValueError):
        return False


def _event(event: Any) -> Event:
    recipient = None
    if isinstance(event, Mapping):
        event, recipient = _of_mapping(event)
    try:
        campaign_id, message_id, kind, occurred_at = event
    except (TypeError, ValueError):
        raise ValueError("not (campaign_id, message_id, kind, occurred_at)") from None
    if not isinstance(campaign_id, UUID):
        raise TypeError(f"campaign_id must be a UUID, not {campaign_id!r}")
    if not isinstance(kind, int) or isinstance(kind, bool) or kind not in _KINDS:
        raise ValueError(f"kind must be an EventKind, not {kind!r}")
    if not isinstance(occurred_at, datetime) or occurred_at.utcoffset() is None:
        raise ValueError(f"occurred_at must be a datetime with a time zone, not {occurred_at!r}")
    if not _EARLIEST <= occurred_at <= _LATEST:
        raise ValueError(f"occurred_at is out of range: {occurred_at!r}")
    identity = message_identity(message_id=message_id, recipient=recipient)
    return Event(campaign_id, identity, EventKind(kind), occurred_at)


def _of_mapping(event: Mapping[str, Any]) -> tuple[tuple[Any, ...], str | None]:
    """Its values, what is text there read as in a file."""
    if unknown := event.keys() - _FIELDS - {"recipient"}:
        raise ValueError(f"an event has no {', '.join(map(str, sorted(unknown, key=str)))}")
    if missing := _FIELDS - event.keys():
        raise ValueError(f"it lacks {', '.join(sorted(missing))}")
    campaign_id, kind, occurred_at = event["campaign_id"], event["kind"], event["occurred_at"]
    if isinstance(campaign_id, str):
        campaign_id = UUID(campaign_id)
    if isinstance(occurred_at, str):
        occurred_at = datetime.fromisoformat(occurred_at)
    if isinstance(kind, str):
        kind = _KINDS_BY_WORD.get(kind, kind)
    return (campaign_id, event["message_id"], kind, occurred_at), event.get("recipient")
