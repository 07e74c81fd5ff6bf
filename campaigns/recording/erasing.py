"""Taking a recipient's message ids out of the events, while all that they count stays."""

from collections.abc import Collection
from uuid import uuid4

from django.db import router, transaction

from campaigns.models import EmailEvent, Workspace
from campaigns.recording.identity import message_identity, recipient_mark


def erase_messages(
    *,
    workspace: Workspace,
    recipient: str | None = None,
    message_ids: Collection[str] = (),
    using: str | None = None,
) -> int:
    """Give the recipient's messages, and those of the ids, random ids; return how many there were.

    A message's events stay together, with their campaign, kind and instant, so no total changes.
    Which message it was is not to be found again: an event of it that is recorded later is one of
    a new message. A message of an id that was recorded with a recipient is found by the recipient
    alone. In one transaction. Raises InvalidMessage for what is no address or no id.
    """
    alias = using or router.db_for_write(EmailEvent, instance=workspace)
    events = EmailEvent.objects.using(alias).filter(workspace=workspace)
    erased = {message_identity(message_id=each) for each in message_ids}
    if recipient is not None:
        # On SQLite "endswith" takes upper and lower case for the same.
        end = f" {recipient_mark(recipient)}"
        found = events.filter(message_id__endswith=end).values_list("message_id", flat=True)
        erased.update(each for each in found.distinct() if each.endswith(end))
    with transaction.atomic(using=alias):
        renamed = (
            events.filter(message_id=each).update(message_id=f"erased-{uuid4()}")
            for each in sorted(erased)
        )
        return sum(map(bool, renamed))
