"""The one way in for events: validated, in batches, each batch recorded wholly or not at all."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime, time
from functools import partial
from itertools import islice
from time import sleep
from typing import NamedTuple, NoReturn, TypeVar
from uuid import UUID

from django.db import (
    IntegrityError,
    InterfaceError,
    OperationalError,
    connections,
    router,
    transaction,
)

from campaigns.models import Campaign, EmailEvent, EventKind, Workspace
from campaigns.signals import events_recorded
from campaigns.writers import WRITERS

BATCH_SIZE = 10_000
MAX_MESSAGE_ID_LENGTH = 255

_KINDS = frozenset(EventKind.values)
# Instants that are a date in UTC, too, whatever their own offset.
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)

_RETRIES = 5
_RETRIED_STATES = {"40001", "40P01"}  # serialization_failure, deadlock_detected


# What a refusal by the database's triggers names.
_HORIZON = "mailmetrics_event_after_horizon"

Result = TypeVar("Result")


class Event(NamedTuple):
    """What happened to a message of a campaign; ``occurred_at`` is aware, in any time zone."""

    campaign_id: UUID
    message_id: str
    kind: EventKind
    occurred_at: datetime


class InvalidEvent(ValueError):
    """An event that can't be recorded: ``index`` counts from 0 in what was given."""

    def __init__(self, *, index: int, reason: str) -> None:
        super().__init__(f"event {index}: {reason}")
        self.index = index
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many of the events given were new, moved a known one earlier, or were known.

    ``pruned`` are those from before the workspace's ``events_pruned_before``, not recorded.
    """

    new: int = 0
    moved: int = 0
    known: int = 0
    pruned: int = 0

    def __add__(self, other: "Recorded") -> "Recorded":
        return Recorded(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


def record_events(
    *,
    workspace: Workspace,
    events: Iterable[Event],
    batch_size: int = BATCH_SIZE,
    using: str | None = None,
) -> Recorded:
    """Record events, given in any order and any number of times.

    A message counts once per kind, at the earliest instant that was ever recorded for it; on a
    tie the smaller campaign id stays. Each batch is one transaction, its totals included; many
    writers may record at once. A deadlock or serialization failure is tried again, unless the
    caller holds a transaction of its own, which then has to be tried again as a whole. An event
    from before the workspace's events were pruned is dropped: it may have been counted already.

    Raises InvalidEvent for an event of a wrong type or range, or whose campaign is not in the
    workspace. Nothing of its batch is recorded, and the batches before it are: mend it and call
    again with all of them, which counts nothing twice.

    The signal ``campaigns.signals.events_recorded`` follows each batch's commit.
    """
    alias = using or router.db_for_write(EmailEvent, instance=workspace)
    recorded = Recorded()
    for start, batch in _batches(events, batch_size):
        _check(batch, start)
        written = _record(workspace, batch, start, alias)
        _announce(workspace, batch, written, alias)
        recorded += written
    return recorded


def _batches(events: Iterable[Event], size: int) -> Iterator[tuple[int, list[Event]]]:
    if size < 1:
        raise ValueError(f"batch_size must be at least 1, not {size}")
    iterator, start = iter(events), 0
    while batch := list(islice(iterator, size)):
        yield start, batch
        start += len(batch)


def _record(workspace: Workspace, batch: list[Event], start: int, alias: str) -> Recorded:
    horizon = workspace.events_pruned_before
    while True:
        try:
            return _record_since(horizon, workspace, batch, alias)
        except IntegrityError as error:
            # The database knows of a pruning that the workspace in hand does not.
            latest = _latest_horizon(workspace, alias) if _HORIZON in str(error) else horizon
            if latest == horizon:
                _explain(workspace, batch, start, alias, error)
            horizon = latest


def _record_since(
    horizon: date | None, workspace: Workspace, batch: list[Event], alias: str
) -> Recorded:
    kept = batch
    if horizon is not None:
        first = datetime.combine(horizon, time(), UTC)
        kept = [event for event in batch if event.occurred_at >= first]
    new = moved = 0
    if kept:
        write = WRITERS[connections[alias].vendor]
        new, moved = retried(lambda: write(alias, workspace.pk, kept), alias)
    return Recorded(new, moved, len(kept) - new - moved, len(batch) - len(kept))


def _latest_horizon(workspace: Workspace, alias: str) -> date | None:
    workspaces = Workspace.objects.using(alias).filter(pk=workspace.pk)
    return workspaces.values_list("events_pruned_before", flat=True).first()


def _announce(workspace: Workspace, batch: list[Event], recorded: Recorded, alias: str) -> None:
    if events_recorded.has_listeners(EmailEvent):
        send = partial(
            events_recorded.send_robust,
            sender=EmailEvent,
            workspace=workspace,
            recorded=recorded,
            campaign_ids=frozenset(campaign_id for campaign_id, *_ in batch),
            using=alias,
        )
        transaction.on_commit(send, using=alias)


def retried(write: Callable[[], Result], alias: str) -> Result:
    """Call it again after a deadlock or serialization failure, some times, outside transactions.

    A connection that is lost is closed, so that the next call opens another.
    """
    connection = connections[alias]
    for attempt in range(1, _RETRIES + 1):
        try:
            return write()
        except (OperationalError, InterfaceError) as error:
            state = getattr(error.__cause__, "sqlstate", None)
            in_callers_transaction = not connection.autocommit
            if not in_callers_transaction and not connection.is_usable():
                connection.close()
            if attempt == _RETRIES or in_callers_transaction or state not in _RETRIED_STATES:
                raise
            sleep(0.01 * 2**attempt)
    raise AssertionError("unreachable")


def _explain(
    workspace: Workspace, batch: list[Event], start: int, alias: str, error: IntegrityError
) -> NoReturn:
    """Name the event whose campaign the database refused."""
    campaigns = Campaign.objects.using(alias).filter(workspace=workspace)
    theirs = set(campaigns.values_list("pk", flat=True))
    for index, event in enumerate(batch, start):
        if event.campaign_id not in theirs:
            reason = f"campaign {event.campaign_id} is not in workspace {workspace.name!r}"
            raise InvalidEvent(index=index, reason=reason) from error
    raise error


def _check(batch: Sequence[Event], start: int) -> None:
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
