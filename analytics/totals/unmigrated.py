"""Triggers for tables that were made without migrations, as test runners make them."""

from typing import Any

from django.apps import AppConfig
from django.db import connections, router
from django.db.migrations.loader import MigrationLoader

from analytics.models import CampaignTotals
from analytics.totals import triggers


def install_triggers(*, sender: AppConfig, using: str, **kwargs: Any) -> None:
    """After ``migrate``, if it made our tables from the models alone."""
    connection = connections[using]
    if connection.vendor not in triggers.VENDORS or not is_unmigrated(sender.label):
        return
    if router.allow_migrate_model(using, CampaignTotals) and triggers.missing(connection):
        triggers.remove(connection)
        triggers.install(connection)


def is_unmigrated(label: str) -> bool:
    """Whether the site has switched the app's migrations off (``MIGRATION_MODULES``)."""
    return label in MigrationLoader(None, ignore_no_migrations=True).unmigrated_apps
