"""Deleting old events while the totals stay as they are.

What the deleted events counted moves to PrunedTotals, by campaign and day, so that a recount of
the rest still gives the totals, and a campaign that is deleted later takes its share of each day
with it. An event from before the workspace's horizon, the day up to which it was pruned, can't be
told from a duplicate of a pruned one: the database refuses it, and ``record_events`` drops it.
"""

import functools
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.db import connections, router, transaction
from django.db.models import Q

from analytics.models import COUNTS, PrunedTotals
from analytics.totals.recount import COUNTED, DAY, INSTANT
from campaigns.models import EmailEvent, Workspace
from campaigns.recording import retried
from campaigns.zones import day_start

BATCH_SIZE = 10_000

_EVENTS = EmailEvent._meta.db_table
_PRUNED = PrunedTotals._meta.db_table
_Key = tuple[str, int]  # of an event within its workspace: message_id, kind


def prune(
    *, workspace: Workspace, before: date, batch_size: int = BATCH_SIZE, using: str | None = None
) -> Iterator[int]:
    """Delete the workspace's events from before a day; yields how many after each batch.

    The day is one of the workspace's time zone. As the first batch is asked for, its beginning
    becomes the workspace's horizon, unless that is later already. Each batch is a transaction of
    its own: stop anywhere, and go on by calling again. Readers see the same totals all the while,
    and writers of events go on. Raises ValueError for a day to come, or a batch of no events.
    """
    if before > workspace.today():
        raise ValueError(f"{before} is not over yet: the events of today have to be recorded")
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, not {batch_size}")
    alias = using or router.db_for_write(EmailEvent, instance=workspace)
    horizon = day_start(before, workspace.time_zone)
    return _prune_batches(workspace.pk, horizon, batch_size, alias)


def _prune_batches(workspace_id: int, horizon: datetime, size: int, alias: str) -> Iterator[int]:
    _raise_horizon(workspace_id, horizon, alias)
    connection = connections[alias]
    prune_batch = _PRUNERS[connection.vendor]
    before = EmailEvent._meta.get_field("occurred_at").get_db_prep_value(horizon, connection)
    # There is no index by time: walk along the primary key, once.
    after: _Key | None = ("", 0)
    while after is not None:
        batch = {"workspace_id": workspace_id, "before": before, "size": size}
        batch |= {"after_message": after[0], "after_kind": after[1]}
        after, pruned = retried(functools.partial(prune_batch, alias, batch), alias)
        if pruned:
            yield pruned


def _raise_horizon(workspace_id: int, horizon: datetime, alias: str) -> None:
    # Committed before any event goes: from then on none of them can come back.
    lower = Q(events_pruned_before__isnull=True) | Q(events_pruned_before__lt=horizon)
    workspaces = Workspace.objects.using(alias).filter(lower, pk=workspace_id)
    workspaces.update(events_pruned_before=horizon)


_OLD = """
    SELECT message_id, kind FROM {events}
     WHERE workspace_id = %(workspace_id)s
       AND (message_id, kind) > (%(after_message)s, %(after_kind)s) AND {instant} < %(before)s
     ORDER BY message_id, kind LIMIT %(size)s
"""
_KEEP = f"""
    INSERT INTO {_PRUNED} AS kept (workspace_id, campaign_id, day, {", ".join(COUNTS)})
    SELECT workspace_id, campaign_id, {{day}}, {COUNTED} FROM {{source}} GROUP BY 1, 2, 3
        ON CONFLICT (workspace_id, campaign_id, day) DO UPDATE
       SET {", ".join(f"{count} = kept.{count} + excluded.{count}" for count in COUNTS)}
"""

# One statement, so that what it deletes is what it keeps whatever others write meanwhile. Events
# are locked in the order of their key, as their writers do.
_PRUNE_POSTGRESQL = f"""
    WITH old AS ({_OLD.format(events=_EVENTS, instant=INSTANT["postgresql"])} FOR UPDATE),
    deleted AS (
        DELETE FROM {_EVENTS} e USING old
         WHERE e.workspace_id = %(workspace_id)s
           AND e.message_id = old.message_id AND e.kind = old.kind
        RETURNING e.workspace_id, e.campaign_id, e.occurred_at, e.kind
    ),
    kept AS ({_KEEP.format(source="deleted", day=DAY["postgresql"])})
    SELECT message_id, kind, (SELECT count(*) FROM deleted) FROM old
     ORDER BY message_id DESC, kind DESC LIMIT 1
"""


def _prune_postgresql(alias: str, batch: dict[str, Any]) -> tuple[_Key | None, int]:
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute(_PRUNE_POSTGRESQL, batch)
        *last, pruned = cursor.fetchone() or (0,)
    return (last[0], last[1]) if last else None, pruned


_LAST_SQLITE = f"""
    SELECT message_id, kind FROM ({_OLD.format(events=_EVENTS, instant=INSTANT["sqlite"])})
     ORDER BY message_id DESC, kind DESC LIMIT 1
"""
_BATCH_SQLITE = f"""
    {_EVENTS} WHERE workspace_id = %(workspace_id)s
       AND (message_id, kind) > (%(after_message)s, %(after_kind)s)
       AND (message_id, kind) <= (%(last_message)s, %(last_kind)s)
       AND {INSTANT["sqlite"]} < %(before)s
"""


def _prune_sqlite(alias: str, batch: dict[str, Any]) -> tuple[_Key | None, int]:
    with connections[alias].cursor() as cursor:
        # Not within the transaction: one that begins by reading may not become a writer later.
        cursor.execute(_LAST_SQLITE, batch)
        last = cursor.fetchone()
        if last is None:
            return None, 0
        ended = batch | {"last_message": last[0], "last_kind": last[1]}
        with transaction.atomic(using=alias):
            cursor.execute(_KEEP.format(source=_BATCH_SQLITE, day=DAY["sqlite"]), ended)
            cursor.execute(f"DELETE FROM {_BATCH_SQLITE}", ended)
            return last, cursor.rowcount


_PRUNERS = {"postgresql": _prune_postgresql, "sqlite": _prune_sqlite}
