"""The questions, and who counts the events when they are asked: see ``benchmarks.reading``."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal

import chdb.session
import duckdb
import orjson
from django.db.models import QuerySet

from analytics.periods import Interval, Period
from benchmarks import data
from campaigns.base.rows import fetched
from campaigns.models import Campaign, EventKind, Workspace

COUNTED = "bench_counted"
THREADS = 2


@dataclass(frozen=True)
class Timeline:
    days: int
    interval: Interval = "day"
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


def period(days: int) -> Period:
    return Period(data.LAST.date() - timedelta(days=days - 1), data.LAST.date())


def week() -> Period:
    return Period(data.LAST.date() - timedelta(days=36), data.LAST.date() - timedelta(days=30))


def narrowed(workspace: Workspace, asked: Timeline) -> QuerySet[Campaign]:
    campaigns = Campaign.objects.filter(workspace=workspace)
    if asked.only == "status":
        return campaigns.filter(status=STATUS)
    # One that went out within the window.
    newest = campaigns.order_by("-created_at").values_list("pk", flat=True)
    return campaigns.filter(pk=newest[len(newest) // 10])


def _condition(workspace: Workspace, asked: Timeline, table: str = "campaigns") -> str:
    """The same of events in SQL, with the window."""
    first, end = _ends(period(asked.days), "Z" if table != "campaigns" else "")
    window = f"occurred_at >= '{first}' AND occurred_at < '{end}'"
    if asked.only == "campaign":
        return f"{window} AND campaign_id = '{narrowed(workspace, asked).get().pk}'"
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


def in_postgresql(workspace: Workspace) -> dict[str, Callable[[], object]]:
    mine = f"(SELECT * FROM {COUNTED} WHERE workspace_id = {workspace.pk}) mine"
    campaigns = _per_campaign(mine, FILTERED, workspace.pk)
    campaigns = campaigns.replace("FROM campaigns", f"FROM {Campaign._meta.db_table}")

    first, end = _ends(week(), "Z")
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


def in_duckdb(workspace: Workspace, lines: Path) -> dict[str, Callable[[], object]]:
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
    first, end = _ends(week())
    return f"(SELECT * FROM events WHERE occurred_at >= '{first}' AND occurred_at < '{end}') weekly"


def in_clickhouse(
    workspace: Workspace, lines: Path, folder: Path
) -> dict[str, Callable[[], object]]:
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
