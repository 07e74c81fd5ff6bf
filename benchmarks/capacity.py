"""What an event and an answer cost the database: ``python -m benchmarks.capacity``.

The bytes that each table keeps per event, and the processor time of the PostgreSQL server and of
the process that asks it, which a busy machine lengthens less than it lowers a rate. docs/scale.md
reckons with both. On Linux, which tells the processor time of another process.
"""

import argparse
import os
import resource
import sys
import tempfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import tables
from benchmarks.environment import set_up
from tests.postgres import temporary_server

if TYPE_CHECKING:
    from django.db.backends.utils import CursorWrapper

    from campaigns.models import Workspace

CAMPAIGNS = 1_000
SINGLES = 2_000
ANSWERS = 2_000


class Cost(NamedTuple):
    """Of one operation, in microseconds."""

    server: float
    client: float
    waited: float


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    events = max(parser.parse_args().events, 2 * SINGLES)
    with tempfile.TemporaryDirectory() as folder, temporary_server(durable=True) as server:
        set_up(server.url, Path(folder))
        print(f"{events:,} events of {CAMPAIGNS:,} campaigns over a year")
        workspace, costs = _recorded(events, server.pid)
        _print_bytes(events)
        _print_costs(costs | _answered(workspace, server.pid))
    return 0


def _recorded(number: int, server: int) -> tuple["Workspace", dict[str, Cost]]:
    from benchmarks import data
    from campaigns.recording import record_events

    workspace = data.new_workspace("capacity", campaigns=CAMPAIGNS)
    events = data.events(workspace, number, campaigns=CAMPAIGNS)

    def in_bulk() -> None:
        record_events(workspace=workspace, events=islice(events, number - SINGLES))

    def one_by_one() -> None:
        for event in events:
            record_events(workspace=workspace, events=[event])

    return workspace, {
        "an event, 10,000 a call": _cost(in_bulk, number - SINGLES, server),
        "an event, one a call": _cost(one_by_one, SINGLES, server),
    }


def _answered(workspace: "Workspace", server: int) -> dict[str, Cost]:
    from datetime import timedelta

    from django.test import RequestFactory
    from rest_framework.request import Request

    from analytics import reports
    from analytics.periods import Period
    from apikeys.authentication import APIKeyAuthentication
    from apikeys.models import APIKey
    from benchmarks import data

    last = data.LAST.date()
    period = Period(last - timedelta(days=89), last)
    _, key = APIKey.objects.create_key(workspace=workspace, name="capacity", scopes=["*"])
    request = Request(RequestFactory().get("/", headers={"X-API-Key": key}))

    def keys() -> None:
        for _ in range(ANSWERS):
            APIKeyAuthentication().authenticate(request)

    def timelines() -> None:
        for _ in range(ANSWERS):
            reports.timeline_report(workspace_id=workspace.pk, period=period)

    def campaigns() -> None:
        for _ in range(ANSWERS // 10):
            reports.campaign_report(workspace_id=workspace.pk)

    return {
        "a key": _cost(keys, ANSWERS, server),
        "a timeline of 90 days": _cost(timelines, ANSWERS, server),
        f"{CAMPAIGNS:,} campaigns": _cost(campaigns, ANSWERS // 10, server),
    }


def _cost(call: Callable[[], None], operations: int, server: int) -> Cost:
    began, server_began, client_began = perf_counter(), server_time(server), _client_time()
    call()
    spent = (
        server_time(server) - server_began,
        _client_time() - client_began,
        perf_counter() - began,
    )
    return Cost(*(1_000_000 * seconds / operations for seconds in spent))


def _client_time() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def server_time(postmaster: int) -> float:
    """Of the server with all of its processes, those that have ended included, in seconds."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # After the name, which may hold anything: the parent comes second, the times twelfth.
            status = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(path.parent.name) == postmaster:
            ticks += sum(map(int, status[11:15]))
        elif int(status[1]) == postmaster:
            ticks += sum(map(int, status[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _print_bytes(events: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute(
            "SELECT relname, pg_table_size(relid), pg_indexes_size(relid) "
            "FROM pg_stat_user_tables WHERE relname LIKE 'mailmetrics%' "
            "ORDER BY pg_total_relation_size(relid) DESC"
        )
        found = [(_rows(cursor, name), name, *sizes) for name, *sizes in cursor.fetchall()]
    tables.heading("Bytes per event")
    tables.table(
        ["table", "rows", "of the table", "of its indexes"],
        [
            (name, f"{rows:,}", f"{heap / events:.2f}", f"{index / events:.2f}")
            for rows, name, heap, index in found
            if rows
        ],
    )


def _rows(cursor: "CursorWrapper", table: str) -> int:
    cursor.execute(f"SELECT count(*) FROM {table}")
    return int(cursor.fetchone()[0])


def _print_costs(costs: dict[str, Cost]) -> None:
    tables.heading("Processor time, in microseconds")
    tables.table(
        ["operation", "PostgreSQL", "Python", "time that it took"],
        [
            (name, *(f"{value:,.1f}" for value in (cost.server, cost.client, cost.waited)))
            for name, cost in costs.items()
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
