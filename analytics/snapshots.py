"""Several reports of one moment: what is written between their statements is in none of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import connections
from django.db.transaction import non_atomic_requests

from analytics.replica import pinned, read_report

Answer = TypeVar("Answer")

# By hand: Django's own transactions have no isolation level, and may be told to lock SQLite's file.
_BEGIN = {
    "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "sqlite": "BEGIN DEFERRED",
}


def in_one_snapshot(read: Callable[[], Answer]) -> Answer:
    """What ``read`` returns; all reports that it asks are of one moment and of one database.

    Where the replica fails, ``read`` is called again. In a transaction of the caller's the reports
    are of one moment if that transaction is, as on SQLite or from REPEATABLE READ on.
    """

    def read_at(alias: str) -> Answer:
        with pinned(alias), _snapshot(alias):
            return read()

    return read_report(read_at)


def outside_transactions(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view, which ATOMIC_REQUESTS opens no transaction for."""
    for alias in connections:
        view = non_atomic_requests(using=alias)(view)
    return view


@contextmanager
def _snapshot(alias: str) -> Iterator[None]:
    connection = connections[alias]
    if connection.in_atomic_block or not connection.get_autocommit():
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN[connection.vendor])
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")
