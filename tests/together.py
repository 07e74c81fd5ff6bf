"""Several writers at once, each in a thread with a connection of its own."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections

from tests.sql import execute

START_SECONDS = 20


@contextmanager
def background() -> Iterator[Callable[..., Future[Any]]]:
    """The function that starts a task; at the end all of them have ended."""
    with ThreadPoolExecutor(max_workers=16) as pool:
        yield lambda task, *arguments: pool.submit(_on_its_own, task, *arguments)


def _on_its_own(task: Callable[..., Any], *arguments: Any) -> Any:
    try:
        if connection.vendor == "postgresql":
            execute("SET deadlock_timeout = '50ms'")  # those who meet one on purpose wait less
        return task(*arguments)
    finally:
        connections.close_all()


def together(*tasks: Callable[[], Any]) -> list[Any]:
    """What each of the tasks, run at once, has answered; raises what the first one raised."""
    with background() as start:
        return [future.result() for future in [start(task) for task in tasks]]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come to this"
        time.sleep(0.005)


def wait_until_blocked(count: int) -> None:
    """Until so many connections wait for a lock of another one."""

    def blocked() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
            return bool(cursor.fetchone()[0] == count)

    wait_until(blocked)
