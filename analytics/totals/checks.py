"""System check of the triggers; docs/embedding.md lists the ids."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

from analytics.migrations import _triggers_postgresql, _triggers_sqlite
from analytics.models import CampaignTotals, PrunedTotals
from campaigns.models import Campaign, EmailEvent, Workspace

_CREATED_BY = ("mailmetrics_analytics", "0002_triggers")
TRIGGERS = {
    "postgresql": {name for name, *_ in _triggers_postgresql.BODIES},
    "sqlite": set(_triggers_sqlite.TRIGGERS),
}
_TABLES = ", ".join(
    f"to_regclass('{model._meta.db_table}')"
    for model in (EmailEvent, Campaign, Workspace, PrunedTotals)
)
# Disabled ones, and those that fire for replication alone, keep no totals.
_FIRING = {
    "postgresql": f"SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A') "
    f"AND tgrelid IN ({_TABLES})",
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
}


@register(Tags.database)
def check_triggers(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """In each database asked for that has our tables; before they are migrated there are none."""
    return [
        Error(
            f"The database {alias!r} lacks the triggers {', '.join(missing)}, or they are "
            "disabled: the totals are not kept.",
            hint="Run `migrate --skip-checks mailmetrics_analytics 0001`, then `migrate "
            "--skip-checks`, then `mailmetrics_rebuild_totals`, each with --database if it is not "
            "the default.",
            id="mailmetrics.E006",
        )
        for alias in databases or ()
        if router.allow_migrate_model(alias, CampaignTotals)
        and (missing := sorted(_missing(connections[alias])))
    ]


def _missing(connection: BaseDatabaseWrapper) -> set[str]:
    expected = TRIGGERS.get(connection.vendor, set())
    if not expected or _CREATED_BY not in MigrationRecorder(connection).applied_migrations():
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_FIRING[connection.vendor])
        return expected - {name for (name,) in cursor.fetchall()}
