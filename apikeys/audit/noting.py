"""Writing the audit trail: what can't be written decides nothing, and no request waits for it.

What is done to a key is written in the same transaction. What requests do is written once in a
while, within bounds that no number of requests and addresses goes beyond.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import Error, connections, router, transaction

from apikeys.audit.entries import AuditEntry, AuditKind
from apikeys.audit.seldom import Seldom
from campaigns.base.settings import mailmetrics
from campaigns.base.waiting import without_waiting
from campaigns.fields import utc_now

if TYPE_CHECKING:
    from apikeys.models import APIKey

logger = logging.getLogger(__name__)

MOST_A_DAY = 100  # of one kind for a key, from requests
FOREVER = float("inf")
AGAIN_AFTER = 600.0  # seconds
AFTER_A_FAILURE = 60.0  # seconds
_REMOVED_AT_ONCE = 20
_WRITTEN_AT_ONCE = 500
_DAY = timedelta(days=1)

seldom = Seldom()


def note_act(
    kind: AuditKind, key: "APIKey", *, actor: str, detail: str = "", using: str | None = None
) -> None:
    """What someone did to a key, in the transaction that is open."""
    note_acts(kind, [key], actor=actor, detail=detail, using=using)


def note_acts(
    kind: AuditKind,
    keys: Sequence["APIKey"],
    *,
    actor: str,
    detail: str = "",
    using: str | None = None,
) -> None:
    """The same of several keys, in a few statements."""
    alias = using or router.db_for_write(AuditEntry)
    entries = [_entry(kind, key, actor=actor, detail=detail) for key in keys]
    try:
        with transaction.atomic(using=alias):
            AuditEntry.objects.using(alias).bulk_create(entries, batch_size=_WRITTEN_AT_ONCE)
            _remove_some_old(alias)
    except Error as error:
        for key in keys:
            _log_failure(kind, key, error)


def note_use(key: "APIKey", *, address: str) -> None:
    """The first use from an address that the trail has none from."""
    _note_request(AuditKind.FIRST_USED, key, address=address)


def note_refusal(key: "APIKey", *, address: str, reason: str) -> None:
    """A key that exists and was refused: once a day for each address and reason."""
    _note_request(AuditKind.REFUSED, key, address=address, detail=reason)


def note_exposure(key: "APIKey", *, address: str) -> None:
    _note_request(AuditKind.EXPOSED, key, address=address)


def _note_request(kind: AuditKind, key: "APIKey", *, address: str, detail: str = "") -> None:
    thing = (key.digest, kind, address, detail)
    if not seldom.is_due(thing, seconds=FOREVER if kind is AuditKind.FIRST_USED else AGAIN_AFTER):
        return
    alias = router.db_for_write(AuditEntry)
    try:
        with without_waiting(alias):
            if _is_worth_noting(alias, kind, key, address, detail):
                _entry(kind, key, address=address, detail=detail).save(using=alias)
                _remove_some_old(alias)
    except Error as error:
        seldom.postpone(thing, seconds=AFTER_A_FAILURE)
        _log_failure(kind, key, error)


def _is_worth_noting(alias: str, kind: AuditKind, key: "APIKey", address: str, detail: str) -> bool:
    entries = AuditEntry.objects.using(alias).filter(key_id=key.pk, kind=kind).order_by()
    of_the_day = entries.filter(at__gt=utc_now() - _DAY)
    among = entries if kind is AuditKind.FIRST_USED else of_the_day
    if among.filter(address=_cut("address", address), detail=_cut("detail", detail)).exists():
        return False
    return bool(of_the_day[:MOST_A_DAY].count() < MOST_A_DAY)


def _entry(kind: AuditKind, key: "APIKey", **values: str) -> AuditEntry:
    values = {name: _cut(name, value) for name, value in values.items()}
    label = _cut("label", str(key))
    return AuditEntry(
        kind=kind, workspace_id=key.workspace_id, key_id=key.pk, label=label, **values
    )


def _cut(name: str, value: str) -> str:
    """Fit for its column, whatever a proxy, a user model or the system calls it."""
    longest: Any = AuditEntry._meta.get_field(name)
    return "".join(filter(str.isprintable, value))[: longest.max_length]


def _remove_some_old(alias: str) -> None:
    """More than are added, so that a shorter time to keep them takes effect by itself."""
    old = AuditEntry.objects.using(alias).filter(
        at__lt=utc_now() - timedelta(days=mailmetrics.AUDIT_DAYS)
    )
    old = old.order_by("at")
    if connections[alias].features.has_select_for_update_skip_locked:
        old = old.select_for_update(skip_locked=True)
    found = list(old.values_list("pk", flat=True)[:_REMOVED_AT_ONCE])
    if found:
        AuditEntry.objects.using(alias).filter(pk__in=found).delete()


def _log_failure(kind: AuditKind, key: "APIKey", error: Error) -> None:
    reason = str(error).partition("\n")[0]
    logger.warning("The audit trail lacks “%s” of key %s: %s", kind.value, key.pk, reason)
