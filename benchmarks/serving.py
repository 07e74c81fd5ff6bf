"""The answers over HTTP, each view under the same gunicorn, from loopback.

The site is as shipped, its middleware included, but for throttling, which only ours would do.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from socket import create_server
from typing import NamedTuple
from urllib.request import Request, urlopen

from apikeys.models import APIKey
from benchmarks import data, tables
from benchmarks.client import Answered, ask
from benchmarks.measuring import Sample, take_turns
from benchmarks.recording import execute
from benchmarks.sizes import Size
from campaigns.recording import record_events

WORKERS, CLIENTS = 2, 4
EVENTS = 100_000
CAMPAIGNS = "analytics/campaigns"
TIMELINE = f"{CAMPAIGNS}/timeline"
VIEWS = ("ours", "constant", "handwritten", "naive")
Address = tuple[str, int]


class Question(NamedTuple):
    name: str
    path: str
    key: str


def run(size: Size, folder: Path) -> None:
    events = min(EVENTS, size.recorded)
    few, many = (_keyed_workspace(number, events) for number in (1_000, 10_000))
    execute("VACUUM ANALYZE")  # as autovacuum would have by now
    questions = [
        Question("timeline, 90 days", TIMELINE, few),
        Question("timeline, 365 days", f"{TIMELINE}?from_date={data.FIRST.date()}", few),
        Question("campaigns, 1,000", CAMPAIGNS, few),
        Question("campaigns, 10,000", CAMPAIGNS, many),
    ]
    with served(folder) as (address, _):
        found = {each.name: _ask_all(size, address, each, folder) for each in questions}
        _note_goals(found)
        _authentication(size, address, few)
        _choices(size, address, few=few, many=many)
    _memory(size, folder, many)


def _keyed_workspace(campaigns: int, number: int) -> str:
    workspace = data.new_workspace(f"serving {campaigns}", campaigns=campaigns)
    record_events(workspace=workspace, events=data.events(workspace, number, campaigns=campaigns))
    _, key = APIKey.objects.create_key(workspace=workspace, name="bench", scopes=["campaigns:read"])
    return key


@contextmanager
def served(folder: Path, **environment: str) -> Iterator[tuple[Address, int]]:
    """Its address and its process."""
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", f"--workers={WORKERS}"]
    with create_server(("127.0.0.1", 0), backlog=512) as listening:
        listening.set_inheritable(True)
        log = (folder / "gunicorn.log").open("a")
        server = subprocess.Popen(
            [*command, f"--bind=fd://{listening.fileno()}"],
            env=os.environ | {"BENCH_ANSWERS": str(folder)} | environment,
            pass_fds=[listening.fileno()],
            stdout=log,
            stderr=log,
        )
        try:
            yield listening.getsockname(), server.pid
        finally:
            server.terminate()
            server.wait(timeout=30)
            log.close()


def _ask_all(size: Size, address: Address, question: Question, folder: Path) -> dict[str, Sample]:
    """Requests per second of each view that answers the question."""
    answer = _answer_of_all(address, question)
    # The constant view keeps an answer by its name, and reads it from the file of that name.
    kept = question.name.replace(",", "").replace(" ", "-")
    (folder / kept).write_bytes(answer)
    answered: dict[str, list[Answered]] = {view: [] for view in VIEWS}

    def turn(view: str) -> float:
        path = f"/constant/{CAMPAIGNS}?answer={kept}"
        if view != "constant":
            path = f"/{view}/{question.path}"
        times = ask(address, path, key=question.key, seconds=size.seconds, clients=CLIENTS)
        answered[view].append(times)
        return times.per_second

    samples = take_turns({view: partial(turn, view) for view in VIEWS}, rounds=size.turns)
    _print(f"{question.name} ({len(answer):,} bytes)", samples, answered)
    return samples


def _answer_of_all(address: Address, question: Question) -> bytes:
    answer = _get(address, f"ours/{question.path}", question.key)
    for other in ("handwritten", "naive"):
        compared = _get(address, f"{other}/{question.path}", question.key)
        if json.loads(compared) != json.loads(answer):
            raise RuntimeError(f"{other} has another answer: {question.path}")
    return answer


def _get(address: Address, path: str, key: str) -> bytes:
    url = f"http://{address[0]}:{address[1]}/{path}"
    with urlopen(Request(url, headers={"X-API-Key": key}), timeout=60) as answer:
        return bytes(answer.read())


def _print(name: str, samples: dict[str, Sample], answered: dict[str, list[Answered]]) -> None:
    tables.heading(f"Over HTTP: {name}")
    tables.table(
        ["view", "requests/s", "spread", "of constant", "of handwritten", "p50 ms", "p99 ms"],
        [
            (
                view,
                f"{sample.median:,.0f}" if sample.median >= 10 else f"{sample.median:.1f}",
                sample.spread,
                *(f"{sample.over(samples[base]):.2f}" for base in VIEWS[1:3]),
                *(
                    f"{Sample(tuple(getattr(each, part) for each in answered[view])).median:.1f}"
                    for part in ("p50", "p99")
                ),
            )
            for view, sample in samples.items()
        ],
    )


def _note_goals(found: dict[str, dict[str, Sample]]) -> None:
    def ratio(name: str, base: str) -> float:
        return found[name]["ours"].over(found[name][base])

    first = "timeline, 90 days"
    tables.goal(f"{first}: requests/s of the constant view", ratio(first, "constant"), ">=", 0.35)
    for name in (first, "campaigns, 1,000", "campaigns, 10,000"):
        tables.goal(
            f"{name}: requests/s of the handwritten view", ratio(name, "handwritten"), ">=", 0.9
        )


def _authentication(size: Size, address: Address, key: str) -> None:
    tables.heading("Authentication: the timeline with it and, as if it cost nothing, without")

    def turn(view: str) -> Callable[[], float]:
        path = f"/{view}/{TIMELINE}"
        return lambda: ask(address, path, key=key, seconds=size.seconds, clients=CLIENTS).per_second

    samples = take_turns(
        {"with": turn("ours"), "without": turn("unchecked")}, rounds=2 * size.turns
    )
    tables.rates(samples, base="without", unit="requests/s")
    share = 1 - samples["with"].over(samples["without"])
    tables.goal("authentication's share of the timeline's request", share, "<=", 0.1)


def _choices(size: Size, address: Address, *, few: str, many: str) -> None:
    """What a choice costs or saves beside the same question without it."""
    campaign = json.loads(_get(address, f"ours/{CAMPAIGNS}", few))["campaigns"][0]["campaign_id"]
    with urlopen(
        Request(f"http://{address[0]}:{address[1]}/ours/{CAMPAIGNS}", headers={"X-API-Key": few}),
        timeout=60,
    ) as answer:
        etag = answer.headers["ETag"]
    compared = [
        ("50 of 10,000, by open rate", CAMPAIGNS, "?limit=50&sort_by=open_rate", many, "", 8),
        ("one campaign by week", TIMELINE, f"?campaign_id={campaign}&interval=week", few, "", 0.9),
        ("304 for 1,000 campaigns", CAMPAIGNS, "", few, etag, 1.2),
    ]
    for name, path, choice, key, known, target in compared:

        def turn(query: str, etag: str, path: str = path, key: str = key) -> float:
            url = f"/ours/{path}{query}"
            return ask(
                address, url, key=key, seconds=size.seconds, clients=CLIENTS, etag=etag
            ).per_second

        tables.heading(f"Over HTTP: {name}, and without that choice")
        samples = take_turns(
            {"without": partial(turn, "", ""), name: partial(turn, choice, known)},
            rounds=size.turns,
        )
        tables.rates(samples, base="without", unit="requests/s")
        ratio = samples[name].over(samples["without"])
        tables.goal(f"{name}: requests/s of those without", ratio, ">=", target)


def _memory(size: Size, folder: Path, key: str) -> None:
    tables.heading(f"Memory of a worker after {size.answers} answers with 10,000 campaigns")
    (folder / "kept").write_bytes(b"{}")
    rows = []
    for view in VIEWS:
        with served(folder) as (address, process):
            for _ in range(WORKERS * size.answers):
                _get(address, f"{view}/{CAMPAIGNS}{'?answer=kept' * (view == 'constant')}", key)
            rows.append((view, f"{max(resident(process), default=0):.0f} MB"))
    tables.table(["view", "resident"], rows)


def resident(parent: int) -> list[float]:
    """The megabytes of each worker; none where there is no /proc."""
    children = Path(f"/proc/{parent}/task/{parent}/children")
    if not children.exists():
        return []
    workers = [Path(f"/proc/{child}/statm").read_text() for child in children.read_text().split()]
    return [int(worker.split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024**2 for worker in workers]
