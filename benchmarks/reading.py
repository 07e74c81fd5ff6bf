"""The SQL of the two answers, against counting the events when they are asked for.

Counted by PostgreSQL itself from a table with a fitting index for each answer, by DuckDB and by
ClickHouse (chdb), each with the events in a table of its own. A time is of a statement and its
rows in Python, the instants as such; of several ways the fastest for each database.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from analytics import reports
from analytics.models import CampaignDailyTotals, CampaignTotals, DailyTotals
from analytics.totals.recount import differences
from benchmarks import command, data, tables
from benchmarks.command import Ran
from benchmarks.contenders import (
    ACTIVITY,
    ANSWERS,
    COUNTED,
    COUNTED_ANSWERS,
    TIMELINES,
    Timeline,
    in_clickhouse,
    in_duckdb,
    in_postgresql,
    narrowed,
    period,
    week,
)
from benchmarks.measuring import milliseconds, seconds, take_turns
from benchmarks.recording import EVENTS, execute
from benchmarks.sizes import Size
from benchmarks.statements import statement_of
from campaigns.base.rows import fetched
from campaigns.models import EmailEvent, Workspace

FEW, MANY = 1_000, 10_000  # campaigns
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
        "PostgreSQL counting": in_postgresql(workspace),
        "DuckDB": in_duckdb(workspace, lines),
        "ClickHouse": in_clickhouse(workspace, lines, folder),
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


def _ours(workspace: Workspace) -> dict[str, Callable[[], object]]:
    """What the reports execute, as they read it."""

    def statement(report: Callable[..., object], **arguments: Any) -> Callable[[], object]:
        executed = statement_of(report, workspace_id=workspace.pk, **arguments)
        return lambda: fetched("default", *executed)

    def timeline(asked: Timeline) -> Callable[[], object]:
        arguments: dict[str, Any] = {"period": period(asked.days)}
        if asked.only:
            arguments["campaigns"] = narrowed(workspace, asked)
        if asked.interval == "day":
            return statement(reports.timeline_report, **arguments)
        # The days are read, and summed in Python: which is part of it.
        return lambda: reports.timeline_report(
            workspace_id=workspace.pk, interval=asked.interval, **arguments
        )

    return {
        ANSWERS[0]: statement(reports.campaign_report),
        **{name: timeline(asked) for name, asked in TIMELINES.items()},
        ACTIVITY: statement(reports.campaign_report, activity=week()),
    }


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
