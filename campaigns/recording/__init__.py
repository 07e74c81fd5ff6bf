"""The one way in for events: validated, in batches, each batch recorded wholly or not at all."""

from campaigns.recording.batches import (
    BATCH_SIZE,
    Recorded,
    arecord_events,
    record_events,
)
from campaigns.recording.events import Event, InvalidEvent
from campaigns.recording.identity import (
    MAX_MESSAGE_ID_LENGTH,
    InvalidMessage,
    message_identity,
    plain_identity,
    without_mark,
)
from campaigns.recording.retries import retried

__all__ = [
    "BATCH_SIZE",
    "MAX_MESSAGE_ID_LENGTH",
    "Event",
    "InvalidEvent",
    "InvalidMessage",
    "Recorded",
    "arecord_events",
    "message_identity",
    "plain_identity",
    "record_events",
    "retried",
    "without_mark",
]
