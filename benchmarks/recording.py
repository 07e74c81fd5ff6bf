"""Recording on PostgreSQL and SQLite, against the least that the databases do for the same rows."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path

from django.db import connection, connections, transaction

from benchmarks import before, command, data, single, tables
from benchmarks.measuring import seconds, take_turns
from benchmarks.sizes import Size
from campaigns.models import EmailEvent, Workspace
from campaigns.recording import Event, record_events

BATCH = 10_000
CAMPAIGNS = 1_000
EVENTS = EmailEvent._meta.db_table
KEYED, BARE = "bench_keyed", "bench_bare"
COLUMNS = "workspace_id, occurred_at, campaign_id, kind, message_id"
TYPES = ["int8", "timestamptz", "uuid", "int2", "text"]
WRITERS = 4


def execute(*statements: str, using: str = "default") -> None:
    with connections[using].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def batches(events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    for start in range(0, len(events), BATCH):
        yield events[start : start + BATCH]


@contextmanager
def without_totals() -> Iterator[None]:
    execute(f"ALTER TABLE {EVENTS} DISABLE TRIGGER USER")
    os.environ[single.WITHOUT_TOTALS] = "1"
    try:
        yield
    finally:
        del os.environ[single.WITHOUT_TOTALS]
        execute(f"ALTER TABLE {EVENTS} ENABLE TRIGGER USER", f"TRUNCATE {EVENTS}")


def run(size: Size, folder: Path) -> None:
    _on_postgresql(size, folder)
    _on_sqlite(size)


def _on_postgresql(size: Size, folder: Path) -> None:
    workspace = data.new_workspace("recording", campaigns=CAMPAIGNS)
    execute(
        f"CREATE TABLE {BARE} (LIKE {EVENTS})",
        f"CREATE TABLE {KEYED} (LIKE {EVENTS} INCLUDING ALL)",
    )
    keyed = _in_batches(size, workspace, folder)
    _one_by_one(size)
    _side_by_side(size, folder)
    tables.goal(
        f"record_events, {size.recorded:,} events in batches of {BATCH:,}, of COPY with key",
        keyed["record_events"],
        ">=",
        0.65,
    )
    tables.goal(
        f"import_events, {size.recorded:,} lines, of COPY with key",
        keyed["import_events"],
        ">=",
        0.5,
    )
    execute(f"TRUNCATE {EVENTS}", f"DROP TABLE {BARE}, {KEYED}")


def _in_batches(size: Size, workspace: Workspace, folder: Path) -> dict[str, float]:
    tables.heading(f"Recording {size.recorded:,} events on PostgreSQL, in batches of {BATCH:,}")
    events = list(data.events(workspace, size.recorded, campaigns=CAMPAIGNS))
    lines = folder / "recorded.csv"
    data.write_lines(lines, iter(events))
    samples = take_turns(
        {
            "COPY without a key": lambda: _rate(BARE, events, _copy_into(BARE, workspace)),
            "COPY with key": lambda: _rate(KEYED, events, _copy_into(KEYED, workspace)),
            "record_events": lambda: _rate(
                EVENTS, events, lambda events: record_events(workspace=workspace, events=events)
            ),
            "import_events": lambda: _rate(
                EVENTS,
                events,
                lambda _: command.run("import_events", workspace.name, str(lines)),
            ),
            "bulk_create without totals": lambda: _bulk_create(events, workspace),
        },
        rounds=size.rounds,
    )
    tables.rates(samples, base="COPY with key", unit="events/s")
    return {name: sample.over(samples["COPY with key"]) for name, sample in samples.items()}


def _rate(
    table: str, events: Sequence[Event], record: Callable[[Sequence[Event]], object]
) -> float:
    # Each begins with an empty table, and with no dirty pages of another to write.
    execute(f"TRUNCATE {table}", "CHECKPOINT")
    return len(events) / seconds(lambda: record(events))


def _copy_into(table: str, workspace: Workspace) -> Callable[[Sequence[Event]], None]:
    statement = f"COPY {table} ({COLUMNS}) FROM STDIN (FORMAT BINARY)"

    def copy_all(events: Sequence[Event]) -> None:
        for batch in batches(events):
            with (
                transaction.atomic(),
                connection.cursor() as cursor,
                cursor.copy(statement) as copy,
            ):
                copy.set_types(TYPES)
                for campaign_id, message_id, kind, occurred_at in batch:
                    copy.write_row((workspace.pk, occurred_at, campaign_id, kind, message_id))

    return copy_all


def _bulk_create(events: Sequence[Event], workspace: Workspace) -> float:
    some = events[: max(len(events) // 10, 1)]  # it is that slow

    def create(events: Sequence[Event]) -> None:
        for batch in batches(events):
            EmailEvent.objects.bulk_create(
                EmailEvent(
                    workspace=workspace,
                    campaign_id=campaign_id,
                    message_id=message_id,
                    kind=kind,
                    occurred_at=occurred_at,
                )
                for campaign_id, message_id, kind, occurred_at in batch
            )

    with without_totals():
        return _rate(EVENTS, some, create)


def _one_by_one(size: Size) -> None:
    tables.heading(f"One event a call, {size.singles:,} by each writer, all on one day")
    turns = iter(range(10**6))

    def ours(writers: int) -> float:
        return single.events_per_second(
            writers=writers, workspace="recording", count=size.singles, name=f"turn {next(turns)}"
        )

    def plain() -> float:
        with without_totals():
            return ours(WRITERS)

    execute(f"TRUNCATE {EVENTS}")
    before = _deadlocks()
    samples = take_turns(
        {
            "four writers without totals": plain,
            "four writers": lambda: ours(WRITERS),
            "one writer": lambda: ours(1),
        },
        rounds=size.rounds,
    )
    base = "four writers without totals"
    tables.rates(samples, base=base, unit="events/s")
    deadlocks = _deadlocks() - before
    ratio = samples["four writers"].over(samples[base])
    tables.goal("four writers, one hot day, one event a call, of the same", ratio, ">=", 0.6)
    tables.goal("deadlocks of four writers", deadlocks, "<=", 0)


def _side_by_side(size: Size, folder: Path) -> None:
    tables.heading(
        "One event a call by one writer, today and before the totals by campaign and day"
    )
    earlier = before.set_up(folder, workspace="recording", campaigns=CAMPAIGNS)
    if earlier is None:
        print(f"Not measured: the history here does not reach commit {before.COMMIT[:7]}.")
        return
    turns = iter(range(10**6))

    def rate(code: before.Before | None) -> float:
        return single.events_per_second(
            writers=1,
            workspace="recording",
            count=size.singles,
            name=f"side by side {next(turns)}",
            before=code,
        )

    samples = take_turns(
        {"before": lambda: rate(earlier), "today": lambda: rate(None)}, rounds=2 * size.rounds
    )
    tables.rates(samples, base="before", unit="events/s")
    ratio = samples["today"].over(samples["before"])
    tables.goal("one event a call, one writer, of the commit before", ratio, ">=", 1.25)


def _deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def _on_sqlite(size: Size) -> None:
    number = size.recorded // 4  # its turns are long, and longer still is emptying the table after
    tables.heading(f"Recording {number:,} events on SQLite, in batches of {BATCH:,}")
    workspace = data.new_workspace("recording", campaigns=CAMPAIGNS, using="sqlite")
    events = list(data.events(workspace, number, campaigns=CAMPAIGNS))
    _create_keyed_on_sqlite()
    samples = take_turns(
        {
            "bare executemany": lambda: _sqlite_rate(KEYED, events, _insert(workspace)),
            "record_events": lambda: _sqlite_rate(
                EVENTS,
                events,
                lambda events: record_events(workspace=workspace, events=events, using="sqlite"),
            ),
        },
        rounds=size.rounds,
    )
    tables.rates(samples, base="bare executemany", unit="events/s")
    ratio = samples["record_events"].over(samples["bare executemany"])
    text = f"record_events on SQLite, {number:,} events, of a bare executemany"
    tables.goal(text, ratio, ">=", 0.7)


def _create_keyed_on_sqlite() -> None:
    with connections["sqlite"].cursor() as cursor:
        cursor.execute(f"SELECT sql FROM sqlite_master WHERE name = '{EVENTS}'")
        cursor.execute(cursor.fetchone()[0].replace(EVENTS, KEYED))


def _sqlite_rate(
    table: str, events: Sequence[Event], record: Callable[[Sequence[Event]], object]
) -> float:
    execute(f"DELETE FROM {table}", "PRAGMA wal_checkpoint(TRUNCATE)", using="sqlite")
    return len(events) / seconds(lambda: record(events))


def _insert(workspace: Workspace) -> Callable[[Sequence[Event]], None]:
    # The rows in the form that the table has to hold: it is read by Django afterwards.
    statement = f"INSERT INTO {KEYED} ({COLUMNS}) VALUES (?, ?, ?, ?, ?)"

    def insert_all(events: Sequence[Event]) -> None:
        for batch in batches(events):
            rows = [
                (
                    workspace.pk,
                    occurred_at.astimezone(UTC).replace(tzinfo=None).isoformat(" "),
                    campaign_id.hex,
                    int(kind),
                    message_id,
                )
                for campaign_id, message_id, kind, occurred_at in batch
            ]
            with transaction.atomic(using="sqlite"):
                connections["sqlite"].connection.executemany(statement, rows)

    return insert_all
