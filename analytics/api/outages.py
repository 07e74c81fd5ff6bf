"""What the API answers while the database is away."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import (
    DatabaseError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
    connections,
)
from django.db.transaction import non_atomic_requests
from django.utils.log import log_response
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.status import HTTP_503_SERVICE_UNAVAILABLE
from rest_framework.views import APIView

RETRY_AFTER = 5  # seconds: about what a server takes to start again


class DatabaseAway(APIException):
    status_code = HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "Temporarily unavailable, please try again."
    default_code = "database_away"


# What a statement that was right yesterday meets while a database is restored, its rights are
# changed, or a pooler has lost what it prepared: undefined_table, invalid_schema_name,
# insufficient_privilege, undefined_function, invalid_sql_statement_name.
_STATES_OF_AN_OUTAGE = {"42P01", "3F000", "42501", "42883", "26000"}


def is_outage(error: Exception) -> bool:
    """Whether it is the database's failure; a fault of ours in a statement is none."""
    if isinstance(error, ProgrammingError):
        return getattr(error.__cause__, "sqlstate", None) in _STATES_OF_AN_OUTAGE
    if isinstance(error, OperationalError) and _is_wrong_on_sqlite(error.__cause__):
        return False
    # That class itself is what SQLite raises of a file that is damaged.
    return type(error) is DatabaseError or isinstance(
        error, (OperationalError, InterfaceError, InternalError)
    )


def _is_wrong_on_sqlite(cause: BaseException | None) -> bool:
    """SQLite tells of a wrong statement as it does of a table that is missing."""
    code = getattr(cause, "sqlite_errorcode", None)
    return code == sqlite3.SQLITE_ERROR and not str(cause).startswith("no such table")


class OutageView(APIView):
    """Answers 503 with ``Retry-After`` when the database fails, and recovers with it.

    Django closes a connection that has failed as the request ends, so the next one opens another.
    """

    @classmethod
    def as_view(cls, *args: Any, **initkwargs: Any) -> Any:
        view = super().as_view(*args, **initkwargs)
        # With ATOMIC_REQUESTS the transaction would begin, and fail, before we could answer.
        for alias in connections:
            view = non_atomic_requests(using=alias)(view)
        return view

    def handle_exception(self, exc: Exception) -> Response:
        with _transactions_kept():
            return self._handled(exc)

    def _handled(self, exc: Exception) -> Response:
        if not is_outage(exc):
            return super().handle_exception(exc)
        response = super().handle_exception(DatabaseAway())
        response.headers.setdefault("Retry-After", str(RETRY_AFTER))
        # Without the traceback, whose frames know the key; Django logs no second record then.
        reason = str(exc).partition("\n")[0]
        path = self.request.path
        log_response("%s: %s", path, reason, response=response, request=self.request._request)
        return response


@contextmanager
def _transactions_kept() -> Iterator[None]:
    """REST framework's handler rolls back the transaction of ATOMIC_REQUESTS. Ours has none: one
    that is open is the caller's, a test case's, who has to go on with it."""
    sound = [
        each
        for each in connections.all(initialized_only=True)
        if each.in_atomic_block and not each.needs_rollback
    ]
    yield
    for connection in sound:
        connection.needs_rollback = False
