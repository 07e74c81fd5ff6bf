"""The key of a text, in one query; every request pays for it."""

from typing import Any

from django.db import Error, InterfaceError, OperationalError, connections, router
from django.db.models import JSONField

from apikeys import crypto
from apikeys.models import APIKey
from campaigns.base.rows import fetched
from campaigns.models import Workspace


def find_key(key: str) -> APIKey | None:
    """In whatever state it is, with its workspace; None for a malformed or unknown one."""
    # Anyone can compute a checksum: a quicker refusal gives nothing away.
    if not crypto.is_well_formed(key):
        return None
    # Where keys are written: a replica that lags would still open what has been revoked.
    connection: Any = connections[router.db_for_write(APIKey)]
    try:
        row = _row_of(crypto.digest(key), connection)
    except Error as error:
        # The driver's frames hold the digest, and as they run in a generator, Django's filter
        # of sensitive variables does not reach them.
        raise error.with_traceback(None) from None
    return None if row is None else _loaded(connection, row)


def _row_of(digest: str, connection: Any) -> tuple[Any, ...] | None:
    was_open = connection.connection is not None
    # For most requests this is the first query: it tells as well as a health check, which would
    # cost as much again, whether a connection from an earlier request still works.
    connection.health_check_done = True
    try:
        rows = fetched(connection.alias, _BY_DIGEST, [digest])
    except (InterfaceError, OperationalError):
        # A statement that timed out has left the connection as good as it was.
        if not was_open or connection.in_atomic_block or connection.is_usable():
            raise
        connection.close()
        rows = fetched(connection.alias, _BY_DIGEST, [digest])
    return rows[0] if rows else None


# Every request pays for this query: it is compiled here, once, rather than by the ORM each time.
_FIELDS = APIKey._meta.concrete_fields
_WORKSPACE: Any = APIKey._meta.get_field("workspace")
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
_CONVERTERS = [
    (index, field.from_db_value)
    for index, field in enumerate(_FIELDS)
    if hasattr(field, "from_db_value")
]


def _loaded(connection: Any, row: tuple[Any, ...]) -> APIKey:
    values = list(row[: len(_NAMES)])
    for index, convert in _CONVERTERS:
        if (value := values[index]) is not None:
            values[index] = convert(value, None, connection)
    api_key = APIKey.from_db(connection.alias, _NAMES, values)
    workspace = Workspace.from_db(connection.alias, _WORKSPACE_NAMES, row[len(_NAMES) :])
    _WORKSPACE.set_cached_value(api_key, workspace)  # as the ORM does with what it has joined
    return api_key
