"""Fixtures: what ``loaddata`` needs so that any ``dumpdata`` leaves exact totals.

Events and pruned totals are counted by the triggers as they come, and the totals that a fixture has
of them are left out (see ``models.Totals``).
"""

from typing import Any

from django.db import connections
from django.db.models.signals import pre_save

from analytics.models import PrunedTotals


def let_campaigns_come_later(*, raw: bool, using: str, **kwargs: Any) -> None:
    """Pruned totals may stand before their campaigns: the apps of a fixture come in any order."""
    connection = connections[using]
    if raw and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SET CONSTRAINTS mailmetrics_event_campaign_in_workspace, "
                "mailmetrics_dailytotals_workspace DEFERRED"
            )


def connect() -> None:
    pre_save.connect(
        let_campaigns_come_later, sender=PrunedTotals, dispatch_uid="mailmetrics_fixtures"
    )
