"""One mail is one message, whether its events name the recipient or not.

Where an id is known with one recipient, an event that names none is that message's; what was
recorded without one moves to the first recipient that is named. An id with several recipients
can't be told apart, so an event of it that names none is refused.

Only a workspace that has recorded both kinds of ids, as it remembers, pays for any of this.
"""

import json
from collections.abc import Collection, Iterable

from django.db import connections

from campaigns.models import EmailEvent, Workspace
from campaigns.recording.events import Event
from campaigns.recording.identity import MARK_LENGTH, has_mark, without_mark

_CHUNK = 10_000  # parameters of a statement
_IDS = {
    "postgresql": "SELECT unnest(%s::text[]) AS id",
    "sqlite": "SELECT value AS id FROM json_each(%s)",
}
_FIRST_AND_LAST = """
    SELECT * FROM (
        SELECT id,
               (SELECT min(message_id) FROM {table} WHERE {of_id}) AS first,
               (SELECT max(message_id) FROM {table} WHERE {of_id}) AS last
          FROM ({ids}) AS ids
    ) AS found WHERE first IS NOT NULL
"""
# "!" follows the blank before a recipient's mark.
_OF_ID = """workspace_id = %s AND message_id > ids.id || ' ' AND message_id < ids.id || '!'"""


class SeveralRecipients(ValueError):
    """The messages of these ids can't be told apart without a recipient."""

    reason = "its message_id has several recipients: name the recipient"

    def __init__(self, ids: Collection[str]) -> None:
        super().__init__(self.reason)
        self.ids = ids


def may_have_counterparts(workspace: Workspace, batch: Collection[Event], alias: str) -> bool:
    """Whether the workspace has, with this batch, ids with a recipient and ids without.

    For a single event it trusts the instance's flags; for more it reads them again.
    """
    marked = sum(
        message_id[-1 - MARK_LENGTH : -MARK_LENGTH] == " " for _, message_id, _, _ in batch
    )
    has = workspace.has_recipients, workspace.has_ids_alone
    brings = marked > 0, marked < len(batch)
    is_new = any(new and not known for new, known in zip(brings, has, strict=True))
    if not is_new and (all(has) or len(batch) == 1):
        return all(has)
    rows = Workspace.objects.using(alias).filter(pk=workspace.pk)
    if is_new:
        names = ("has_recipients", "has_ids_alone")
        rows.update(**{name: True for name, new in zip(names, brings, strict=True) if new})
    has = rows.values_list("has_recipients", "has_ids_alone").first() or has
    if connections[alias].autocommit:  # else it may be rolled back
        workspace.has_recipients, workspace.has_ids_alone = has
    return all(has)


def matched(workspace_id: int, batch: Iterable[Event], alias: str) -> tuple[list[Event], int]:
    """The batch with each mail under its one identity, and how many recorded events it withdraws
    to record them again. Raises SeveralRecipients. Runs in the writer's transaction."""
    # This locks the workspace; a write comes first, as SQLite requires.
    Workspace.objects.using(alias).filter(pk=workspace_id).update(has_ids_alone=True)
    batch = list(batch)
    named = {event.message_id for event in batch if has_mark(event.message_id)}
    alone = {event.message_id for event in batch} - named
    identities = _recorded(workspace_id, alone, alias)
    first: dict[str, str] = {}
    for identity in sorted(named):
        first.setdefault(without_mark(identity), identity)
        if without_mark(identity) in alone:
            identities.setdefault(without_mark(identity), set()).add(identity)
    if several := {each for each, found in identities.items() if len(found) > 1}:
        raise SeveralRecipients(several)
    withdrawn = _withdrawn(workspace_id, first.keys(), alias)
    one = first | {each: identity for each, (identity,) in identities.items()}
    events = [
        event._replace(message_id=one.get(event.message_id, event.message_id))
        for event in [*batch, *withdrawn]
    ]
    return events, len(withdrawn)


def _recorded(workspace_id: int, ids: Collection[str], alias: str) -> dict[str, set[str]]:
    """The recorded identities of each id that has some: the first and the last."""
    if not ids:
        return {}
    vendor = connections[alias].vendor
    statement = _FIRST_AND_LAST.format(
        table=EmailEvent._meta.db_table,
        of_id=_OF_ID,
        ids=_IDS[vendor],
    )
    parameter = list(ids) if vendor == "postgresql" else json.dumps(list(ids))
    with connections[alias].cursor() as cursor:
        cursor.execute(statement, [workspace_id, workspace_id, parameter])
        return {each: {first, last} for each, first, last in cursor.fetchall()}


def _withdrawn(workspace_id: int, ids: Collection[str], alias: str) -> list[Event]:
    """The events recorded without a recipient under these ids, which are deleted."""
    withdrawn: list[Event] = []
    everything = sorted(ids)
    for start in range(0, len(everything), _CHUNK):
        events = EmailEvent.objects.using(alias).filter(
            workspace_id=workspace_id, message_id__in=everything[start : start + _CHUNK]
        )
        found = list(events.values_list("campaign_id", "message_id", "kind", "occurred_at"))
        if found:
            events.delete()
        withdrawn += [Event._make(values) for values in found]
    return withdrawn
