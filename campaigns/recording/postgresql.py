"""How a batch is written to PostgreSQL, with no more rights than to its tables."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from django.db import (
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
    connections,
    transaction,
)

from campaigns.base.rows import fetched
from campaigns.models import Campaign, EmailEvent
from campaigns.recording.counting import condition, refuse_unless_counted
from campaigns.recording.events import Event, in_columns
from campaigns.recording.repeats import are_few, by_key, earliest_by_key, write_many

_TABLE = EmailEvent._meta.db_table
_COLUMNS = "workspace_id, occurred_at, campaign_id, kind, message_id"
_TYPES = ("int8", "timestamptz", "uuid", "int2", "text")
_COPY = f"COPY {_TABLE} ({_COLUMNS}) FROM STDIN (FORMAT BINARY)"
# An inserted row has no xmax yet, a row that was moved has one; a known event returns no row.
_RECORD = f"""
    INSERT INTO {_TABLE} AS known ({_COLUMNS}) {{rows}}
        ON CONFLICT (workspace_id, message_id, kind) DO UPDATE
       SET occurred_at = excluded.occurred_at, campaign_id = excluded.campaign_id
     WHERE (excluded.occurred_at, excluded.campaign_id) < (known.occurred_at, known.campaign_id)
    RETURNING xmax = 0
"""
# In binary, as psycopg sends no list of its own accord: text takes ten times as long to write,
# and there PostgreSQL takes no offset of 16 hours or more, or of a part of a second.
_ARRAYS = _RECORD.format(
    rows="SELECT %s, * FROM unnest(%b::timestamptz[], %b::uuid[], %b::smallint[], %b::text[])"
)
# Each campaign is looked up by its id alone: of a join with values, which have no statistics, the
# planner may make a nested loop over all of them.
_HAS_FOREIGN_CAMPAIGN = f"""
    SELECT EXISTS (SELECT FROM unnest(%s::uuid[]) AS given (id)
                    WHERE (SELECT workspace_id FROM {Campaign._meta.db_table} c
                            WHERE c.id = given.id) IS DISTINCT FROM %s)
"""
_CHUNK = 10_000  # events of a statement with arrays


def write(alias: str, workspace_id: int, batch: Sequence[Event]) -> tuple[int, int]:
    """See `campaigns.recording.writers`."""
    if are_few(batch):
        return _write_few(alias, workspace_id, batch)
    refuse_unless_counted(alias)
    return write_many(
        (alias, workspace_id),
        len(batch),
        new=lambda: _copy(alias, workspace_id, batch),
        any_=lambda: _write_arrays(alias, workspace_id, batch),
    )


# The databases that distribute the events. Of this process alone, which learns it from a refusal.
_distributed: set[str] = set()
_UNDEFINED_FUNCTION = "42883"


def _write_few(alias: str, workspace_id: int, batch: Sequence[Event]) -> tuple[int, int]:
    if alias not in _distributed:
        try:
            return _write_values(alias, workspace_id, batch, condition())
        except NotSupportedError:
            _distributed.add(alias)
    try:
        return _write_values(alias, workspace_id, batch, condition(on_citus=True))
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", None) != _UNDEFINED_FUNCTION:
            raise
        # It was restored to one server, or has triggers of an earlier version: they are asked for.
        refuse_unless_counted(alias)
        _distributed.discard(alias)
        return _write_values(alias, workspace_id, batch, "true")


def _write_values(
    alias: str, workspace_id: int, batch: Sequence[Event], is_counted: str
) -> tuple[int, int]:
    """Where the SQL ``is_counted`` is not true a kind is NULL, which the table refuses."""
    events = earliest_by_key(batch)
    first = f"(%s, %s, %s, CASE WHEN {is_counted} THEN %s::smallint END, %s)"
    others = ["(%s, %s, %s, %s, %s)"] * (len(events) - 1)
    statement = _RECORD.format(rows=f"VALUES {', '.join([first, *others])}")
    parameters = [
        value
        for campaign_id, message_id, kind, occurred_at in events
        for value in (workspace_id, occurred_at, campaign_id, int(kind), message_id)
    ]
    # One event alone is one statement, which needs no transaction around it.
    together = len(batch) > 1 or not transaction.get_autocommit(using=alias)
    with transaction.atomic(using=alias) if together else nullcontext():
        written = _written(alias, statement, parameters)
        _refuse_foreign_campaigns(alias, workspace_id, batch, sum(written))
    return written


def _copy(alias: str, workspace_id: int, batch: Sequence[Event]) -> None:
    rows = by_key(batch)
    with (
        transaction.atomic(using=alias),
        connections[alias].cursor() as cursor,
        # psycopg's own method, around which Django does not turn errors into its own.
        connections[alias].wrap_database_errors,
        cursor.copy(_COPY) as copy,
    ):
        copy.set_types(_TYPES)
        for campaign_id, message_id, kind, occurred_at in rows:
            copy.write_row((workspace_id, occurred_at, campaign_id, kind, message_id))


def _write_arrays(alias: str, workspace_id: int, batch: Sequence[Event]) -> tuple[int, int]:
    events = earliest_by_key(batch)
    new = moved = 0
    with transaction.atomic(using=alias):
        for start in range(0, len(events), _CHUNK):
            chunk = events[start : start + _CHUNK]
            campaign_ids, message_ids, kinds, instants = in_columns(chunk)
            arrays = [workspace_id, instants, campaign_ids, kinds, message_ids]
            written = _written(alias, _ARRAYS, arrays)
            new, moved = new + written[0], moved + written[1]
        _refuse_foreign_campaigns(alias, workspace_id, batch, new + moved)
    return new, moved


def _written(alias: str, statement: str, parameters: list[Any]) -> tuple[int, int]:
    """How many events were new, and how many moved a known one."""
    # Whose parameters are apart from the statement: it stays the same, and so may be prepared.
    are_new = [is_new for (is_new,) in fetched(alias, statement, parameters)]
    return sum(are_new), len(are_new) - sum(are_new)


def _refuse_foreign_campaigns(
    alias: str, workspace_id: int, batch: Sequence[Event], written: int
) -> None:
    if written == len(batch):  # the database has seen all of them
        return
    campaign_ids = list({event.campaign_id for event in batch})
    with connections[alias].cursor() as cursor:
        cursor.execute(_HAS_FOREIGN_CAMPAIGN, [campaign_ids, workspace_id])
        if cursor.fetchone()[0]:
            raise IntegrityError("A campaign of the batch is not in its workspace.")
