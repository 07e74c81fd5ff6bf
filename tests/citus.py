"""A new database on each node of the Citus cluster whose coordinator ``CITUS_URL`` names.

The role that it names has to be a superuser on each node, by the same password. Where it names
none, the tests of the cluster are skipped.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg

CITUS_URL = os.environ.get("CITUS_URL", "")
WITHOUT = "CITUS_URL names no coordinator of a Citus cluster"

_WORKERS = (
    "SELECT nodename, nodeport FROM pg_dist_node WHERE groupid > 0 AND isactive ORDER BY nodeid"
)
_COORDINATOR = "SELECT nodename, nodeport FROM pg_dist_node WHERE groupid = 0"


@dataclass(frozen=True)
class Database:
    """A database of the cluster; the URL of each node has its name."""

    url: str  # on the coordinator
    workers: tuple[str, ...]
    added: tuple[str, ...]  # those of the workers that the coordinator knows

    def add(self, worker: str) -> None:
        parts = urlsplit(worker)
        _execute(self.url, "SELECT citus_add_node(%s, %s)", parts.hostname, parts.port)


@contextmanager
def temporary_database(*, without_last: bool = False) -> Iterator[Database]:
    """One that has no tables and knows of all nodes, or of all but the last worker.

    Gone at the end.
    """
    name = f"mailmetrics_{secrets.token_hex(4)}"
    with psycopg.connect(CITUS_URL, autocommit=True) as connection:
        own = connection.execute(_COORDINATOR).fetchone() or _address(CITUS_URL)
        workers = connection.execute(_WORKERS).fetchall()
    nodes = [_on(own), *map(_on, workers)]
    try:
        for node in nodes:
            _execute(node, f"CREATE DATABASE {name}")
            _execute(_named(node, name), "CREATE EXTENSION citus")
        coordinator, *others = (_named(node, name) for node in nodes)
        added = others[:-1] if without_last else others
        database = Database(coordinator, tuple(others), tuple(added))
        _execute(coordinator, "SELECT citus_set_coordinator_host(%s, %s)", *own)
        for worker in added:
            database.add(worker)
        yield database
    finally:
        for node in nodes:
            _execute(node, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def plain_database() -> Iterator[str]:
    """The URL of one on the coordinator's server that knows nothing of the cluster."""
    name = f"mailmetrics_{secrets.token_hex(4)}"
    _execute(CITUS_URL, f"CREATE DATABASE {name}")
    try:
        yield _named(CITUS_URL, name)
    finally:
        _execute(CITUS_URL, f"DROP DATABASE {name} WITH (FORCE)")


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "localhost", parts.port or 5432


def _on(node: tuple[str, int]) -> str:
    parts, (host, port) = urlsplit(CITUS_URL), node
    user = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=f"{user}@{host}:{port}").geturl()


def _named(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def _execute(url: str, statement: str, *parameters: object) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement, parameters or None)
