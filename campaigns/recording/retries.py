"""Retrying a transaction that the database rolled back in favour of another."""

from collections.abc import Callable
from time import sleep
from typing import TypeVar

from django.db import InterfaceError, InternalError, OperationalError, connections

_ATTEMPTS = 5
# As a cluster reports a node that it has lost within a transaction.
_LOST_STATE = "XX000"
_RETRIED_STATES = {"40001", "40P01"}  # serialization_failure, deadlock_detected

Result = TypeVar("Result")


def retried(write: Callable[[], Result], alias: str) -> Result:
    """Call ``write``, and again after a deadlock or a serialization failure, five times in all.

    In a caller's transaction it is called once. A lost connection is closed, so that the next
    call opens another. A cluster's lost node is an OperationalError, as a lost server is.
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
        except InternalError as error:
            if getattr(error.__cause__, "sqlstate", None) != _LOST_STATE:
                raise
            raise OperationalError(*error.args) from error.__cause__
    raise AssertionError("unreachable")
