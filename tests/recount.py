"""A recount in plain Python to hold the product against; it shares no code with it."""

from collections import Counter, defaultdict
from datetime import UTC

from analytics.models import CampaignTotals, DailyTotals, PrunedTotals
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


def pruned_totals():
    """What the pruned events counted, as ``totals_of`` tells it."""
    campaigns, days = defaultdict(Counter), defaultdict(Counter)
    for workspace_id, campaign_id, day, *counts in PrunedTotals.objects.values_list(
        "workspace_id", "campaign_id", "day", *KINDS
    ):
        counted = {kind: count for kind, count in zip(KINDS, counts, strict=True) if count}
        campaigns[workspace_id, campaign_id].update(counted)
        days[workspace_id, day].update(counted)
    return campaigns, days


def assert_totals_exact():
    campaigns, days = totals_of(stored_events())
    pruned_campaigns, pruned_days = pruned_totals()
    assert stored_totals() == (_sums(campaigns, pruned_campaigns), _sums(days, pruned_days))


def _sums(one, other):
    return {key: dict(Counter(one.get(key)) + Counter(other.get(key))) for key in {*one, *other}}
