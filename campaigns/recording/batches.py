"""Recording events in batches, each wholly or not at all."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, NoReturn

from asgiref.sync import sync_to_async
from django.db import IntegrityError, connections, router, transaction

from campaigns.models import Campaign, EmailEvent, Workspace
from campaigns.recording.counterparts import SeveralRecipients, matched, may_have_counterparts
from campaigns.recording.counting import refuse_unless_counted
from campaigns.recording.events import Event, InvalidEvent, checked
from campaigns.recording.retries import retried
from campaigns.recording.writers import WRITERS
from campaigns.signals import events_recorded
from campaigns.zones import has_day

BATCH_SIZE = 10_000
# By this name the triggers' refusal is recognized.
_HORIZON = "mailmetrics_event_after_horizon"


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many of the events were new, moved a known one earlier, or were known already.

    ``pruned`` are those from before the workspace's ``events_pruned_before``, not recorded.
    """

    new: int = 0
    moved: int = 0
    known: int = 0
    pruned: int = 0

    def __add__(self, other: "Recorded") -> "Recorded":
        return Recorded(
            self.new + other.new,
            self.moved + other.moved,
            self.known + other.known,
            self.pruned + other.pruned,
        )


def record_events(
    *,
    workspace: Workspace,
    events: Iterable[Event | Mapping[str, Any]],
    batch_size: int = BATCH_SIZE,
    using: str | None = None,
) -> Recorded:
    """Record events, given in any order and any number of times.

    A message counts once per kind, at the earliest instant that was ever recorded for it; on a
    tie the smaller campaign id stays. Each batch is one transaction, its totals included; many
    writers may record at once. A deadlock or serialization failure is tried again, unless the
    caller holds a transaction of its own, which then has to be tried again as a whole. An event
    from before the workspace's events were pruned is dropped: it may have been counted already.

    An event is an `Event` or a mapping of its fields, with ``recipient`` where it is known; there
    ``campaign_id`` and ``occurred_at`` (ISO 8601) may be text, and ``kind`` the word for it.
    A message is known by its `message_identity`, with a recipient and without.

    Raises InvalidEvent for events with a value of the wrong type or out of range, also of the
    calendar in the workspace's time zone, whose campaign is not in the workspace, or that leave
    open which of several recipients of a mail they are about. Nothing of its batch is recorded,
    but the batches before it are: correct it and call again with all events, which counts nothing
    twice.

    Raises NotCounted where the database lacks the triggers that keep the totals.

    The signal ``campaigns.signals.events_recorded`` follows each batch's commit.
    """
    alias = using or router.db_for_write(EmailEvent, instance=workspace)
    recorded = Recorded()
    for start, given in _batches(events, batch_size):
        batch = checked(given, start)
        written = _record(workspace, batch, start, alias)
        _announce(workspace, batch, written, alias)
        recorded += written
    return recorded


async def arecord_events(
    *,
    workspace: Workspace,
    events: Iterable[Event | Mapping[str, Any]],
    batch_size: int = BATCH_SIZE,
    using: str | None = None,
) -> Recorded:
    """The same from async code, which goes on meanwhile."""
    return await sync_to_async(record_events)(
        workspace=workspace, events=events, batch_size=batch_size, using=using
    )


def _batches(events: Iterable[Any], size: int) -> Iterator[tuple[int, list[Any]]]:
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
            refuse_unless_counted(alias)
            # The workspace has been pruned since this instance was read.
            latest = _latest_horizon(workspace, alias) if _HORIZON in str(error) else horizon
            if latest == horizon:
                _explain(workspace, batch, start, alias, error)
            horizon = latest
        except SeveralRecipients as several:
            ids = several.ids
            numbered = enumerate(batch, start)
            raise InvalidEvent(
                {index: several.reason for index, event in numbered if event.message_id in ids}
            ) from several


def _record_since(
    horizon: datetime | None, workspace: Workspace, batch: list[Event], alias: str
) -> Recorded:
    kept = batch
    if horizon is not None:
        kept = [event for event in batch if event.occurred_at >= horizon]
    new, moved = _written(workspace, kept, alias) if kept else (0, 0)
    return Recorded(new, moved, len(kept) - new - moved, len(batch) - len(kept))


def _written(workspace: Workspace, batch: list[Event], alias: str) -> tuple[int, int]:
    """How many events were new, and how many moved a known one."""
    write = WRITERS[connections[alias].vendor]

    def write_matched() -> tuple[int, int]:
        if not may_have_counterparts(workspace, batch, alias):
            return write(alias, workspace.pk, batch)
        with transaction.atomic(using=alias):
            events, written_anew = matched(workspace.pk, batch, alias)
            new, moved = write(alias, workspace.pk, events)
        return new - written_anew, moved

    return retried(write_matched, alias)


def _latest_horizon(workspace: Workspace, alias: str) -> datetime | None:
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


def _explain(
    workspace: Workspace, batch: list[Event], start: int, alias: str, error: IntegrityError
) -> NoReturn:
    """Name the events whose campaign or day the database refused."""
    campaigns = Campaign.objects.using(alias).filter(workspace=workspace)
    own = set(campaigns.values_list("pk", flat=True))
    reasons = {
        index: f"campaign {event.campaign_id} is not in workspace {workspace.name!r}"
        for index, event in enumerate(batch, start)
        if event.campaign_id not in own
    }
    workspaces = Workspace.objects.using(alias).filter(pk=workspace.pk)
    zone = workspaces.values_list("time_zone", flat=True).first() or workspace.time_zone
    for index, event in enumerate(batch, start):
        if not has_day(event.occurred_at, zone):
            instant = event.occurred_at.isoformat()
            reason = f"occurred_at {instant} is not within the years 1 to 9999 in {zone}"
            reasons.setdefault(index, reason)
    if reasons:
        raise InvalidEvent(reasons) from error
    raise error
