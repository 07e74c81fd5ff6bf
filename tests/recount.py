"""A recount in plain Python to hold the product against; it shares no code with it."""

from collections import Counter, defaultdict
from zoneinfo import ZoneInfo

from analytics.models import CampaignDailyTotals, CampaignTotals, DailyTotals, PrunedTotals
from campaigns.models import EmailEvent, Workspace

# 1 to 8
KINDS = (
    "sent",
    "opened",
    "replied",
    "bounced",
    "clicked",
    "unsubscribed",
    "complained",
    "machine_opened",
)


class Totals:
    """What was counted by campaign, by day, and by both; zeros left out."""

    def __init__(self):
        self.campaigns, self.days, self.grain = (defaultdict(Counter) for _ in range(3))

    def add(self, workspace_id, campaign_id, day, counts):
        self.campaigns[workspace_id, campaign_id].update(counts)
        self.days[workspace_id, day].update(counts)
        self.grain[workspace_id, campaign_id, day].update(counts)

    def tables(self):
        return tuple(
            {key: counts for key, counter in table.items() if (counts := dict(+counter))}
            for table in (self.campaigns, self.days, self.grain)
        )


def local_day(instant, zone):
    return instant.astimezone(ZoneInfo(zone)).date()


def zones():
    return dict(Workspace.objects.values_list("pk", "time_zone"))


def count_events(totals, rows, zone_of):
    """Of (workspace id, message id, kind, campaign id, instant) rows."""
    for workspace_id, _, kind, campaign_id, instant in rows:
        day = local_day(instant, zone_of[workspace_id])
        totals.add(workspace_id, campaign_id, day, {KINDS[kind - 1]: 1})


def stored_events():
    return EmailEvent.objects.values_list(
        "workspace_id", "message_id", "kind", "campaign_id", "occurred_at"
    )


def _table(model, *key):
    counted = {
        tuple(row[: len(key)]): {
            kind: count for kind, count in zip(KINDS, row[len(key) :], strict=True) if count
        }
        for row in model.objects.values_list(*key, *KINDS)
    }
    return {key: counts for key, counts in counted.items() if counts}


def stored_totals():
    """By campaign, by day and by both, as ``Totals.tables``."""
    return (
        _table(CampaignTotals, "workspace_id", "campaign_id"),
        _table(DailyTotals, "workspace_id", "day"),
        _table(CampaignDailyTotals, "workspace_id", "campaign_id", "day"),
    )


def stored_pruned():
    return _table(PrunedTotals, "workspace_id", "campaign_id", "day")


def assert_totals_exact():
    totals = Totals()
    count_events(totals, stored_events(), zones())
    for key, counts in stored_pruned().items():
        totals.add(*key, counts)
    assert stored_totals() == totals.tables()
