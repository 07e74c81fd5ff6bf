"""How a batch is written to SQLite."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from django.db import IntegrityError, connections, transaction
from django.db.backends.utils import CursorWrapper

from campaigns.models import Campaign, EmailEvent, OpenBatch
from campaigns.recording.counting import refuse_unless_counted
from campaigns.recording.events import Event
from campaigns.recording.repeats import are_few, by_key, earliest_by_key, write_many

_TABLE = EmailEvent._meta.db_table
_INSERT_NEW = f"""
    INSERT INTO {_TABLE} (campaign_id, occurred_at, workspace_id, message_id, kind)
    VALUES (%s, %s, %s, %s, %s)
"""
_INSERT = f"{_INSERT_NEW} ON CONFLICT (workspace_id, message_id, kind) DO NOTHING"
_MOVE = f"""
    UPDATE {_TABLE} SET campaign_id = %s, occurred_at = %s
     WHERE workspace_id = %s AND message_id = %s AND kind = %s
       AND (occurred_at, campaign_id) > (%s, %s)
"""
_HAS_FOREIGN_CAMPAIGN = f"""
    SELECT EXISTS (SELECT 1 FROM json_each(%s) given
                    WHERE NOT EXISTS (SELECT 1 FROM {Campaign._meta.db_table} c
                                       WHERE c.id = given.value AND c.workspace_id = %s))
"""
# Between these two, events are not counted one by one: see OpenBatch. No workspace has the id 0.
_OPEN_BATCH = f"""
    INSERT INTO {OpenBatch._meta.db_table} (only_one, after_rowid, no_workspace_id)
    SELECT 1, coalesce(max(rowid), 0), 0 FROM {_TABLE}
"""
_CLOSE_BATCH = f"DELETE FROM {OpenBatch._meta.db_table}"


def write(alias: str, workspace_id: int, batch: Sequence[Event]) -> tuple[int, int]:
    """See `campaigns.recording.writers`."""
    refuse_unless_counted(alias)
    if are_few(batch):
        return _write_each(alias, workspace_id, batch)
    return write_many(
        (alias, workspace_id),
        len(batch),
        new=lambda: _insert_new(alias, workspace_id, batch),
        any_=lambda: _write_each(alias, workspace_id, batch),
    )


def _insert_new(alias: str, workspace_id: int, batch: Sequence[Event]) -> None:
    rows = [_row(workspace_id, event) for event in by_key(batch)]
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute(_OPEN_BATCH)
        cursor.executemany(_INSERT_NEW, rows)
        cursor.execute(_CLOSE_BATCH)


def _write_each(alias: str, workspace_id: int, batch: Sequence[Event]) -> tuple[int, int]:
    rows = [_row(workspace_id, event) for event in earliest_by_key(batch)]
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        # Writing first: a transaction that begins by reading may not become a writer later.
        cursor.executemany(_INSERT, rows)
        new, moved = cursor.rowcount, 0
        if new < len(rows):
            cursor.executemany(_MOVE, [(*row, row[1], row[0]) for row in rows])
            moved = cursor.rowcount
        if new + moved < len(batch):  # else the database has seen all of them
            _refuse_foreign_campaigns(cursor, workspace_id, batch)
    return new, moved


def _refuse_foreign_campaigns(
    cursor: CursorWrapper, workspace_id: int, batch: Sequence[Event]
) -> None:
    campaign_ids = json.dumps(list({event.campaign_id.hex for event in batch}))
    cursor.execute(_HAS_FOREIGN_CAMPAIGN, [campaign_ids, workspace_id])
    if cursor.fetchone()[0]:
        raise IntegrityError("A campaign of the batch is not in its workspace.")


def _row(workspace_id: int, event: Event) -> tuple[str, str, int, str, int]:
    campaign_id, message_id, kind, occurred_at = event
    return campaign_id.hex, _stored(occurred_at), workspace_id, message_id, int(kind)


def _stored(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(" ")[: -len("+00:00")]
