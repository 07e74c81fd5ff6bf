"""What a report executes, to be executed again without what Python makes of it."""

from collections.abc import Callable
from typing import Any

from django.db import connection


def statement_of(report: Callable[..., object], **arguments: Any) -> tuple[str, Any]:
    """The one statement of a report, with its parameters."""
    executed = []

    def note(execute: Callable[..., Any], sql: str, parameters: Any, *rest: Any) -> Any:
        executed.append((sql, parameters))
        return execute(sql, parameters, *rest)

    with connection.execute_wrapper(note):
        report(**arguments)
    (statement,) = executed
    return statement
