"""Events from the site's email service provider (ESP), through django-anymail's signals.

Connected when ``anymail`` is among the site's ``INSTALLED_APPS``. A mail belongs to the campaign
that its ``metadata["campaign_id"]`` names. What can't be placed is logged and dropped; a database
failure is raised, so that anymail's webhook answers 500 and the ESP tries again.
"""

import logging
from collections import defaultdict
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from anymail.signals import EventType, inbound, post_send, tracking
from anymail.utils import UNSET
from django.db import Error, connections, router, transaction

from campaigns.fields import utc_now
from campaigns.intake import replies
from campaigns.intake.machine_opens import is_by_machine
from campaigns.intake.values import Refused, identifier
from campaigns.models import Campaign, EmailEvent, EventKind, Workspace
from campaigns.recording import (
    Event,
    InvalidEvent,
    InvalidMessage,
    message_identity,
    record_events,
    without_mark,
)

logger = logging.getLogger(__name__)

_KINDS = {
    # Whatever proves a mail sent: post_send may have been unable to record it.
    EventType.QUEUED: EventKind.SENT,
    EventType.SENT: EventKind.SENT,
    EventType.DELIVERED: EventKind.SENT,
    EventType.OPENED: EventKind.OPENED,
    EventType.BOUNCED: EventKind.BOUNCED,
    EventType.REJECTED: EventKind.BOUNCED,
    EventType.CLICKED: EventKind.CLICKED,
    EventType.UNSUBSCRIBED: EventKind.UNSUBSCRIBED,
    EventType.COMPLAINED: EventKind.COMPLAINED,
}
_ACCEPTED = {"queued", "sent"}
_NONE = (None, "")  # what an ESP hands back of metadata that there is not
_FEW = 17  # a message has an event of each kind, twice at most
_FIRST_MAIL = datetime(1971, 1, 1, tzinfo=UTC)
_CLOCKS_DIFFER = timedelta(days=1)
_told_of_instants: set[str] = set()


class _UnrelatedMail(Refused):
    """A mail of the site that belongs to no campaign, as most do not."""


class _NoContent(Refused):
    """What an ESP sends to try out a webhook."""


def connect() -> None:
    post_send.connect(record_sent, dispatch_uid="mailmetrics")
    tracking.connect(record_tracked, dispatch_uid="mailmetrics")
    inbound.connect(record_reply, dispatch_uid="mailmetrics")


def record_sent(*, message: Any, status: Any, esp_name: str, **kwargs: Any) -> None:
    """Each recipient whom the ESP accepted is one message sent, now.

    Never raises for a database failure: the mail is out, and whoever saw an error would send it
    again. What could not be recorded here is recorded with the first tracking event, and so is a
    mail with ``send_at``.
    """
    if getattr(message, "send_at", UNSET) not in (UNSET, None):
        return
    try:
        with _savepoint():
            _record_accepted(message, status.recipients, esp_name)
    except Error:
        logger.exception("%s sent a mail that could not be recorded as sent", esp_name)


def _savepoint() -> AbstractContextManager[None]:
    """Keeps a failure from breaking the site's own transaction."""
    alias = _alias()
    if connections[alias].in_atomic_block:
        return transaction.atomic(using=alias)
    return nullcontext()


def _record_accepted(message: Any, recipients: Mapping[str, Any], esp_name: str) -> None:
    now = utc_now()
    for campaign_id, message_ids in _accepted(message, recipients, esp_name).items():
        try:
            _record(campaign_id, message_ids, EventKind.SENT, now)
        except Refused as reason:
            _drop(esp_name, EventType.SENT, reason)


def _accepted(message: Any, recipients: Mapping[str, Any], esp_name: str) -> dict[UUID, list[str]]:
    """The ids of the accepted messages by campaign: recipients of a batch may differ in it."""
    accepted = defaultdict(list)
    for recipient, recipient_status in recipients.items():
        if recipient_status.status in _ACCEPTED:
            metadata = _sent_metadata(message, recipient)
            try:
                campaign_id = _campaign_id(metadata)
                esp_id = recipient_status.message_id
                accepted[campaign_id].append(_message_id(metadata, esp_id, recipient))
            except Refused as reason:
                _drop(esp_name, EventType.SENT, reason)
    return accepted


def _sent_metadata(message: Any, recipient: str) -> dict[str, Any]:
    common = _mapping(getattr(message, "metadata", None))
    of_each = _mapping(getattr(message, "merge_metadata", None))
    return {**common, **_mapping(of_each.get(recipient))}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def record_tracked(*, event: Any, esp_name: str, **kwargs: Any) -> None:
    """Record what happened to a message, at the instant that the ESP reports, else now."""
    if event is None:
        _drop(esp_name, "tracking", _NoContent("it has no content"))
        return
    kind = _KINDS.get(event.event_type)
    if kind is None:
        return
    if kind == EventKind.OPENED and is_by_machine(esp_name, event.esp_event):
        kind = EventKind.MACHINE_OPENED
    metadata = _mapping(event.metadata)
    try:
        if metadata.get("campaign_id") in _NONE:
            campaign_id, message_id = _recorded_message(metadata, event)
        else:
            campaign_id = _campaign_id(metadata)
            message_id = _message_id(metadata, event.message_id, event.recipient)
        _record(campaign_id, [message_id], kind, _instant(event, esp_name))
    except Refused as reason:
        _drop(esp_name, event.event_type, reason)


def _recorded_message(metadata: Mapping[str, Any], event: Any) -> tuple[UUID, str]:
    """The campaign and the identity of a message that is recorded; some ESPs never hand the
    metadata back."""
    unrelated = _UnrelatedMail("its metadata has no campaign_id")
    try:
        named = _message_id(metadata, event.message_id, event.recipient)
    except Refused:
        raise unrelated from None
    # Every workspace by name, so that the key, which starts with it, finds the rows.
    recorded = EmailEvent.objects.using(_alias()).filter(
        workspace_id__in=Workspace.objects.using(_alias()).values("pk"),
        message_id__in=[named, without_mark(named)],
    )
    campaigns = set(recorded.values_list("campaign_id", flat=True)[:_FEW])
    if len(campaigns) != 1:
        raise unrelated
    return campaigns.pop(), named


def _instant(event: Any, esp_name: str) -> datetime:
    """The ESP's instant if it is possible, else now, which is logged once for each ESP."""
    now = utc_now()
    instant: datetime | None = event.timestamp
    if instant is None:
        return now
    if instant.utcoffset() is None or _FIRST_MAIL <= instant <= now + _CLOCKS_DIFFER:
        return instant
    if esp_name not in _told_of_instants:
        _told_of_instants.add(esp_name)
        logger.warning(
            "%s reported the impossible instant %s: its arrival is recorded instead, as for "
            "every other such event of this ESP, which is not logged",
            esp_name,
            instant.isoformat(),
        )
    return now


def record_reply(*, event: Any, esp_name: str, **kwargs: Any) -> None:
    """Record a received mail that a person wrote in answer to a campaign's message."""
    if event is None:
        _drop(esp_name, "inbound", _NoContent("it has no content"))
        return
    if event.event_type != EventType.INBOUND:
        return
    try:
        if event.message is None:
            raise _NoContent("it has no content")
        sent = _answered(event.message)
        instant = _reply_instant(event, sent, esp_name)
        _record(sent.campaign_id, [sent.message_id], EventKind.REPLIED, instant)
    except Refused as reason:
        _drop(esp_name, event.event_type, reason)


def _answered(message: Any) -> EmailEvent:
    if replies.is_automatic(message, envelope_sender=message.envelope_sender):
        raise _UnrelatedMail("an auto-response is no reply")
    sender = replies.sender(message)
    for answered in replies.answered(message):
        # Some ESPs send their own id as the Message-ID, some with a domain of theirs added.
        for esp_id in (answered, answered.partition("@")[0]):
            with suppress(InvalidMessage):
                sent = _only_sent(message_identity(message_id=esp_id), sender)
                if sent is not None:
                    return sent
    raise _UnrelatedMail("it answers no campaign's message, or not one alone")


def _only_sent(identity: str, sender: str) -> EmailEvent | None:
    """The message of this id: the sender's own, or else the only one, for people have aliases."""
    # Every workspace by name, so that the key, which starts with it, finds the rows.
    sent = EmailEvent.objects.using(_alias()).filter(
        workspace_id__in=Workspace.objects.values("pk"), kind=EventKind.SENT
    )
    of_anyone = sent.filter(message_id__gt=f"{identity} ", message_id__lt=f"{identity}!")
    chosen = [of_anyone, sent.filter(message_id=identity)]
    with suppress(InvalidMessage):
        own = message_identity(message_id=identity, recipient=sender)
        chosen.insert(0, sent.filter(message_id=own))
    for found in chosen:
        if len(messages := found[:2]) == 1:
            return messages[0]
    return None


def _reply_instant(event: Any, sent: EmailEvent, esp_name: str) -> datetime:
    """The ESP's instant, else the date of the mail if it is possible, else now."""
    now = utc_now()
    dated = replies.dated(event.message)
    if dated is None or not sent.occurred_at <= dated <= now:
        dated = now
    return _instant(event, esp_name) if event.timestamp else dated


def _record(
    campaign_id: UUID, message_ids: list[str], kind: EventKind, occurred_at: datetime
) -> None:
    # Read where it is written: a replica may not have a campaign that was just made.
    campaigns = Campaign.objects.using(_alias()).select_related("workspace")
    campaign = campaigns.filter(pk=campaign_id).first()
    if campaign is None:
        raise Refused(f"there is no campaign {campaign_id}")
    events = [Event(campaign_id, message_id, kind, occurred_at) for message_id in message_ids]
    try:
        record_events(workspace=campaign.workspace, events=events, using=_alias())
    except InvalidEvent as error:
        raise Refused(error.reason) from error


def _campaign_id(metadata: Mapping[str, Any]) -> UUID:
    campaign_id = metadata.get("campaign_id")
    if campaign_id in _NONE:
        raise _UnrelatedMail("its metadata has no campaign_id")
    return identifier("campaign_id", str(campaign_id))


def _alias() -> str:
    return router.db_for_write(EmailEvent)


def _message_id(metadata: Mapping[str, Any], esp_id: object, recipient: str | None) -> str:
    """Of the ESP's id, or of the Message-ID header that the site has put into the metadata, and
    the recipient: some ESPs give all recipients of a mail one id."""
    named = metadata.get("message_id_header") or esp_id
    try:
        identity = message_identity(message_id="" if named is None else str(named))
    except InvalidMessage as error:
        raise Refused("it has no usable message id") from error
    if not recipient:
        raise Refused("it does not say which recipient")
    try:
        return message_identity(message_id=identity, recipient=recipient)
    except InvalidMessage as error:
        raise Refused("its recipient is no address") from error


def _drop(esp_name: str, event_type: str, reason: Refused) -> None:
    expected = isinstance(reason, _UnrelatedMail | _NoContent)
    level = logging.INFO if expected else logging.WARNING
    logger.log(level, "Dropped an event of %s, %s: %s", esp_name, event_type, reason)
