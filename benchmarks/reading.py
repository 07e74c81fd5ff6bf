"""The SQL of the two answers, against counting the events when they are asked for.

Counted by PostgreSQL itself from a table with a fitting index for each answer, by DuckDB and by
ClickHouse (chdb), each with the events in a table of its own. A time is of a statement and its
rows in Python, the instants as such; of several ways the fastest for each database.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import chdb.session
import duckdb
import orjson
from django.db import connection

from analytics import reports
from analytics.periods import Period
from analytics.totals.recount import differences
from benchmarks import command, data, tables
from benchmarks.command import Ran
from benchmarks.measuring import milliseconds, take_turns
from benchmarks.recording import EVENTS, execute
from benchmarks.sizes import Size
from campaigns.base.rows import fetched
from campaigns.models import Campaign, EventKind, Workspace

FEW, MANY = 1_000, 10_000  # campaigns
COUNTED = "bench_counted"
THREADS = 2
ANSWERS = ("campaigns", "timeline, 90 days", "timeline, 365 days")
KINDS = EventKind.choices
FILTERED = ", ".join(f"count(*) FILTER (WHERE kind = {n}) AS {name}" for n, name in KINDS)
COUNTED_IF = ", ".join(f"countIf(kind = {n}) AS {name}" for n, name in KINDS)
AS_JSON = "JSONCompactEachRow"
WHOLE_NUMBERS = "SETTINGS output_format_json_quote_64bit_integers = 0"
Times = dict[str, dict[str, float]]  # of each answer by each contender, in milliseconds


def run(size: Size, folder: Path) -> None:
    found: dict[int, Times] = {}
    imported: dict[int, Ran] = {}
    for number in size.stored:
        with _stored(number, FEW, folder) as (workspace, lines, ran):
            imported[number] = ran
            found[number] = _times(size, workspace, lines, folder, ANSWERS)
        _print(number, FEW, found[number])
    spread: dict[int, Times] = {}
    for number in size.spread:
        with _stored(number, MANY, folder) as (workspace, lines, _):
            spread[number] = _times(size, workspace, lines, folder, ANSWERS[:1])
        _print(number, MANY, spread[number])
    _note_goals(found, FEW)
    _note_goals(spread, MANY)
    _note_counting(found)
    _note_memory(imported)


@contextmanager
def _stored(number: int, campaigns: int, folder: Path) -> Iterator[tuple[Workspace, Path, Ran]]:
    """A workspace with so many events, imported; for counting, a copy of them with indexes."""
    workspace = data.new_workspace(f"reading {number} of {campaigns}", campaigns=campaigns)
    lines = folder / "reading.csv"
    data.write_lines(lines, data.events(workspace, number, campaigns=campaigns))
    ran = command.run("import_events", workspace.name, str(lines))
    execute(
        f"CREATE TABLE {COUNTED} AS SELECT workspace_id, campaign_id, kind, occurred_at "
        f"FROM {EVENTS} WHERE workspace_id = {workspace.pk}",
        f"CREATE INDEX ON {COUNTED} (workspace_id, campaign_id, kind)",
        f"CREATE INDEX ON {COUNTED} (workspace_id, occurred_at, kind)",
        f"VACUUM ANALYZE {COUNTED}",
        "VACUUM ANALYZE",
        "CHECKPOINT",
    )
    yield workspace, lines, ran
    execute(f"DROP TABLE {COUNTED}")
    lines.unlink()


def _times(
    size: Size, workspace: Workspace, lines: Path, folder: Path, answers: Sequence[str]
) -> Times:
    if next(differences(using="default"), None):
        raise RuntimeError("The totals are not a recount of the events.")
    contenders = {
        "ours": _ours(workspace),
        "PostgreSQL counting": _counting(workspace),
        "DuckDB": _duckdb(workspace, lines),
        "ClickHouse": _clickhouse(workspace, lines, folder),
    }
    return {
        answer: {
            name: sample.median
            for name, sample in take_turns(
                {
                    name: partial(milliseconds, ask[answer], within=size.read)
                    for name, ask in contenders.items()
                },
                rounds=size.rounds,
            ).items()
        }
        for answer in answers
    }


def _period(days: int) -> Period:
    return Period(data.LAST.date() - timedelta(days=days - 1), data.LAST.date())


def _ours(workspace: Workspace) -> dict[str, Callable[[], object]]:
    """What the reports execute, as they read it."""

    def statement(report: Callable[..., object], **arguments: Any) -> Callable[[], object]:
        executed = []

        def note(execute: Callable[..., Any], sql: str, parameters: Any, *rest: Any) -> Any:
            executed.append((sql, parameters))
            return execute(sql, parameters, *rest)

        with connection.execute_wrapper(note):
            report(workspace_id=workspace.pk, **arguments)
        ((sql, parameters),) = executed
        return lambda: fetched("default", sql, parameters)

    return {
        ANSWERS[0]: statement(reports.campaign_report),
        ANSWERS[1]: statement(reports.timeline_report, period=_period(90)),
        ANSWERS[2]: statement(reports.timeline_report, period=_period(365)),
    }


def _per_campaign(events: str, counts: str, workspace_id: int) -> str:
    return f"""
        SELECT CAST(c.id AS text), c.name, c.status, c.total_leads,
               {", ".join(EventKind.labels)}, c.created_at
          FROM campaigns c
          LEFT JOIN (SELECT campaign_id, {counts} FROM {events} GROUP BY campaign_id) counted
            ON counted.campaign_id = c.id
         WHERE c.workspace_id = {workspace_id} ORDER BY c.created_at DESC, c.id
    """


def _counting(workspace: Workspace) -> dict[str, Callable[[], object]]:
    mine = f"(SELECT * FROM {COUNTED} WHERE workspace_id = {workspace.pk}) mine"
    campaigns = _per_campaign(mine, FILTERED, workspace.pk)
    campaigns = campaigns.replace("FROM campaigns", f"FROM {Campaign._meta.db_table}")

    def timeline(days: int) -> Callable[[], object]:
        first, end = _ends(days)
        sql = f"""
            SELECT (occurred_at AT TIME ZONE 'UTC')::date, {FILTERED} FROM {COUNTED}
             WHERE workspace_id = {workspace.pk}
               AND occurred_at >= '{first}Z' AND occurred_at < '{end}Z' GROUP BY 1 ORDER BY 1
        """
        return lambda: fetched("default", sql)

    return dict(
        zip(
            ANSWERS,
            [lambda: fetched("default", campaigns), timeline(90), timeline(365)],
            strict=True,
        )
    )


def _ends(days: int) -> tuple[datetime, datetime]:
    """The window's first instant and the first after it, in UTC."""
    period = _period(days)
    return (
        datetime.combine(period.first, time()),
        datetime.combine(period.last + timedelta(days=1), time()),
    )


def _campaigns(workspace: Workspace) -> list[tuple[Any, ...]]:
    rows = Campaign.objects.filter(workspace=workspace).values_list(
        "id", "workspace_id", "name", "status", "total_leads", "created_at"
    )
    return [(str(pk), *rest, at.astimezone(UTC).replace(tzinfo=None)) for pk, *rest, at in rows]


def _duckdb(workspace: Workspace, lines: Path) -> dict[str, Callable[[], object]]:
    database = duckdb.connect(config={"threads": THREADS})
    database.execute("SET TimeZone = 'UTC'")
    database.execute(
        "CREATE TABLE campaigns (id uuid, workspace_id bigint, name text, status text, "
        "total_leads int, created_at timestamp)"
    )
    database.executemany("INSERT INTO campaigns VALUES (?, ?, ?, ?, ?, ?)", _campaigns(workspace))
    database.execute(
        f"""
        CREATE TABLE events AS
        SELECT campaign_id::uuid AS campaign_id, occurred_at::timestamp AS occurred_at,
               list_position(['sent', 'opened', 'replied', 'bounced'], kind)::tinyint AS kind
          FROM read_csv('{lines}', all_varchar = true)
        """
    )

    def ask(sql: str) -> Callable[[], object]:
        return lambda: database.execute(sql).fetchall()

    def timeline(days: int) -> Callable[[], object]:
        first, end = _ends(days)
        return ask(
            f"SELECT occurred_at::date, {FILTERED} FROM events "
            f"WHERE occurred_at >= '{first}' AND occurred_at < '{end}' GROUP BY 1 ORDER BY 1"
        )

    campaigns = ask(_per_campaign("events", FILTERED, workspace.pk))
    return dict(zip(ANSWERS, [campaigns, timeline(90), timeline(365)], strict=True))


def _clickhouse(workspace: Workspace, lines: Path, folder: Path) -> dict[str, Callable[[], object]]:
    session = chdb.session.Session(str(folder / f"clickhouse-{workspace.pk}"))
    session.query(f"SET max_threads = {THREADS}")
    session.query("CREATE DATABASE IF NOT EXISTS bench ENGINE = Atomic")
    session.query("USE bench")
    session.query(
        "CREATE TABLE campaigns (id UUID, workspace_id Int64, name String, status String, "
        "total_leads Int32, created_at DateTime64(6)) ENGINE = MergeTree ORDER BY id"
    )
    rows = ", ".join(str((*row[:-1], str(row[-1]))) for row in _campaigns(workspace))
    session.query(f"INSERT INTO campaigns VALUES {rows}")
    session.query(
        "CREATE TABLE events (campaign_id UUID, kind Int8, occurred_at DateTime64(6, 'UTC')) "
        "ENGINE = MergeTree ORDER BY occurred_at"
    )
    session.query(
        f"""
        INSERT INTO events
        SELECT toUUID(campaign_id), indexOf(['sent', 'opened', 'replied', 'bounced'], kind),
               parseDateTime64BestEffort(occurred_at, 6, 'UTC')
          FROM file('{lines}', 'CSVWithNames',
                    'campaign_id String, message_id String, kind String, occurred_at String')
        """
    )
    session.query("OPTIMIZE TABLE events FINAL")

    def ask(sql: str, **read: Any) -> Callable[[], object]:
        sql = f"{sql} {WHOLE_NUMBERS}"
        return lambda: _rows_of_json(session.query(sql, AS_JSON).bytes(), **read)

    def timeline(days: int) -> Callable[[], object]:
        first, end = _ends(days)
        return ask(
            f"SELECT toDate(occurred_at) AS day, {COUNTED_IF} FROM events "
            f"WHERE occurred_at >= '{first}' AND occurred_at < '{end}' GROUP BY day ORDER BY day",
            column=0,
            read=date.fromisoformat,
        )

    campaigns = ask(
        _per_campaign("events", COUNTED_IF, workspace.pk), column=-1, read=datetime.fromisoformat
    )
    return dict(zip(ANSWERS, [campaigns, timeline(90), timeline(365)], strict=True))


def _rows_of_json(lines: bytes, column: int, read: Callable[[str], object]) -> list[list[Any]]:
    # One parse of all of them, and by orjson: chdb's own cursor takes seven times as long.
    rows: list[list[Any]] = orjson.loads(b"[" + lines.rstrip().replace(b"\n", b",") + b"]")
    for row in rows:
        row[column] = read(row[column])
    return rows


def _print(number: int, campaigns: int, times: Times) -> None:
    tables.heading(f"Reading {campaigns:,} campaigns with {number:,} events, in milliseconds")
    names = list(times[ANSWERS[0]])
    tables.table(
        ["answer", *names, "counting / ours"],
        [
            (
                answer,
                *(f"{by[name]:.2f}" for name in names),
                f"{by['PostgreSQL counting'] / by['ours']:,.0f}",
            )
            for answer, by in times.items()
        ],
    )


def _note_goals(found: dict[int, Times], campaigns: int) -> None:
    few, many = min(found), max(found)
    for answer in found[few]:
        name = answer if answer != ANSWERS[0] else f"{answer}, {campaigns:,}"
        ours = {number: times[answer]["ours"] for number, times in found.items()}
        tables.goal(
            f"{name}: SQL at {many:,} events, of its time at {few:,}",
            ours[many] / ours[few],
            "<=",
            1.3,
        )
        tables.goal(
            f"{name}: times faster than DuckDB and ClickHouse, at the least",
            min(
                times[answer][name] / ours[number]
                for number, times in found.items()
                for name in ("DuckDB", "ClickHouse")
            ),
            ">=",
            1,
        )


def _note_counting(found: dict[int, Times]) -> None:
    most = max(found)
    for answer, times in found[most].items():
        tables.goal(
            f"{answer}: SQL at {most:,} events, times faster than counting",
            times["PostgreSQL counting"] / times["ours"],
            ">=",
            100,
        )


def _note_memory(imported: dict[int, Ran]) -> None:
    tables.heading("Memory of import_events")
    tables.table(
        ["lines", "lines/s", "peak memory"],
        [
            (f"{number:,}", f"{number / ran.seconds:,.0f}", f"{ran.megabytes:.0f} MB")
            for number, ran in imported.items()
        ],
    )
    *_, few, many = sorted(imported)
    tables.goal(
        f"peak memory of import_events, MB, {many:,} lines", imported[many].megabytes, "<=", 150
    )
    tables.goal(
        f"the same, of that of {few:,} lines",
        imported[many].megabytes / imported[few].megabytes,
        "<=",
        1.1,
    )
