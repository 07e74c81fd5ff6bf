"""Reports from a streaming replica, for as long as it keeps up with what is written.

Reports alone: a key that is revoked has to be refused at once, and a form that has been saved has
to show what was saved, so everything else is read where it is written.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
from threading import Lock
from time import monotonic
from typing import Any, TypeVar

from django.core.checks import CheckMessage, register
from django.core.checks import Error as CheckError
from django.db import Error, InterfaceError, OperationalError, connections, router
from django.db.models import Model, QuerySet

from campaigns.base.rows import fetched
from campaigns.base.settings import mailmetrics
from campaigns.models import Campaign

CHECK_SECONDS = 1
# Longer, as asking a machine that does not answer may take as long as its connection's timeout.
RETRY_SECONDS = 5

Answer = TypeVar("Answer")


class ReplicaRouter:
    """Sends reports, and nothing else, to the database ``replica`` while it is worth asking.

    Name it first in ``DATABASE_ROUTERS``, or a subclass with the ``alias`` of your replica.
    """

    alias = "replica"

    def db_for_read(self, model: type[Model], *, report: bool = False, **hints: Any) -> str | None:
        return self.alias if report and state(self.alias) is ReplicaState.USED else None

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return False if db == self.alias else None


class ReplicaState(StrEnum):
    USED = "used"
    LAGS = "lags"
    DOWN = "down"


@dataclass
class _Check:
    """What this process last found, and goes by while one of its threads asks again."""

    state: ReplicaState = ReplicaState.DOWN
    due: float = 0.0  # by the monotonic clock
    asking: Lock = field(default_factory=Lock)


_checks: dict[str, _Check] = {}
_pinned: ContextVar[str | None] = ContextVar("pinned", default=None)


def state(alias: str) -> ReplicaState:
    """Whether the replica is worth asking, as of a second ago at most, or five if it is down."""
    check = _checks.setdefault(alias, _Check())
    if monotonic() >= check.due and check.asking.acquire(blocking=False):
        try:
            _note(alias, _found(alias))
        finally:
            check.asking.release()
    return check.state


def configured_replica() -> str | None:
    """The alias of the replica, where the site names a router of ours."""
    return next((each.alias for each in router.routers if isinstance(each, ReplicaRouter)), None)


@register
def check_replica(**kwargs: Any) -> list[CheckMessage]:
    alias = configured_replica()
    if alias is None:
        return []
    primary = router.db_for_write(Campaign)
    if alias in connections and alias != primary and _are_postgresql(alias, primary):
        return []
    return [
        CheckError(
            f"The database {alias!r} is no streaming replica.",
            hint="ReplicaRouter needs a PostgreSQL database of this alias that follows the one "
            "which the apps are written to.",
            id="mailmetrics.E007",
        )
    ]


def _are_postgresql(*aliases: str) -> bool:
    return all(connections[alias].vendor == "postgresql" for alias in aliases)


def read_report(
    read: Callable[[str], Answer], *, campaigns: QuerySet[Campaign] | None = None
) -> Answer:
    """Read from the database for reports, or from the one that ``campaigns`` names by ``using``.

    ``read`` takes the alias; where the replica fails, it is called again for the primary, unless
    the alias is ``pinned``.
    """
    usual = router.db_for_read(Campaign)
    if campaigns is not None and campaigns.db != usual:
        return read(campaigns.db)
    if alias := _pinned.get():
        return read(alias)
    alias = router.db_for_read(Campaign, report=True)
    if alias == usual:
        return read(alias)
    try:
        return read(alias)
    except (InterfaceError, OperationalError):
        connections[alias].close()
        _note(alias, ReplicaState.DOWN)
        return read(usual)


@contextmanager
def pinned(alias: str) -> Iterator[None]:
    """Read all reports from this one database, which may be the replica."""
    token = _pinned.set(alias)
    try:
        yield
    finally:
        _pinned.reset(token)


def _note(alias: str, found: ReplicaState) -> None:
    check = _checks.setdefault(alias, _Check())
    check.due = monotonic() + (RETRY_SECONDS if found is ReplicaState.DOWN else CHECK_SECONDS)
    check.state = found


def _found(alias: str) -> ReplicaState:
    try:
        ((written, now),) = fetched(router.db_for_write(Campaign), _WRITTEN)
        ((replayed, committed),) = fetched(alias, _REPLAYED)
    except Error:
        connections[alias].close()
        return ReplicaState.DOWN
    if replayed is None:  # it follows no other server
        return ReplicaState.DOWN
    lag = 0.0 if replayed >= written else inf if committed is None else now - committed
    return ReplicaState.USED if lag <= mailmetrics.REPLICA_MAX_LAG else ReplicaState.LAGS


# Both instants are of the primary's clock: how far it has come, and when it committed what the
# replica replayed last. A replica with all of the log does not lag, however old its last commit.
_WRITTEN = (
    "SELECT CAST(pg_current_wal_flush_lsn() - '0/0' AS float8), "
    "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS float8)"
)
_REPLAYED = (
    "SELECT CAST(pg_last_wal_replay_lsn() - '0/0' AS float8), "
    "CAST(EXTRACT(EPOCH FROM pg_last_xact_replay_timestamp()) AS float8)"
)
