"""Who is calling: the workspace of the key in the ``X-API-Key`` header."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import Error, InterfaceError, OperationalError, connections, router
from django.db.models import JSONField, Q
from django.views.decorators.debug import sensitive_variables
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from apikeys import crypto
from apikeys.models import APIKey
from campaigns.base.rows import fetched
from campaigns.base.settings import mailmetrics
from campaigns.base.waiting import without_waiting
from campaigns.fields import utc_now
from campaigns.models import Workspace

logger = logging.getLogger(__name__)

_CLOCKS_DIFFER = timedelta(minutes=1)


class APIKeyAuthentication(BaseAuthentication):
    """``request.auth`` is the APIKey; ``request.user`` stays anonymous.

    Without the header the next authentication class has its turn. A malformed, unknown, expired
    or revoked key is a 401, and the caller can't tell which. It costs one query, none for a
    malformed key, and a second one every ``LAST_USED_MINUTES``. Name it first in a view's
    ``authentication_classes``: DRF takes the 401's header from the first.
    """

    realm = "api"

    # Keeps the key and its digest out of error reports, here and in every call below.
    @sensitive_variables()
    def authenticate(self, request: Request) -> tuple[AnonymousUser, APIKey] | None:
        header = request.META.get("HTTP_X_API_KEY")
        if header is None:
            return None
        # With DEBUG on, what is sensitive is shown all the same.
        key = crypto.Secret(header)
        now = utc_now()
        api_key = _find(key)
        if api_key is None or not api_key.is_usable_at(now):
            raise AuthenticationFailed("The API key is not valid.")
        _note_use(api_key, now)
        return AnonymousUser(), api_key

    def authenticate_header(self, request: Request) -> str:
        return f'ApiKey realm="{self.realm}"'


def _find(key: str) -> APIKey | None:
    # Anyone can compute a checksum: a quicker refusal gives nothing away.
    if not crypto.is_well_formed(key):
        return None
    # Where keys are written: a replica that lags would still open what has been revoked.
    alias = router.db_for_write(APIKey)
    try:
        row = _row_of(crypto.digest(key), alias)
    except Error as error:
        # The driver's frames hold the digest, and as they run in a generator, Django's filter
        # of sensitive variables does not reach them.
        raise error.with_traceback(None) from None
    return None if row is None else _loaded(alias, row)


def _row_of(digest: str, alias: str) -> tuple[Any, ...] | None:
    connection: Any = connections[alias]
    was_open = connection.connection is not None
    # For most requests this is the first query: it tells as well as a health check, which would
    # cost as much again, whether a connection from an earlier request still works.
    connection.health_check_done = True
    try:
        rows = fetched(alias, _BY_DIGEST, [digest])
    except (InterfaceError, OperationalError):
        # A statement that timed out has left the connection as good as it was.
        if not was_open or connection.in_atomic_block or connection.is_usable():
            raise
        connection.close()
        rows = fetched(alias, _BY_DIGEST, [digest])
    return rows[0] if rows else None


# Every request pays for this query: it is compiled here, once, rather than by the ORM each time.
_FIELDS = APIKey._meta.concrete_fields
_NAMES = [field.attname for field in _FIELDS]
# As the fields read them: JSON as text, which the driver would decode.
_COLUMNS = ", ".join(
    f"CAST(k.{field.column} AS text)" if isinstance(field, JSONField) else f"k.{field.column}"
    for field in _FIELDS
)
# What answers need of the workspace, so that none has to ask for it.
_WORKSPACE_NAMES = ["id", "name", "time_zone"]
_BY_DIGEST = (
    f"SELECT {_COLUMNS}, {', '.join(f'w.{name}' for name in _WORKSPACE_NAMES)} "
    f"FROM {APIKey._meta.db_table} k JOIN {Workspace._meta.db_table} w ON w.id = k.workspace_id "
    "WHERE k.digest = %s"
)
_CONVERTERS = [getattr(field, "from_db_value", None) for field in _FIELDS]


def _loaded(alias: str, row: tuple[object, ...]) -> APIKey:
    connection = connections[alias]
    values = [
        value if value is None or convert is None else convert(value, None, connection)
        for convert, value in zip(_CONVERTERS, row, strict=False)
    ]
    api_key = APIKey.from_db(alias, _NAMES, values)
    api_key.workspace = Workspace.from_db(alias, _WORKSPACE_NAMES, row[len(_NAMES) :])
    return api_key


def _note_use(api_key: APIKey, now: datetime) -> None:
    """Write down that the key is used, unless that would fail or have to wait: then the next
    request writes it."""
    stale = now - timedelta(minutes=mailmetrics.LAST_USED_MINUTES)
    last = api_key.last_used_at
    # One in the future is of a server whose clock is ahead, or was.
    if last is not None and stale <= last <= now + _CLOCKS_DIFFER:
        return
    alias = router.db_for_write(APIKey)
    # Of many requests that read the same old value, the condition lets one write it.
    is_stale = Q(last_used_at__isnull=True) | ~Q(last_used_at__range=(stale, now + _CLOCKS_DIFFER))
    rows = APIKey.objects.using(alias).filter(is_stale, pk=api_key.pk)
    try:
        with without_waiting(alias):
            if connections[alias].features.has_select_for_update_skip_locked:
                free = rows.select_for_update(skip_locked=True).order_by().values("pk")
                rows = APIKey.objects.using(alias).filter(pk__in=free)
            rows.update(last_used_at=now)
    except Error as error:
        reason = str(error).partition("\n")[0]
        logger.info("The last use of key %s is not written: %s", api_key.pk, reason)
