"""A page of a list of campaigns; pure."""

from typing import TypedDict

DEFAULT_LIMIT = 100


class Pagination(TypedDict):
    page: int
    limit: int
    total: int
    pages: int
    has_next: bool
    has_prev: bool


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
