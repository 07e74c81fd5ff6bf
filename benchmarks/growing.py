"""One server with a hundred times as much: ``make bench SIZE=huge``, or with fewer events, and
ids that sort by time, ``python -m benchmarks.growing --events 20000000 --ids sorted``.

Events are imported file by file, each of which covers the three years, so that after the first
file an answer has all the campaigns and days that it has after the last. Some more files then take
turns with one into a server that has a single file, so that both meet the same machine. It says
what it needs before it begins, and does not begin without the disk.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks import command, tables
from benchmarks.environment import PREPARED, connect, machine, set_up
from benchmarks.measuring import take_turns
from benchmarks.sizes import HUGE, Growth
from tests.postgres import Server, temporary_server

if TYPE_CHECKING:
    from campaigns.models import Workspace

YOUNG = "young"  # the database of the server that has a single file
Times = dict[str, float]  # of each answer, in milliseconds
# PostgreSQL's defaults suit the smallest server there is. Of this one `shared_buffers` is half of
# the memory, so that the index of message ids fits: ids at random change another page of it with
# nearly every event, and one that has gone is read from the disk first. Checkpoints are far apart,
# for after each of them the next change of a page logs the whole page.
SETTINGS = {"max_wal_size": "16GB", "checkpoint_timeout": "30min"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growing", description=__doc__)
    parser.add_argument("--events", type=int, default=HUGE.events)
    parser.add_argument("--ids", choices=("random", "sorted"), default="random")
    arguments = parser.parse_args()
    events, sorted_ids = arguments.events, arguments.ids == "sorted"
    file = min(HUGE.file, max(events // 4, 1))
    return run(replace(HUGE, events=events, file=file, sorted_ids=sorted_ids))


def run(growth: Growth) -> int:
    from django.core.management import call_command

    start, place = perf_counter(), tempfile.gettempdir()
    free = shutil.disk_usage(place).free / 10**9
    print(
        f"{growth.events:,} events of {growth.campaigns:,} campaigns over {growth.days:,} days "
        f"take about {growth.gigabytes:.0f} GB in {place}, which has {free:.0f} GB free, "
        f"and {growth.minutes:.0f} minutes on two free cores.",
        flush=True,
    )
    if free < growth.gigabytes:
        print("That is too little: TMPDIR names another folder.", file=sys.stderr)
        return 2
    with (
        tempfile.TemporaryDirectory() as folder,
        temporary_server(durable=True) as server,
        temporary_server(durable=True) as other,
    ):
        set_up(server.url, Path(folder))
        connect(YOUNG, other.url)
        call_command("migrate", database=YOUNG, verbosity=0)
        print(f"{machine(server.version)}, {_tune(server, 'default')}", flush=True)
        _tune(other, YOUNG)
        _measure(growth, Path(folder), f"{other.url}?{PREPARED}")
    tables.goals()
    print(f"The run took {(perf_counter() - start) / 60:.1f} minutes.")
    return 0


def _tune(server: Server, alias: str) -> str:
    from django.db import connections

    from benchmarks.recording import execute

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    settings = {"shared_buffers": f"{memory // 2}MB", **SETTINGS}
    execute(
        *(f"ALTER SYSTEM SET {name} = '{value}'" for name, value in settings.items()), using=alias
    )
    connections[alias].close()
    server.restart()
    return ", ".join(f"{name} = {value}" for name, value in settings.items())


def _measure(growth: Growth, folder: Path, young_url: str) -> None:
    from benchmarks import data

    workspace = data.new_workspace("growing", campaigns=growth.campaigns, days=growth.days)
    importing = partial(_imported, growth, workspace, lines=folder / "growing.csv")
    parts = growth.events // growth.file
    read = {}
    tables.heading(f"Importing files of {growth.file:,} events")
    print("| events before | events/s |\n|---|---|")
    for part in range(parts):
        rate = importing(part)
        # A tenth of the files tell how it goes.
        if part % max(parts // 10, 1) == 0 or part == parts - 1:
            print(f"| {part * growth.file:,} | {rate:,.0f} |", flush=True)
        if part in (0, parts - 1):
            read[(part + 1) * growth.file] = _times(growth, workspace)
    _note_reads(read)
    _note_storage()
    _note_rates(growth, importing, young_url)
    _note_commands(growth)


def _imported(
    growth: Growth, workspace: "Workspace", part: int, *, lines: Path, url: str = ""
) -> float:
    from benchmarks import data

    events = data.events(
        workspace,
        growth.file,
        campaigns=growth.campaigns,
        days=growth.days,
        part=part,
        sorted_ids=growth.sorted_ids,
    )
    data.write_lines(lines, events)
    ran = command.run("import_events", workspace.name, str(lines), url=url)
    lines.unlink()
    return growth.file / ran.seconds


def _times(growth: Growth, workspace: "Workspace") -> Times:
    from datetime import timedelta

    from analytics import reports
    from analytics.periods import Period
    from benchmarks import data
    from benchmarks.measuring import milliseconds
    from benchmarks.recording import execute
    from benchmarks.statements import statement_of
    from campaigns.base.rows import fetched

    execute("VACUUM ANALYZE")  # as autovacuum would have by now

    def window(days: int, end: int = 0) -> Period:
        last = data.LAST.date() - timedelta(days=end)
        return Period(last - timedelta(days=days - 1), last)

    of = partial(statement_of, workspace_id=workspace.pk)
    asked = {
        f"campaigns, {growth.campaigns:,}": of(reports.campaign_report),
        "the same, activity of a week": of(reports.campaign_report, activity=window(7, end=30)),
        "timeline, 90 days": of(reports.timeline_report, period=window(90)),
        "timeline, 3 years": of(reports.timeline_report, period=window(growth.days)),
    }
    samples = take_turns(
        {
            name: partial(milliseconds, partial(fetched, "default", *each), within=growth.read)
            for name, each in asked.items()
        },
        rounds=growth.rounds,
    )
    return {name: sample.median for name, sample in samples.items()}


def _note_reads(read: dict[int, Times]) -> None:
    few, many = min(read), max(read)
    tables.heading("Reading, in milliseconds of SQL")
    tables.table(
        ["answer", f"{few:,} events", f"{many:,} events"],
        [(name, f"{read[few][name]:.2f}", f"{read[many][name]:.2f}") for name in read[few]],
    )
    for name, before in read[few].items():
        ratio = read[many][name] / before
        tables.goal(f"{name}: SQL at {many:,} events, of its time at {few:,}", ratio, "<=", 1.3)


def _note_rates(growth: Growth, importing: Callable[..., float], young_url: str) -> None:
    from benchmarks import data
    from benchmarks.recording import execute
    from campaigns.models import EmailEvent

    tables.heading(f"Importing another {growth.file:,}, in turns")
    # The same campaigns, by the same ids.
    data.new_workspace("growing", campaigns=growth.campaigns, days=growth.days, using=YOUNG)
    names = (f"{growth.file:,} events before", f"{growth.events:,} events before")
    parts = iter(range(growth.events // growth.file, sys.maxsize))

    def young() -> float:
        execute(f"TRUNCATE {EmailEvent._meta.db_table}", using=YOUNG)
        importing(0, url=young_url)
        return importing(1, url=young_url)

    contenders = (young, lambda: importing(next(parts)))
    samples = take_turns(dict(zip(names, contenders, strict=True)), rounds=growth.rounds)
    tables.rates(samples, base=names[0], unit="events/s")
    text = f"import at {growth.events:,} events, of its rate at {growth.file:,}"
    tables.goal(text, samples[names[1]].over(samples[names[0]]), ">=", 0.7)


def _note_storage() -> None:
    from analytics.models import CampaignDailyTotals, CampaignTotals, DailyTotals
    from campaigns.base.rows import fetched
    from campaigns.models import EmailEvent

    tables.heading("Storage")
    models = (EmailEvent, CampaignDailyTotals, CampaignTotals, DailyTotals)
    names = [model._meta.db_table for model in models]
    sizes = {
        name: fetched("default", f"SELECT pg_table_size('{name}'), pg_indexes_size('{name}')")[0]
        for name in names
    }
    tables.table(
        ["table", "MB", "MB of indexes"],
        [(name, *(f"{part / 10**6:,.1f}" for part in sizes[name])) for name in names],
    )
    events, *totals = (sum(sizes[name]) for name in names)
    tables.goal("storage of all totals, of that of the events", sum(totals) / events, "<=", 0.05)


def _note_commands(growth: Growth) -> None:
    from datetime import timedelta

    from benchmarks import data

    # The oldest tenth of the days.
    before = data.LAST.date() - timedelta(days=growth.days * 9 // 10)
    tables.heading("Commands, in seconds")
    rows = []
    for name, *arguments in (("verify_totals",), ("prune_events", f"--before={before}")):
        taken = command.run(name, *arguments).seconds
        rows.append((" ".join((name, *arguments)), f"{taken:,.1f}"))
    tables.table(["command", "seconds"], rows)


if __name__ == "__main__":
    sys.exit(main())
