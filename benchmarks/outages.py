"""What requests cost while something optional is away: ``python -m benchmarks.outages``.

The site runs under gunicorn with two workers on loopback, with a temporary PostgreSQL and real
caches. In each case one client asks --requests times for the timeline as it is, and as often once
the case has come about, for at least --seconds, so that the site tries again in the meantime what
has failed. Exits 1 where a status was neither 200 nor 503, or where a request took --patience
seconds longer than the slowest before.
"""

import argparse
import ctypes
import http.client
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import tables

if TYPE_CHECKING:
    from tests.postgres import Server

PATH = "/api/public/v1/analytics/campaigns/timeline"
DATABASE_CACHE = "dbcache://mailmetrics_cache"
_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE = 24, 1  # of Linux
MAKE = """
from apikeys.models import APIKey
from campaigns.models import Campaign, Workspace
workspace = Workspace.objects.create(name="outages")
Campaign.objects.create(workspace=workspace, name="one")
_, key = APIKey.objects.create_key(workspace=workspace, name="k", scopes=["campaigns:read"])
print(key)
"""


class Asked(NamedTuple):
    statuses: Counter[int]
    seconds: list[float]


class Asking(NamedTuple):
    requests: int
    seconds: float

    def ask(self, port: int, key: str) -> Asked:
        asked = Asked(Counter(), [])
        began = time.monotonic()
        for number in range(self.requests):
            due = began + number * self.seconds / self.requests
            time.sleep(max(0, due - time.monotonic()))
            start = time.perf_counter()
            asked.statuses[_status(port, key)] += 1
            asked.seconds.append(time.perf_counter() - start)
        return asked


class Site(NamedTuple):
    """A migrated database with a key."""

    url: str
    key: str

    @classmethod
    def make(cls, url: str) -> "Site":
        for command in (("createcachetable",), ("migrate", "--verbosity=0")):
            _manage(url, *command, CACHE_URL=DATABASE_CACHE)
        key = _manage(url, "shell", "--verbosity=0", "--command", MAKE).strip()
        return cls(url, key)


class Case(NamedTuple):
    name: str
    usual: Asked
    failing: Asked

    @property
    def slower(self) -> float:
        return max(self.failing.seconds) - max(self.usual.seconds)

    def holds(self, patience: float) -> bool:
        expected = self.usual.statuses.keys() == {200}
        return expected and self.failing.statuses.keys() <= {200, 503} and self.slower <= patience

    def row(self) -> tuple[str, ...]:
        statuses = ", ".join(f"{status}: {n:,}" for status, n in self.failing.statuses.items())
        milliseconds = (
            median(self.usual.seconds),
            max(self.usual.seconds),
            median(self.failing.seconds),
            max(self.failing.seconds),
        )
        return (self.name, *(f"{1000 * each:.1f}" for each in milliseconds), statuses)


def _status(port: int, key: str = "") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", PATH, headers={"X-API-Key": key} if key else {})
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    return answer.status


def _manage(url: str, *arguments: str, **environment: str) -> str:
    known = {"DATABASE_URL": url, "SECRET_KEY": "only-for-this"}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments, "--settings=config.settings"],
        env=os.environ | known | environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


@contextmanager
def _served(site: Site, folder: Path, cache_url: str) -> Iterator[int]:
    from tests.server import gunicorn

    with (folder / "gunicorn.log").open("a") as log:
        served = gunicorn(
            database_url=site.url,
            log=log,
            workers=2,
            CACHE_URL=cache_url,
            THROTTLE_KEY="1000000/min",
        )
        with served as (_, port):
            # Each worker loads the site at its first request; without a key nothing is counted.
            for _ in range(50):
                _status(port)
            yield port


def _cases(asking: Asking, server: "Server", folder: Path) -> Iterator[Case]:
    site = Site.make(server.url)
    for kind in ("redis", "memcached"):
        yield from _of_a_store(asking, site, folder, kind)
    for name, statements in (
        ("the cache's table dropped", ["DROP TABLE mailmetrics_cache"]),
        ("PostgreSQL read-only", [_READ_ONLY, _ENDED]),
    ):
        _manage(site.url, "createcachetable", CACHE_URL=DATABASE_CACHE)
        with _served(site, folder, DATABASE_CACHE) as port:
            usual = asking.ask(port, site.key)
            _sql(server.url, *statements)
            yield Case(name, usual, asking.ask(port, site.key))
    yield _of_sqlite(asking, folder)


def _of_a_store(asking: Asking, site: Site, folder: Path, kind: str) -> Iterator[Case]:
    from tests.stores import SCHEMES, hang, silence, stop, store_server

    usual = Asked(Counter(), [])
    for name, fail in (("stopped", stop), ("hanging", hang), ("gone", stop)):
        with ExitStack() as stack:
            process, address = stack.enter_context(store_server(kind, folder))
            port = stack.enter_context(_served(site, folder, f"{SCHEMES[kind]}://{address}"))
            usual = asking.ask(port, site.key)
            fail(process)
            if name == "gone":
                stack.enter_context(silence(int(address.rpartition(":")[2])))
            yield Case(f"{kind} {name}", usual, asking.ask(port, site.key))
    with _served(site, folder, f"{SCHEMES[kind]}://cache.invalid:6379") as port:
        yield Case(f"{kind}, no such host", usual, asking.ask(port, site.key))


def _of_sqlite(asking: Asking, folder: Path) -> Case:
    """A file, and its folder, that the site may only read."""
    _heed_permissions()
    own = folder / "sqlite"
    own.mkdir()
    path = own / "site.sqlite3"
    site = Site.make(f"sqlite:///{path}")
    with _served(site, folder, DATABASE_CACHE) as port:
        usual = asking.ask(port, site.key)
        path.chmod(0o444)
        own.chmod(0o555)
        return Case("SQLite's file read-only", usual, asking.ask(port, site.key))


def _heed_permissions() -> None:
    """What is started from here on does, as root, too."""
    if os.geteuid() == 0:
        done = ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, 0, 0, 0)
        if done != 0:
            raise OSError("Root's right to write any file can't be taken away.")


def _sql(url: str, *statements: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


_READ_ONLY = (
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', "
    "current_database()); END $$"
)
# Those that are open keep the setting that they began with.
_ENDED = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.outages", description=__doc__)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--patience", type=float, default=0.2)
    options = parser.parse_args()
    from tests.postgres import temporary_server

    asking = Asking(options.requests, options.seconds)
    with TemporaryDirectory() as folder, temporary_server() as server:
        cases = list(_cases(asking, server, Path(folder)))
    headings = ["", "before: median", "slowest", "after: median", "slowest", "answers after"]
    tables.table(headings, [case.row() for case in cases])
    broken = [case.name for case in cases if not case.holds(options.patience)]
    print(f"Not as promised: {', '.join(broken) or 'none'}")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
