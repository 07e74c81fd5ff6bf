"""The one way in for events."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from campaigns.models import EventKind, Workspace


class Event(NamedTuple):
    """What happened to a message of a campaign; ``occurred_at`` is aware, in any time zone."""

    campaign_id: UUID
    message_id: str
    kind: EventKind
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many of the events given were new, moved a known one earlier, or were known."""

    new: int = 0
    moved: int = 0
    known: int = 0


def record_events(
    *, workspace: Workspace, events: Iterable[Event], using: str | None = None
) -> Recorded:
    raise NotImplementedError
