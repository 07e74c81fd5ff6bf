"""Events over HTTP, against the import of the same ones from a file into the same database."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path

from apikeys.models import APIKey
from benchmarks import command, data, tables
from benchmarks.measuring import seconds, take_turns
from benchmarks.recording import EVENTS, execute
from benchmarks.serving import CLIENTS, Address, resident, served
from benchmarks.sizes import Size
from campaigns.recording import Event

CAMPAIGNS = 1_000
BATCH = 1_000


def run(size: Size, folder: Path) -> None:
    tables.heading(f"{size.recorded:,} events over HTTP, {BATCH:,} a request")
    workspace = data.new_workspace("writing", campaigns=CAMPAIGNS)
    _, key = APIKey.objects.create_key(workspace=workspace, name="bench", scopes=["events:create"])
    events = list(data.events(workspace, size.recorded, campaigns=CAMPAIGNS))
    lines = folder / "written.csv"
    data.write_lines(lines, iter(events))
    bodies = [_body(events[start : start + BATCH]) for start in range(0, len(events), BATCH)]
    with served(folder) as (address, process):
        _post_all(address, key, bodies[: 2 * CLIENTS])  # each worker has begun
        before = max(resident(process), default=0)
        samples = take_turns(
            {
                "import_events": lambda: _rate(
                    len(events), lambda: command.run("import_events", workspace.name, str(lines))
                ),
                "POST events": lambda: _rate(len(events), lambda: _post_all(address, key, bodies)),
            },
            rounds=size.rounds,
        )
        after = max(resident(process), default=0)
    tables.rates(samples, base="import_events", unit="events/s")
    tables.table(
        ["a worker", "resident"], [("before", f"{before:.0f} MB"), ("after", f"{after:.0f} MB")]
    )
    ratio = samples["POST events"].over(samples["import_events"])
    tables.goal(f"POST events, {BATCH:,} a request, of import_events", ratio, ">=", 0.5)
    execute(f"TRUNCATE {EVENTS}")


def _rate(number: int, record: Callable[[], object]) -> float:
    execute(f"TRUNCATE {EVENTS}", "CHECKPOINT")
    return number / seconds(record)


def _body(events: Sequence[Event]) -> bytes:
    return b"\n".join(
        json.dumps(
            {
                "campaign_id": str(campaign_id),
                "message_id": message_id,
                "kind": kind.label,
                "occurred_at": occurred_at.isoformat(),
            }
        ).encode()
        for campaign_id, message_id, kind, occurred_at in events
    )


def _post_all(address: Address, key: str, bodies: Sequence[bytes]) -> None:
    """By several clients at once, each on a connection of its own."""
    with ThreadPoolExecutor(CLIENTS) as clients:
        shares = [bodies[number::CLIENTS] for number in range(CLIENTS)]
        list(clients.map(lambda share: _post(address, key, share), shares))


def _post(address: Address, key: str, bodies: Sequence[bytes]) -> None:
    headers = {"X-API-Key": key, "Content-Type": "application/x-ndjson"}
    for body in bodies:
        connection = HTTPConnection(*address, timeout=60)
        connection.request("POST", "/ours/events", body, headers)
        answer = connection.getresponse()
        read = json.loads(answer.read())
        connection.close()
        if answer.status != HTTPStatus.OK or read["refused"]:
            raise RuntimeError(f"{answer.status}: {read}")
