"""A recount in plain Python to hold the product against; it shares no code with it."""

from collections import Counter, defaultdict
from datetime import UTC

from analytics.models import CampaignTotals, DailyTotals
from campaigns.models import EmailEvent

KINDS = ("sent", "opened", "replied", "bounced")  # 1 to 4


def totals_of(rows):
    """The totals of (workspace id, message id, kind, campaign id, instant) rows, zeros left out."""
    campaigns, days = defaultdict(Counter), defaultdict(Counter)
    for workspace_id, _, kind, campaign_id, instant in rows:
        campaigns[workspace_id, campaign_id][KINDS[kind - 1]] += 1
        days[workspace_id, instant.astimezone(UTC).date()][KINDS[kind - 1]] += 1
    return {key: dict(c) for key, c in campaigns.items()}, {key: dict(c) for key, c in days.items()}


def stored_events():
    return EmailEvent.objects.values_list(
        "workspace_id", "message_id", "kind", "campaign_id", "occurred_at"
    )


def stored_totals():
    def without_zeros(model, key):
        counted = {
            (workspace_id, other): {
                kind: count for kind, count in zip(KINDS, counts, strict=True) if count
            }
            for workspace_id, other, *counts in model.objects.values_list(
                "workspace_id", key, *KINDS
            )
        }
        return {key: counts for key, counts in counted.items() if counts}

    return without_zeros(CampaignTotals, "campaign_id"), without_zeros(DailyTotals, "day")


def assert_totals_exact():
    assert stored_totals() == totals_of(stored_events())
