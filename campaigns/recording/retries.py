"""Retrying a transaction that the database rolled back in favour of another."""

from collections.abc import Callable
from time import sleep
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connections

_ATTEMPTS = 5
_RETRIED_STATES = {"40001", "40P01"}  # serialization_failure, deadlock_detected

Result = TypeVar("Result")


def retried(write: Callable[[], Result], alias: str) -> Result:
    """Call ``write``, and again after a deadlock or a serialization failure, five times in all.

    In a caller's transaction it is called once. A lost connection is closed, so that the next
    call opens another.
    """
    connection = connections[alias]
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return write()
        except (OperationalError, InterfaceError) as error:
            state = getattr(error.__cause__, "sqlstate", None)
            in_callers_transaction = not connection.autocommit
            if not in_callers_transaction and not connection.is_usable():
                connection.close()
            if attempt == _ATTEMPTS or in_callers_transaction or state not in _RETRIED_STATES:
                raise
            sleep(0.01 * 2**attempt)
    raise AssertionError("unreachable")
