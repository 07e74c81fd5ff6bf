"""A Citus cluster beside one server: ``CITUS_URL=postgresql://… python -m benchmarks.cluster``.

Both are new databases with the same settings: the one on the coordinator's server alone, the other
divided among the nodes of the cluster. Where all nodes are on one machine, its processors do the
work of all of them, and a ratio is that of the work, not what several machines gain.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from benchmarks import tables
from benchmarks.capacity import server_time
from benchmarks.environment import PREPARED, connect, machine, set_up
from benchmarks.measuring import Sample, fastest_tenth, least_milliseconds, seconds, take_turns
from tests.citus import CITUS_URL, WITHOUT, plain_database, temporary_database

if TYPE_CHECKING:
    from campaigns.models import Workspace
    from tests.citus import Database

FEW, MANY = 20, 1_000  # campaigns
DAYS = 90
SINGLES = 300
TIMELINES = 3_000
PLACES = {"plain": "default", "cluster": "cluster"}
Contenders = dict[str, Callable[[], float]]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, help="of each turn of recording")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    if not CITUS_URL:
        print(f"Not measured: {WITHOUT}.")
        return 0
    with (
        tempfile.TemporaryDirectory() as folder,
        plain_database() as plain,
        temporary_database() as citus,
    ):
        set_up(plain, Path(folder))
        _distribute(citus.url)
        _measure(Path(folder), citus, events=arguments.events, rounds=arguments.rounds)
        _close()
    tables.goals()
    return 0


def _distribute(url: str) -> None:
    from django.core.management import call_command

    connect("cluster", url)
    call_command("migrate", database="cluster", verbosity=0)
    call_command("distribute_tables", database="cluster", verbosity=0)


def _close() -> None:
    from django.db import connections

    connections.close_all()


def _measure(folder: Path, citus: "Database", *, events: int, rounds: int) -> None:
    from django.db import connections

    from benchmarks import data
    from campaigns.base.rows import fetched
    from campaigns.recording import record_events

    url = citus.url
    ((version, extension),) = fetched("cluster", "SELECT version(), citus_version()")
    print(f"{machine(int(version.split()[1].split('.')[0]))}, {extension.split(' on ')[0]}\n")
    workspaces = {number: _twins(number) for number in (MANY, FEW)}
    for number, workspace in workspaces.items():
        _connect_node(number, url, workspace)
    _in_bulk(workspaces[MANY], events=events, rounds=rounds)
    _one_by_one(workspaces[MANY], rounds=rounds)
    for alias in PLACES.values():
        few = data.events(workspaces[FEW], events, campaigns=FEW)
        record_events(workspace=workspaces[FEW], events=few, using=alias)
        with connections[alias].cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    _reads(workspaces, rounds=rounds)
    _over_http(folder, url, workspaces[MANY], rounds=2 * rounds)
    _processor_time(citus, workspaces[MANY], events=events)


def _twins(campaigns: int) -> "Workspace":
    """The same new workspace in both databases."""
    from benchmarks import data

    plain, cluster = (
        data.new_workspace(f"cluster {campaigns}", campaigns=campaigns, using=alias)
        for alias in PLACES.values()
    )
    if plain.pk != cluster.pk:
        raise RuntimeError("The two databases give a workspace different ids.")
    return plain


def _in_bulk(workspace: "Workspace", *, events: int, rounds: int) -> None:
    from benchmarks import data
    from campaigns.recording import record_events

    tables.heading(f"Recording {events:,} events, 10,000 a call")

    def contender(alias: str) -> Callable[[], float]:
        parts = iter(range(rounds))

        def rate() -> float:
            # Of each turn other events, so that all are new and the tables grow alike.
            new = list(data.events(workspace, events, campaigns=MANY, part=next(parts)))
            return events / seconds(
                lambda: record_events(workspace=workspace, events=new, using=alias)
            )

        return rate

    samples = take_turns({name: contender(alias) for name, alias in PLACES.items()}, rounds=rounds)
    _note_rates(samples, "events/s", "recording in bulk, of plain", 0.8)


def _one_by_one(workspace: "Workspace", *, rounds: int) -> None:
    from benchmarks import data
    from campaigns.recording import record_events

    tables.heading(f"Recording one event a call, {SINGLES} in a turn, by the fastest tenth of them")

    def contender(alias: str) -> Callable[[], float]:
        # Beyond the parts that were recorded in bulk; the node's are the cluster's, too.
        first = 10**6 * (2 if alias == _node(MANY) else 1)
        parts = iter(range(first, first + rounds))

        def rate() -> float:
            new = data.events(workspace, SINGLES, campaigns=MANY, part=next(parts))
            return 1 / fastest_tenth(
                seconds(partial(record_events, workspace=workspace, events=[event], using=alias))
                for event in new
            )

        return rate

    places = PLACES | {"its node": _node(MANY)}
    samples = take_turns({name: contender(alias) for name, alias in places.items()}, rounds=rounds)
    _note_rates(samples, "events/s", "recording one event a call, of plain", 0.75)


def _note_rates(samples: dict[str, Sample], unit: str, text: str, target: float) -> None:
    tables.rates(samples, base="plain", unit=unit)
    tables.goal(text, samples["cluster"].over(samples["plain"]), ">=", target)


def _reads(workspaces: "dict[int, Workspace]", *, rounds: int) -> None:
    from datetime import timedelta

    from analytics import reports
    from analytics.periods import Period
    from benchmarks import data
    from benchmarks.statements import statement_of
    from campaigns.base.rows import fetched

    tables.heading("Reading, in milliseconds of SQL and its rows in Python, of the fastest tenth")
    last = data.LAST.date()
    period = Period(last - timedelta(days=DAYS - 1), last)
    asked: dict[str, tuple[int, Callable[..., object]]] = {
        f"timeline, {DAYS} days": (MANY, partial(reports.timeline_report, period=period)),
        f"campaigns, {FEW}": (FEW, reports.campaign_report),
        f"campaigns, {MANY:,}": (MANY, reports.campaign_report),
    }
    rows = []
    for name, (campaigns, report) in asked.items():
        statement = statement_of(report, workspace_id=workspaces[campaigns].pk)
        contenders: Contenders = {
            place: partial(least_milliseconds, partial(fetched, alias, *statement), within=0.2)
            for place, alias in (PLACES | {"its node": _node(campaigns)}).items()
        }
        samples = take_turns(contenders, rounds=2 * rounds)
        ratios = [samples[place].over(samples["plain"]) for place in ("cluster", "its node")]
        rows.append(
            (
                name,
                *(f"{sample.median:.2f}" for sample in samples.values()),
                *(f"{ratio:.2f}" for ratio in ratios),
            )
        )
        tables.goal(f"{name}: SQL asked at the workspace's node, of plain", ratios[1], "<=", 2.2)
    names = ("plain", "coordinator", "its node", "coordinator / plain", "its node / plain")
    tables.table(["answer", *names], rows)


def _node(campaigns: int) -> str:
    return f"node of {campaigns}"


def _connect_node(campaigns: int, url: str, workspace: "Workspace") -> None:
    """As the check of the node wants it: see `mailmetrics.W010`."""
    from django.db import connections

    from campaigns.base.citus import release_that_keeps_plans

    alias = _node(campaigns)
    connect(alias, _node_url(url, workspace.pk))
    if release := release_that_keeps_plans(connections[alias]):
        connections[alias].close()
        del connections[alias].settings_dict["OPTIONS"]["prepare_threshold"]
        print(f"The node of {campaigns:,} campaigns prepares nothing: Citus {release} leaks plans.")


def _node_url(url: str, workspace_id: int) -> str:
    from campaigns.base.rows import fetched
    from campaigns.models import EmailEvent

    ((host, port),) = fetched(
        "cluster",
        "SELECT nodename, nodeport FROM citus_shards "
        "WHERE shardid = get_shard_id_for_distribution_column(%s::regclass, %s)",
        [EmailEvent._meta.db_table, workspace_id],
    )
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@{host}:{port}").geturl()


def _over_http(folder: Path, url: str, workspace: "Workspace", *, rounds: int) -> None:
    from benchmarks.client import ask
    from benchmarks.serving import CAMPAIGNS, CLIENTS, TIMELINE, served

    with (
        served(folder) as (plain, _),
        served(folder, DATABASE_URL=f"{url}?{PREPARED}") as (cluster, _),
    ):
        asked = [
            ("plain", plain, _new_key(workspace, "default")),
            ("cluster", cluster, _new_key(workspace, "cluster")),
        ]
        for path, name, target in (
            (TIMELINE, f"timeline, {DAYS} days", 0.7),
            (CAMPAIGNS, f"campaigns, {MANY:,}", None),
        ):
            tables.heading(f"Over HTTP: {name}")

            def turn(address: tuple[str, int], key: str, path: str = path) -> float:
                url = f"/ours/{path}"
                return ask(address, url, key=key, seconds=0.5, clients=CLIENTS).per_second

            contenders: Contenders = {
                place: partial(turn, address, key) for place, address, key in asked
            }
            samples = take_turns(contenders, rounds=rounds)
            tables.rates(samples, base="plain", unit="requests/s")
            if target:
                ratio = samples["cluster"].over(samples["plain"])
                tables.goal(f"{name}: requests/s over HTTP, of plain", ratio, ">=", target)


def _new_key(workspace: "Workspace", alias: str) -> str:
    from apikeys.models import APIKey
    from campaigns.models import Workspace

    own = Workspace.objects.using(alias).get(pk=workspace.pk)
    keys = APIKey.objects.db_manager(alias)
    _, key = keys.create_key(workspace=own, name="bench", scopes=["campaigns:read"])
    return key


def _processor_time(citus: "Database", workspace: "Workspace", *, events: int) -> None:
    """Which a busy machine lengthens less than it lowers a rate; of the servers on this machine."""
    from datetime import timedelta

    from analytics import reports
    from analytics.periods import Period
    from benchmarks import data
    from benchmarks.statements import statement_of
    from campaigns.base.rows import fetched
    from campaigns.recording import record_events

    servers = [_server(url) for url in (citus.url, *citus.workers)]
    if None in servers:
        print("\nProcessor time was not measured: not all nodes are on this machine.")
        return
    last = data.LAST.date()
    period = Period(last - timedelta(days=DAYS - 1), last)
    statement = statement_of(reports.timeline_report, workspace_id=workspace.pk, period=period)
    new = partial(data.events, workspace, campaigns=MANY)

    def bulk(alias: str) -> None:
        record_events(workspace=workspace, events=new(events, part=3 * 10**6), using=alias)

    def singles(alias: str) -> None:
        for event in new(SINGLES, part=3 * 10**6):
            record_events(workspace=workspace, events=[event], using=alias)

    def timelines(alias: str) -> None:
        for _ in range(TIMELINES):
            fetched(alias, *statement)

    operations: dict[str, tuple[int, Callable[[str], None]]] = {
        "an event, 10,000 a call": (events, bulk),
        "an event, one a call": (SINGLES, singles),
        f"a timeline of {DAYS} days": (TIMELINES, timelines),
    }
    rows = []
    for name, (number, operation) in operations.items():
        spent = {}
        for place, alias in PLACES.items():
            before = [server_time(server) for server in servers if server]
            operation(alias)
            after = [server_time(server) for server in servers if server]
            spent[place] = [
                (end - start) * 10**6 / number for start, end in zip(before, after, strict=True)
            ]
        coordinator, *workers = spent["cluster"]
        figures = (spent["plain"][0], coordinator, sum(workers))
        rows.append((name, *(f"{figure:,.1f}" for figure in figures)))
    tables.heading("Processor time of the servers, in microseconds")
    tables.table(["operation", "plain", "coordinator", "workers together"], rows)


def _server(url: str) -> int | None:
    """Its first process, or None if that is not on this machine."""
    import psycopg

    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone()
    process = int(row[0].split()[0]) if row else 0
    name = Path(f"/proc/{process}/comm")
    return process if name.exists() and name.read_text().strip() == "postgres" else None


if __name__ == "__main__":
    sys.exit(main())
