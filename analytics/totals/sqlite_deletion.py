"""A workspace's history goes at once before its campaigns do, on SQLite.

There each campaign takes its own events along, which have no index by campaign: they would be read
again for each of them.
"""

from typing import Any

from django.db import connections
from django.db.models.signals import pre_delete

from analytics.models import CampaignDailyTotals, CampaignTotals, DailyTotals, PrunedTotals
from campaigns.models import EmailEvent, Workspace

# Totals first: an event that goes subtracts from those that there are.
_HISTORY = (DailyTotals, CampaignDailyTotals, CampaignTotals, PrunedTotals, EmailEvent)


def delete_history(*, instance: Workspace, using: str, **kwargs: Any) -> None:
    """In the transaction that deletes the workspace."""
    if connections[using].vendor == "sqlite":
        for model in _HISTORY:
            model._default_manager.using(using).filter(workspace=instance).delete()


def connect() -> None:
    pre_delete.connect(delete_history, sender=Workspace, dispatch_uid="mailmetrics_sqlite_deletion")
