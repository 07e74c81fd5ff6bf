"""Writes that are not worth waiting for."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

PATIENCE = "50ms"  # with a lock on PostgreSQL, as that of a migration on the whole table


@contextmanager
def without_waiting(alias: str) -> Iterator[None]:
    """A transaction, or a savepoint of one that is open, that hardly waits for any lock.

    An OperationalError is raised instead. A row that is often locked needs SKIP LOCKED besides.
    """
    connection = connections[alias]
    if connection.vendor != "sqlite":
        with transaction.atomic(using=alias), connection.cursor() as cursor:
            is_savepoint = len(connection.savepoint_ids) > 0
            with _short_of_patience(cursor, restore=is_savepoint):
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


@contextmanager
def _short_of_patience(cursor: CursorWrapper, *, restore: bool) -> Iterator[None]:
    """Until the transaction ends: only a savepoint's has to be given its patience back."""
    usual = None
    if restore:
        cursor.execute("SHOW lock_timeout")
        (usual,) = cursor.fetchone()
    cursor.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
    yield
    if usual is not None:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [usual])
