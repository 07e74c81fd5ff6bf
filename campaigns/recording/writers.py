"""How a batch of valid events is written, on each database.

A writer takes a connection's alias, a workspace's id and the batch, writes it wholly or not at
all, and answers how many events were new and how many moved a known one earlier. Rows are written
in the order of their key, so that two writers never wait for each other crosswise. A campaign
that is not in the workspace is an IntegrityError: the database refuses to write its event, and
the writer refuses one that it need not write for an earlier one is known.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connections, transaction
from django.db.backends.utils import CursorWrapper

from campaigns.models import Campaign, EmailEvent, OpenBatch

Row = tuple[UUID, str, int, datetime]  # an Event: campaign_id, message_id, kind, occurred_at
Writer = Callable[[str, int, Sequence[Row]], tuple[int, int]]

_TABLE = EmailEvent._meta.db_table
_CAMPAIGNS = Campaign._meta.db_table
# Up to here one statement with its rows as parameters costs less than staging them.
_SMALL = 100
_FOREIGN_CAMPAIGN = "A campaign of the batch is not in its workspace."

_STAGE = """
    CREATE TEMPORARY TABLE IF NOT EXISTS mailmetrics_staged_events
    (campaign_id uuid, message_id text COLLATE "C", kind smallint, occurred_at timestamptz)
    ON COMMIT DELETE ROWS
"""
# Where a batch is copied to: the table and its columns, with their types.
_ROW = {"campaign_id": "uuid", "message_id": "text", "kind": "int2", "occurred_at": "timestamptz"}
_STAGED = ("mailmetrics_staged_events", _ROW)
_EVENTS = (_TABLE, {**_ROW, "workspace_id": "int8"})
_PARAMETERS = """
    unnest(%(campaign_ids)s::uuid[], %(message_ids)s::text[], %(kinds)s::smallint[],
           %(instants)s::timestamptz[])
    AS staged (campaign_id, message_id, kind, occurred_at)
"""
# A statement may hold a key once only when it updates on conflict: hence DISTINCT ON. An inserted
# row has no xmax yet. Each campaign is looked up by its id alone: of a join with the rows, which
# have no statistics, the planner may make a nested loop over all of them.
_RECORD = f"""
    WITH written AS (
        INSERT INTO {_TABLE} AS known (workspace_id, occurred_at, campaign_id, kind, message_id)
        SELECT DISTINCT ON (message_id COLLATE "C", kind)
               %(workspace_id)s::bigint, occurred_at, campaign_id, kind, message_id
          FROM {{source}}
         ORDER BY message_id COLLATE "C", kind, occurred_at, campaign_id
            ON CONFLICT (workspace_id, message_id, kind) DO UPDATE
           SET occurred_at = excluded.occurred_at, campaign_id = excluded.campaign_id
         WHERE (excluded.occurred_at, excluded.campaign_id)
             < (known.occurred_at, known.campaign_id)
        RETURNING xmax = 0 AS is_new
    )
    SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new),
           EXISTS (SELECT FROM (SELECT DISTINCT campaign_id FROM {{source}}) given
                    WHERE (SELECT workspace_id FROM {_CAMPAIGNS} c WHERE c.id = given.campaign_id)
                          IS DISTINCT FROM %(workspace_id)s)
      FROM written
"""
_RECORD_STAGED = _RECORD.format(source="mailmetrics_staged_events")
_RECORD_PARAMETERS = _RECORD.format(source=_PARAMETERS)


# The workspaces, by their database, whose last large batch had known events: the next is likely to
# have some, too. Of this process alone, and only a guess: it decides what is tried first.
_repeating: set[tuple[str, int]] = set()
_KEY_IS_KNOWN = {"23505", "SQLITE_CONSTRAINT_PRIMARYKEY"}


def _write_many(
    alias: str,
    workspace_id: int,
    batch: Sequence[Row],
    *,
    new: Callable[[str, int, Sequence[Row]], None],
    any_: Writer,
) -> tuple[int, int]:
    """By ``new``, which is the faster but fails at a known event, else by ``any_``."""
    place = (alias, workspace_id)
    if place not in _repeating and _all_new(lambda: new(alias, workspace_id, batch)):
        return len(batch), 0
    written, moved = any_(alias, workspace_id, batch)
    if written < len(batch):
        _repeating.add(place)
    else:
        _repeating.discard(place)
    return written, moved


def _all_new(write: Callable[[], None]) -> bool:
    """Whether it has written: not if an event is known, or in the batch twice."""
    try:
        write()
    except IntegrityError as error:
        cause = error.__cause__
        state = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None)
        if state not in _KEY_IS_KNOWN:
            raise
        return False
    return True


def _write_postgresql(alias: str, workspace_id: int, batch: Sequence[Row]) -> tuple[int, int]:
    if len(batch) > _SMALL:
        return _write_many(alias, workspace_id, batch, new=_copy_new, any_=_write_staged)
    columns = (list(column) for column in zip(*batch, strict=True))
    parameters = dict(
        zip(("campaign_ids", "message_ids", "kinds", "instants"), columns, strict=True),
        workspace_id=workspace_id,
    )
    # One event alone is one statement, which needs no transaction around it.
    together = len(batch) > 1 or not transaction.get_autocommit(using=alias)
    with transaction.atomic(using=alias) if together else nullcontext():
        return _execute(alias, _RECORD_PARAMETERS, parameters)


def _copy_new(alias: str, workspace_id: int, batch: Sequence[Row]) -> None:
    # Python compares text by code points, and so in the order of its bytes: the key's.
    rows = sorted(batch, key=itemgetter(1, 2))
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        _copy(cursor, alias, _EVENTS, ((*row, workspace_id) for row in rows))


def _write_staged(alias: str, workspace_id: int, batch: Sequence[Row]) -> tuple[int, int]:
    in_callers_transaction = not transaction.get_autocommit(using=alias)
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute(_STAGE)
        if in_callers_transaction:  # what an earlier batch of it staged is there until its commit
            cursor.execute("TRUNCATE mailmetrics_staged_events")
        _copy(cursor, alias, _STAGED, batch)
        return _execute(alias, _RECORD_STAGED, {"workspace_id": workspace_id})


def _copy(
    cursor: CursorWrapper,
    alias: str,
    into: tuple[str, dict[str, str]],
    rows: Iterable[tuple[object, ...]],
) -> None:
    table, columns = into
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
    # psycopg's own method, around which Django does not turn errors into its own.
    with connections[alias].wrap_database_errors, cursor.copy(statement) as copy:
        copy.set_types(columns.values())
        for row in rows:
            copy.write_row(row)


def _execute(alias: str, statement: str, parameters: dict[str, Any]) -> tuple[int, int]:
    with connections[alias].cursor() as cursor:
        cursor.execute(statement, parameters)
        new, moved, has_foreign_campaign = cursor.fetchone()
    if has_foreign_campaign:
        raise IntegrityError(_FOREIGN_CAMPAIGN)
    return new, moved


_INSERT_NEW = f"""
    INSERT INTO {_TABLE} (campaign_id, message_id, kind, occurred_at, workspace_id)
    VALUES (%s, %s, %s, %s, %s)
"""
_INSERT = f"{_INSERT_NEW} ON CONFLICT (workspace_id, message_id, kind) DO NOTHING"
_HAS_FOREIGN_CAMPAIGN = f"""
    SELECT EXISTS (SELECT 1 FROM json_each(%s) given
                    WHERE NOT EXISTS (SELECT 1 FROM {_CAMPAIGNS} c
                                       WHERE c.id = given.value AND c.workspace_id = %s))
"""
_MOVE = f"""
    UPDATE {_TABLE} SET campaign_id = %s, occurred_at = %s
     WHERE workspace_id = %s AND message_id = %s AND kind = %s
       AND (occurred_at, campaign_id) > (%s, %s)
"""


# Between these two, events are not counted one by one: see OpenBatch. No workspace has the id 0.
_OPEN_BATCH = f"""
    INSERT INTO {OpenBatch._meta.db_table} (only_one, after_rowid, no_workspace_id)
    SELECT 1, coalesce(max(rowid), 0), 0 FROM {_TABLE}
"""
_CLOSE_BATCH = f"DELETE FROM {OpenBatch._meta.db_table}"


def _write_sqlite(alias: str, workspace_id: int, batch: Sequence[Row]) -> tuple[int, int]:
    if len(batch) > _SMALL:
        return _write_many(alias, workspace_id, batch, new=_insert_new, any_=_write_each)
    return _write_each(alias, workspace_id, batch)


def _insert_new(alias: str, workspace_id: int, batch: Sequence[Row]) -> None:
    rows = [
        (campaign_id.hex, message_id, int(kind), _stored(occurred_at), workspace_id)
        for campaign_id, message_id, kind, occurred_at in batch
    ]
    rows.sort(key=itemgetter(1, 2))
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute(_OPEN_BATCH)
        cursor.executemany(_INSERT_NEW, rows)
        cursor.execute(_CLOSE_BATCH)


def _write_each(alias: str, workspace_id: int, batch: Sequence[Row]) -> tuple[int, int]:
    rows = _earliest(batch)
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        # Writing first: a transaction that begins by reading may not become a writer later.
        cursor.executemany(_INSERT, [(*row, workspace_id) for row in rows])
        new, moved = cursor.rowcount, 0
        if new < len(rows):
            cursor.executemany(_MOVE, [_move(workspace_id, row) for row in rows])
            moved = cursor.rowcount
        campaign_ids = json.dumps(list({row[0].hex for row in batch}))
        cursor.execute(_HAS_FOREIGN_CAMPAIGN, [campaign_ids, workspace_id])
        if cursor.fetchone()[0]:
            raise IntegrityError(_FOREIGN_CAMPAIGN)
    return new, moved


def _earliest(batch: Sequence[Row]) -> list[tuple[str, str, int, str]]:
    """The batch as SQLite holds it, each message and kind once, in the order of the key."""
    earliest: dict[tuple[str, int], tuple[str, str]] = {}
    for campaign_id, message_id, kind, occurred_at in batch:
        place = (_stored(occurred_at), campaign_id.hex)
        known = earliest.get((message_id, kind))
        if known is None or place < known:
            earliest[message_id, kind] = place
    return [
        (campaign_id, message_id, int(kind), instant)
        for (message_id, kind), (instant, campaign_id) in sorted(earliest.items())
    ]


def _stored(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(" ")[: -len("+00:00")]


def _move(workspace_id: int, row: tuple[str, str, int, str]) -> tuple[str | int, ...]:
    campaign_id, message_id, kind, instant = row
    return campaign_id, instant, workspace_id, message_id, kind, instant, campaign_id


WRITERS: dict[str, Writer] = {"postgresql": _write_postgresql, "sqlite": _write_sqlite}
