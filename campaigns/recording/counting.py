"""Nothing is recorded that nothing would count.

The database's triggers keep the totals. A database may lack them: its tables were made without
migrations, or restored in part. The app whose triggers they are tells what is missing.
"""

from collections.abc import Callable, Collection
from typing import NamedTuple

from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

Missing = Callable[[BaseDatabaseWrapper], Collection[str]]


class _Condition(NamedTuple):
    """The same question as SQL, true where nothing is missing."""

    anywhere: str
    on_citus: str


_requirements: dict[Missing, _Condition] = {}


class NotCounted(OperationalError):
    """Events were not recorded, for the database lacks what would count them."""


def require(missing: Missing, *, condition: str, on_citus: str) -> None:
    """Record nothing where ``missing`` names something.

    ``condition`` is the same question as SQL of PostgreSQL, true where nothing is missing.
    ``on_citus`` calls a function of the database that asks the same, for there an INSERT of values
    may have no subquery. That function may be missing.
    """
    _requirements[missing] = _Condition(condition, on_citus)


def condition(*, on_citus: bool = False) -> str:
    """What a statement on PostgreSQL can ask as it records, for half the price of asking before."""
    conditions = (each.on_citus if on_citus else each.anywhere for each in _requirements.values())
    return " AND ".join(conditions) or "true"


def refuse_unless_counted(alias: str) -> None:
    """Raise NotCounted where something that counts events is missing."""
    missing = [name for lacks in _requirements for name in lacks(connections[alias])]
    if missing:
        raise NotCounted(
            f"The database {alias!r} lacks the triggers {', '.join(sorted(missing))}, so nothing "
            "is recorded: nothing would count it. `check --database` tells how to get them."
        )
