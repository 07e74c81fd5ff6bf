"""A cache that counts exactly, for sites with a database and no Redis or Memcached."""

import base64
import pickle
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.cache.backends import db
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.db import connections, router, transaction
from django.utils import timezone

_REMOVED_AT_ONCE = 20
_FOREVER = 253_370_764_800  # the year 9999, as Unix seconds


class DatabaseCache(db.DatabaseCache):
    """Django's database cache that loses no count, however many processes count, and stays fast.

    Django's own ``incr`` reads, adds and writes in three steps, and its ``add`` first counts all
    rows. Of those that expired, each ``add`` removes a few. A throttled view of yours must not be
    under ``ATOMIC_REQUESTS``: a refused request would roll its count back. Ours are not.
    """

    _table: str

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        name = self.make_and_validate_key(key, version=version)
        connection = connections[router.db_for_write(self.cache_model_class)]
        table = connection.ops.quote_name(self._table)
        now = connection.ops.adapt_datetimefield_value(timezone.now().replace(microsecond=0))
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            # Writes before it reads, which locks the row, or on SQLite the database.
            cursor.execute(
                f"UPDATE {table} SET expires = expires WHERE cache_key = %s AND expires >= %s",
                [name, now],
            )
            if not cursor.rowcount:
                raise ValueError(f"Key {name!r} not found")
            cursor.execute(f"SELECT value FROM {table} WHERE cache_key = %s", [name])
            count = _read(cursor.fetchone()[0]) + delta
            cursor.execute(
                f"UPDATE {table} SET value = %s WHERE cache_key = %s", [_written(count), name]
            )
        return count

    def add(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        name = self.make_and_validate_key(key, version=version)
        connection = connections[router.db_for_write(self.cache_model_class)]
        if connection.vendor not in ("postgresql", "sqlite"):
            return bool(super().add(key, value, timeout, version))
        table = connection.ops.quote_name(self._table)
        now = timezone.now().replace(microsecond=0)
        seconds = self.get_backend_timeout(timeout)
        zone = UTC if settings.USE_TZ else None
        end = datetime.fromtimestamp(_FOREVER if seconds is None else seconds, zone)
        end = end.replace(microsecond=0)
        expires, present = map(connection.ops.adapt_datetimefield_value, (end, now))
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} AS kept (cache_key, value, expires) VALUES (%s, %s, %s) "
                "ON CONFLICT (cache_key) DO UPDATE SET value = excluded.value, "
                "expires = excluded.expires WHERE kept.expires < %s",
                [name, _written(value), expires, present],
            )
            added = bool(cursor.rowcount == 1)
            if added:
                self._remove_some_expired(cursor, connection, table, present)
        return added

    def _remove_some_expired(self, cursor: Any, connection: Any, table: str, present: Any) -> None:
        # Rows that another process is removing are left to it.
        lock = "FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
        cursor.execute(
            f"DELETE FROM {table} WHERE cache_key IN (SELECT cache_key FROM {table} "
            f"WHERE expires < %s ORDER BY expires LIMIT {_REMOVED_AT_ONCE} {lock})",
            [present],
        )


def _read(text: str) -> int:
    number: int = pickle.loads(base64.b64decode(text))  # noqa: S301 - the form of this table's rows is Django's, whose own get() unpickles the same ones
    return number


def _written(value: Any) -> str:
    return base64.b64encode(pickle.dumps(value, pickle.HIGHEST_PROTOCOL)).decode("ascii")
