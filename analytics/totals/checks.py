"""System check of the triggers; docs/embedding.md lists the ids."""

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

from analytics.models import CampaignTotals
from analytics.totals import triggers

_CREATED_BY = ("mailmetrics_analytics", "0005_triggers")


@register(Tags.database)
def check_tables(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """In each database asked for that says our tables were made: all of them have to be there."""
    return [
        Error(
            f"The database {alias!r} lacks the tables {', '.join(missing)}.",
            hint="They were migrated: restore them, or look whether the search path or the schema "
            "has changed.",
            id="mailmetrics.E006",
        )
        for alias in databases or ()
        if router.allow_migrate_model(alias, CampaignTotals)
        and (missing := sorted(_missing_tables(connections[alias])))
    ]


def _missing_tables(connection: BaseDatabaseWrapper) -> set[str]:
    if not _ought_to_have_them(connection):
        return set()
    apps_of_ours = map(apps.get_app_config, ("mailmetrics_campaigns", "mailmetrics_analytics"))
    tables = {model._meta.db_table for app in apps_of_ours for model in app.get_models()}
    return tables - set(connection.introspection.table_names())


@register(Tags.database)
def check_triggers(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """In each database asked for that has our tables; before they are migrated there are none."""
    return [
        Error(
            f"The database {alias!r} lacks the triggers {', '.join(missing)}, or they are "
            "disabled: the totals are not kept.",
            hint="Run `mailmetrics_rebuild_totals`, with --database if it is not the default: it "
            "creates the triggers again and makes all totals anew.",
            id="mailmetrics.E006",
        )
        for alias in databases or ()
        if router.allow_migrate_model(alias, CampaignTotals)
        and (missing := sorted(_missing(connections[alias])))
    ]


def _missing(connection: BaseDatabaseWrapper) -> set[str]:
    if connection.vendor not in triggers.VENDORS or not _ought_to_have_them(connection):
        return set()
    if _missing_tables(connection):
        return set()  # told by the check of those
    return triggers.missing(connection)


def _ought_to_have_them(connection: BaseDatabaseWrapper) -> bool:
    """Once they are migrated, or where the tables were made without migrations."""
    applied = MigrationRecorder(connection).applied_migrations()
    if any(app == _CREATED_BY[0] for app, _ in applied):
        return _CREATED_BY in applied
    return CampaignTotals._meta.db_table in connection.introspection.table_names()
