"""Counting requests in a cache that may fail: whatever becomes of it, the API goes on.

A cache that is down, hangs, lacks its client or its table is left alone for some seconds after a
failure, so that no more than one request in that time waits for it.
"""

import logging
import threading
import time
from collections.abc import Callable
from functools import partial

from django.core.cache import caches

from campaigns.base.settings import mailmetrics

logger = logging.getLogger(__name__)

LEFT_ALONE = 10.0  # seconds after a failure
LOGGED_EVERY = 60.0  # seconds


class StoreFailed(Exception):
    """The cache can't count at present."""


class _Breaker:
    """Of this process: when the cache may be tried again, and when its failure was last logged."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        self.closed_until = self.silent_until = float("-inf")

    def may_try(self) -> bool:
        """Whether this request is to try; while it does, the others are not to wait as well."""
        with self.lock:
            now = time.monotonic()
            if self.closed_until == float("-inf"):
                return True
            if now < self.closed_until:
                return False
            self.closed_until = now + LEFT_ALONE
            return True

    def failed(self, error: Exception) -> None:
        with self.lock:
            now = time.monotonic()
            self.closed_until = now + LEFT_ALONE
            is_silent = now < self.silent_until
            if not is_silent:
                self.silent_until = now + LOGGED_EVERY
        if not is_silent:
            logger.error(
                "The cache %r of THROTTLE_CACHE fails, so requests are %s: %s: %s",
                mailmetrics.THROTTLE_CACHE,
                "refused" if mailmetrics.THROTTLE_FAILURE == "refuse" else "not counted",
                type(error).__name__,
                str(error).partition("\n")[0],
            )

    def worked(self) -> None:
        if self.closed_until != float("-inf"):
            with self.lock:
                self.closed_until = float("-inf")


breaker = _Breaker()


def count(key: str, timeout: int, weight: int = 1) -> int:
    """Add ``weight`` to the count of ``key`` and return the sum; StoreFailed if the cache can't.

    A count that is new is forgotten after ``timeout`` seconds.
    """
    return _tried(partial(_count, key, timeout, weight))


def look(key: str) -> int:
    """The count of ``key`` as it is; StoreFailed if the cache can't tell."""
    return _tried(partial(_look, key))


def works() -> bool:
    """Whether the cache counts at present; one that failed a moment ago is not asked again."""
    try:
        count("mailmetrics:works", 60)
    except StoreFailed:
        return False
    return True


def _tried(work: Callable[[], int]) -> int:
    if not breaker.may_try():
        raise StoreFailed
    try:
        counted = work()
    # Each cache's client has errors of its own, and one that is missing is an ImportError.
    except Exception as error:
        breaker.failed(error)
        raise StoreFailed from error
    breaker.worked()
    return counted


def _look(key: str) -> int:
    return int(caches[mailmetrics.THROTTLE_CACHE].get(key, 0))


def _count(key: str, timeout: int, weight: int) -> int:
    cache = caches[mailmetrics.THROTTLE_CACHE]
    # The window is in the key, so a count is never set back, and "add" starts it only once.
    try:
        return cache.incr(key, weight)
    except ValueError:
        cache.add(key, 0, timeout)
    try:
        return cache.incr(key, weight)
    except ValueError:  # A cache that keeps nothing can count nothing.
        return weight
