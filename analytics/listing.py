"""The order of a list of campaigns, and a page of it; pure."""

from collections.abc import Callable, Sequence
from typing import Any, TypedDict, TypeVar

DEFAULT_LIMIT = 100

Item = TypeVar("Item")


class Pagination(TypedDict):
    page: int
    limit: int
    total: int
    pages: int
    has_next: bool
    has_prev: bool


def ordered(items: Sequence[Item], key: Callable[[Item], Any], *, descending: bool) -> list[Item]:
    """Sorted by the key, those without one last in either direction; ties keep their order."""
    keyed = [(key(item), item) for item in items]
    known = [pair for pair in keyed if pair[0] is not None]
    known.sort(key=lambda pair: pair[0], reverse=descending)
    return [item for _, item in known] + [item for value, item in keyed if value is None]


def pagination(*, page: int, limit: int, total: int) -> Pagination:
    """Where a page stands, counted from 1, of so many items; beyond the last one it is empty."""
    pages = -(-total // limit)
    return {
        "page": page,
        "limit": limit,
        "total": total,
        "pages": pages,
        "has_next": page < pages,
        "has_prev": page > 1,
    }
