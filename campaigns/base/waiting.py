"""Writes that are not worth waiting for."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction


@contextmanager
def without_waiting(alias: str) -> Iterator[None]:
    """A transaction, or a savepoint of one that is open, that does not wait for a busy SQLite.

    An OperationalError is raised instead. On PostgreSQL the statement itself has to say that it
    does not wait, as by SKIP LOCKED.
    """
    connection = connections[alias]
    if connection.vendor != "sqlite":
        with transaction.atomic(using=alias):
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        (patience,) = cursor.fetchone()
        cursor.execute("PRAGMA busy_timeout = 0")
    try:
        with transaction.atomic(using=alias):
            yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {patience:d}")
