"""The SQL of the two answers, against counting the events when they are asked for.

Counted by PostgreSQL itself from a table with a fitting index for each answer, by DuckDB and by
ClickHouse (chdb), each with the events in a table of its own. A time is of a statement and its
rows in Python, the instants as such; of several ways the fastest for each database.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal

import chdb.session
import duckdb
import orjson
from django.db import connection
from django.db.models import QuerySet

from analytics import reports
from analytics.models import CampaignDailyTotals, CampaignTotals, DailyTotals
from analytics.periods import Period
from analytics.totals.recount import differences
from benchmarks import command, data, tables
from benchmarks.command import Ran
from benchmarks.measuring import milliseconds, seconds, take_turns
from benchmarks.recording import EVENTS, execute
from benchmarks.sizes import Size
from campaigns.base.rows import fetched
from campaigns.models import Campaign, EmailEvent, EventKind, Workspace

FEW, MANY = 1_000, 10_000  # campaigns
COUNTED = "bench_counted"
THREADS = 2


@dataclass(frozen=True)
class Timeline:
    days: int
    interval: reports.Interval = "day"
    only: Literal["", "campaign", "status"] = ""


TIMELINES = {
    "timeline, 90 days": Timeline(90),
    "timeline, 365 days": Timeline(365),
    "one campaign, 90 days": Timeline(90, only="campaign"),
    "one status, 90 days": Timeline(90, only="status"),
    "weeks of 365 days": Timeline(365, "week"),
    "months of 365 days": Timeline(365, "month"),
}
ACTIVITY = "campaigns, activity of a week"
ANSWERS = ("campaigns", *TIMELINES, ACTIVITY)
COUNTED_ANSWERS = ANSWERS[:3]  # with a goal against counting
STATUS = "ACTIVE"
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
            if number == size.stored[-1]:
                _note_storage(number)
            if number == size.stored[min(1, len(size.stored) - 1)]:
                _change_zone(workspace, number)
        _print(number, FEW, found[number])
    spread: dict[int, Times] = {}
    for number in size.spread:
        with _stored(number, MANY, folder) as (workspace, lines, _):
            spread[number] = _times(size, workspace, lines, folder, ANSWERS[:1])
        _print(number, MANY, spread[number])
    _note_goals(found, FEW)
    _note_goals(spread, MANY)
    _note_counting(found)
    _note_grain(found)
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

    def timeline(asked: Timeline) -> Callable[[], object]:
        arguments: dict[str, Any] = {"period": _period(asked.days)}
        if asked.only:
            arguments["campaigns"] = _narrowed(workspace, asked)
        if asked.interval == "day":
            return statement(reports.timeline_report, **arguments)
        # The days are read, and summed in Python: which is part of it.
        return lambda: reports.timeline_report(
            workspace_id=workspace.pk, interval=asked.interval, **arguments
        )

    return {
        ANSWERS[0]: statement(reports.campaign_report),
        **{name: timeline(asked) for name, asked in TIMELINES.items()},
        ACTIVITY: statement(reports.campaign_report, activity=_week()),
    }


def _week() -> Period:
    return Period(data.LAST.date() - timedelta(days=36), data.LAST.date() - timedelta(days=30))


def _narrowed(workspace: Workspace, asked: Timeline) -> QuerySet[Campaign]:
    campaigns = Campaign.objects.filter(workspace=workspace)
    if asked.only == "status":
        return campaigns.filter(status=STATUS)
    # One that went out within the window.
    newest = campaigns.order_by("-created_at").values_list("pk", flat=True)
    return campaigns.filter(pk=newest[len(newest) // 10])


def _condition(workspace: Workspace, asked: Timeline, table: str = "campaigns") -> str:
    """The same of events in SQL, with the window."""
    first, end = _ends(_period(asked.days), "Z" if table != "campaigns" else "")
    window = f"occurred_at >= '{first}' AND occurred_at < '{end}'"
    if asked.only == "campaign":
        return f"{window} AND campaign_id = '{_narrowed(workspace, asked).get().pk}'"
    if asked.only == "status":
        chosen = f"SELECT id FROM {table} WHERE workspace_id = {workspace.pk}"
        return f"{window} AND campaign_id IN ({chosen} AND status = '{STATUS}')"
    return window


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

    first, end = _ends(_week(), "Z")
    of_week = (
        f"(SELECT * FROM {mine} WHERE occurred_at >= '{first}' AND occurred_at < '{end}') weekly"
    )
    activity = _per_campaign(of_week, FILTERED, workspace.pk)
    activity = activity.replace("FROM campaigns", f"FROM {Campaign._meta.db_table}")

    def timeline(asked: Timeline) -> Callable[[], object]:
        sql = f"""
            SELECT date_trunc('{asked.interval}', occurred_at AT TIME ZONE 'UTC')::date, {FILTERED}
              FROM {COUNTED} WHERE workspace_id = {workspace.pk}
               AND {_condition(workspace, asked, Campaign._meta.db_table)} GROUP BY 1 ORDER BY 1
        """
        return lambda: fetched("default", sql)

    return {
        ANSWERS[0]: lambda: fetched("default", campaigns),
        **{name: timeline(asked) for name, asked in TIMELINES.items()},
        ACTIVITY: lambda: fetched("default", activity),
    }


def _ends(period: Period, zone: str = "") -> tuple[str, str]:
    """The window's first instant and the first after it, in UTC, in SQL."""
    first = datetime.combine(period.first, time())
    end = datetime.combine(period.last + timedelta(days=1), time())
    return f"{first}{zone}", f"{end}{zone}"


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

    def timeline(asked: Timeline) -> Callable[[], object]:
        return ask(
            f"SELECT date_trunc('{asked.interval}', occurred_at)::date, {FILTERED} FROM events "
            f"WHERE {_condition(workspace, asked)} GROUP BY 1 ORDER BY 1"
        )

    return {
        ANSWERS[0]: ask(_per_campaign("events", FILTERED, workspace.pk)),
        **{name: timeline(asked) for name, asked in TIMELINES.items()},
        ACTIVITY: ask(_per_campaign(_events_of_week(), FILTERED, workspace.pk)),
    }


def _events_of_week() -> str:
    first, end = _ends(_week())
    return f"(SELECT * FROM events WHERE occurred_at >= '{first}' AND occurred_at < '{end}') weekly"


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

    starts = {
        "day": "toDate(occurred_at)",
        "week": "toStartOfWeek(occurred_at, 1)",
        "month": "toStartOfMonth(occurred_at)",
    }

    def timeline(asked: Timeline) -> Callable[[], object]:
        return ask(
            f"SELECT {starts[asked.interval]} AS day, {COUNTED_IF} FROM events "
            f"WHERE {_condition(workspace, asked)} GROUP BY day ORDER BY day",
            column=0,
            read=date.fromisoformat,
        )

    def per_campaign(events: str) -> Callable[[], object]:
        sql = _per_campaign(events, COUNTED_IF, workspace.pk)
        return ask(sql, column=-1, read=datetime.fromisoformat)

    return {
        ANSWERS[0]: per_campaign("events"),
        **{name: timeline(asked) for name, asked in TIMELINES.items()},
        ACTIVITY: per_campaign(_events_of_week()),
    }


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
    for answer in COUNTED_ANSWERS:
        times = found[most][answer]
        tables.goal(
            f"{answer}: SQL at {most:,} events, times faster than counting",
            times["PostgreSQL counting"] / times["ours"],
            ">=",
            100,
        )


def _note_grain(found: dict[int, Times]) -> None:
    """What the totals by campaign and day cost beside their two sums."""
    for answer, plain, most in (
        ("one campaign, 90 days", "timeline, 90 days", 1.5),
        (ACTIVITY, "campaigns", 2),
    ):
        ratio = max(times[answer]["ours"] / times[plain]["ours"] for times in found.values())
        tables.goal(f"{answer}: SQL, of the time of {plain}", ratio, "<=", most)


def _note_storage(number: int) -> None:
    sizes = ", ".join(
        f"pg_total_relation_size('{model._meta.db_table}')"
        for model in (EmailEvent, CampaignTotals, DailyTotals, CampaignDailyTotals)
    )
    ((events, *totals),) = fetched("default", f"SELECT {sizes}")
    text = f"storage of all totals with {number:,} events, of that of the events"
    tables.goal(text, sum(totals) / events, "<=", 0.05)


def _change_zone(workspace: Workspace, number: int) -> None:
    tables.heading("Change of a workspace's time zone")
    taken = seconds(
        lambda: Workspace.objects.filter(pk=workspace.pk).update(time_zone="America/New_York")
    )
    tables.table(["events", "seconds"], [(f"{number:,}", f"{taken:.1f}")])


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
