"""How a batch of valid events is written, on each database.

A writer takes a connection's alias, a workspace's id and the batch, writes it wholly or not at
all, and answers how many events were new and how many moved a known one earlier. Rows are written
in the order of their key, so that two writers never wait for each other crosswise.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from django.db import connections, transaction

from campaigns.models import EmailEvent

Row = tuple[UUID, str, int, datetime]  # an Event: campaign_id, message_id, kind, occurred_at
Writer = Callable[[str, int, Sequence[Row]], tuple[int, int]]

_TABLE = EmailEvent._meta.db_table
# Up to here one statement with its rows as parameters costs less than staging them.
_SMALL = 100

_STAGE = """
    CREATE TEMPORARY TABLE IF NOT EXISTS mailmetrics_staged_events
    (campaign_id uuid, message_id text COLLATE "C", kind smallint, occurred_at timestamptz)
    ON COMMIT DELETE ROWS
"""
_COPY = "COPY mailmetrics_staged_events FROM STDIN (FORMAT BINARY)"
_COPY_TYPES = ["uuid", "text", "int2", "timestamptz"]
_PARAMETERS = """
    unnest(%s::uuid[], %s::text[], %s::smallint[], %s::timestamptz[])
    AS staged (campaign_id, message_id, kind, occurred_at)
"""
# A statement may hold a key once only when it updates on conflict: hence DISTINCT ON. An inserted
# row has no xmax yet.
_RECORD = f"""
    WITH written AS (
        INSERT INTO {_TABLE} AS known (workspace_id, occurred_at, campaign_id, kind, message_id)
        SELECT DISTINCT ON (message_id COLLATE "C", kind)
               %s::bigint, occurred_at, campaign_id, kind, message_id
          FROM {{source}}
         ORDER BY message_id COLLATE "C", kind, occurred_at, campaign_id
            ON CONFLICT (workspace_id, message_id, kind) DO UPDATE
           SET occurred_at = excluded.occurred_at, campaign_id = excluded.campaign_id
         WHERE (excluded.occurred_at, excluded.campaign_id)
             < (known.occurred_at, known.campaign_id)
        RETURNING xmax = 0 AS is_new
    )
    SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM written
"""
_RECORD_STAGED = _RECORD.format(source="mailmetrics_staged_events")
_RECORD_PARAMETERS = _RECORD.format(source=_PARAMETERS)


def _write_postgresql(alias: str, workspace_id: int, batch: Sequence[Row]) -> tuple[int, int]:
    if len(batch) > _SMALL:
        return _write_staged(alias, workspace_id, batch)
    campaign_ids, message_ids, kinds, instants = (
        list(column) for column in zip(*batch, strict=True)
    )
    with connections[alias].cursor() as cursor:
        cursor.execute(
            _RECORD_PARAMETERS, [workspace_id, campaign_ids, message_ids, kinds, instants]
        )
        new, moved = cursor.fetchone()
    return new, moved


def _write_staged(alias: str, workspace_id: int, batch: Sequence[Row]) -> tuple[int, int]:
    in_callers_transaction = connections[alias].in_atomic_block
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute(_STAGE)
        if in_callers_transaction:  # what an earlier batch of it staged is there until its commit
            cursor.execute("TRUNCATE mailmetrics_staged_events")
        with cursor.copy(_COPY) as copy:
            copy.set_types(_COPY_TYPES)
            for row in batch:
                copy.write_row(row)
        cursor.execute(_RECORD_STAGED, [workspace_id])
        new, moved = cursor.fetchone()
    return new, moved


_INSERT = f"""
    INSERT INTO {_TABLE} (campaign_id, message_id, kind, occurred_at, workspace_id)
    VALUES (%s, %s, %s, %s, %s) ON CONFLICT (workspace_id, message_id, kind) DO NOTHING
"""
_MOVE = f"""
    UPDATE {_TABLE} SET campaign_id = %s, occurred_at = %s
     WHERE workspace_id = %s AND message_id = %s AND kind = %s
       AND (occurred_at, campaign_id) > (%s, %s)
"""


def _write_sqlite(alias: str, workspace_id: int, batch: Sequence[Row]) -> tuple[int, int]:
    rows = _earliest(batch)
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.executemany(_INSERT, [(*row, workspace_id) for row in rows])
        new, moved = cursor.rowcount, 0
        if new < len(rows):
            cursor.executemany(_MOVE, [_move(workspace_id, row) for row in rows])
            moved = cursor.rowcount
    return new, moved


def _earliest(batch: Sequence[Row]) -> list[tuple[str, str, int, str]]:
    """The batch as SQLite holds it, each message and kind once, in the order of the key."""
    earliest: dict[tuple[str, int], tuple[str, str]] = {}
    for campaign_id, message_id, kind, occurred_at in batch:
        instant = occurred_at.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
        place = (instant, campaign_id.hex)
        known = earliest.get((message_id, kind))
        if known is None or place < known:
            earliest[message_id, kind] = place
    return [
        (campaign_id, message_id, int(kind), instant)
        for (message_id, kind), (instant, campaign_id) in sorted(earliest.items())
    ]


def _move(workspace_id: int, row: tuple[str, str, int, str]) -> tuple[str | int, ...]:
    campaign_id, message_id, kind, instant = row
    return campaign_id, instant, workspace_id, message_id, kind, instant, campaign_id


WRITERS: dict[str, Writer] = {"postgresql": _write_postgresql, "sqlite": _write_sqlite}
