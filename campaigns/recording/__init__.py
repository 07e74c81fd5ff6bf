"""The one way in for events: validated, in batches, each batch recorded wholly or not at all."""

from campaigns.recording.batches import (
    BATCH_SIZE,
    Recorded,
    record_events,
)
from campaigns.recording.events import MAX_MESSAGE_ID_LENGTH, Event, InvalidEvent, is_message_id
from campaigns.recording.retries import retried

__all__ = [
    "BATCH_SIZE",
    "MAX_MESSAGE_ID_LENGTH",
    "Event",
    "InvalidEvent",
    "Recorded",
    "is_message_id",
    "record_events",
    "retried",
]
