"""SQLite's ``INSERT OR REPLACE`` must not pass the totals by.

The row that it replaces, as one that ``UPDATE OR REPLACE`` overwrites, is deleted without its
delete trigger unless the connection has ``recursive_triggers`` on, and would stay counted. That
is off by default and not kept in the file, so each connection turns it on as it opens. A writer
from outside Django, such as the ``sqlite3`` shell, has to do the same.
"""

from typing import Any

from django.db import router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from campaigns.models import EmailEvent


def turn_on(*, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Only where the events are: a host's triggers in its other databases stay as they are."""
    if connection.vendor == "sqlite" and router.allow_migrate_model(connection.alias, EmailEvent):
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA recursive_triggers = ON")


def connect() -> None:
    connection_created.connect(turn_on, dispatch_uid="mailmetrics_recursive_triggers")
