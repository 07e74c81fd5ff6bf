"""What can happen to a message: each kind is declared here once, and everything else follows.

The kind's word is its label in files, its column in each table of totals and its name in the API;
its rate is that count over what was sent.
"""

from django.db import models


class EventKind(models.IntegerChoices):
    rate: str  # the API's name of count / sent; sent itself has none

    def __new__(cls, value: int, rate: str = "") -> "EventKind":
        kind = int.__new__(cls, value)
        kind._value_ = value
        kind.rate = rate
        return kind

    SENT = 1, "", "sent"
    OPENED = 2, "open_rate", "opened"
    REPLIED = 3, "reply_rate", "replied"
    BOUNCED = 4, "bounce_rate", "bounced"
    CLICKED = 5, "click_rate", "clicked"
    UNSUBSCRIBED = 6, "unsubscribe_rate", "unsubscribed"
    COMPLAINED = 7, "complaint_rate", "complained"
    MACHINE_OPENED = 8, "machine_open_rate", "machine_opened"


KIND_WORDS: tuple[str, ...] = tuple(kind.label for kind in EventKind)
