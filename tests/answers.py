"""Both answers in plain Python, from a recount of the events; shares no code with the reports."""

from datetime import date, timedelta

from campaigns.models import Campaign
from tests.recount import KINDS

CORE, OPTIONAL = KINDS[:4], KINDS[4:]
RATES = dict(
    zip(
        KINDS[1:],
        ["open", "reply", "bounce", "click", "unsubscribe", "complaint", "machine_open"],
        strict=True,
    )
)


def chosen_campaigns(workspace_id, question):
    """Newest first, then by id."""
    campaigns = Campaign.objects.filter(workspace=workspace_id)
    if question["status"]:
        campaigns = campaigns.filter(status=question["status"])
    return sorted(campaigns, key=lambda row: (-row.created_at.timestamp(), row.pk.hex))


def _rate(counts, kind):
    return round(counts[kind] / counts["sent"], 4) if counts["sent"] else 0.0


def _summed(grain, wanted):
    counts = dict.fromkeys(KINDS, 0)
    for key, counted in grain.items():
        if wanted(*key):
            for kind, count in counted.items():
                counts[kind] += count
    return counts


def campaign_answer(grain, workspace_id, question):
    """``grain`` is (workspace, campaign, day) -> counts."""
    window, metrics = question["activity"], question["metrics"]
    named = [*CORE[1:], *(kind for kind in OPTIONAL if kind in metrics)]
    rows, whole = [], dict.fromkeys(KINDS, 0)
    for campaign in chosen_campaigns(workspace_id, question):

        def is_counted(workspace, of, day, campaign=campaign):
            in_window = window is None or window[0] <= day <= window[1]
            return (workspace, of) == (workspace_id, campaign.pk) and in_window

        counts = _summed(grain, is_counted)
        whole = {kind: whole[kind] + counts[kind] for kind in KINDS}
        rows.append(
            {
                "campaign_id": str(campaign.pk),
                "campaign_name": campaign.name,
                "status": campaign.status,
                "total_leads": campaign.total_leads,
                "created_at": campaign.created_at,
                "total_sent": counts["sent"],
                **{f"total_{kind}": counts[kind] for kind in named},
                **{f"{RATES[kind]}_rate": _rate(counts, kind) for kind in named},
            }
        )
    kpis = {
        "total_campaigns": len(rows),
        "total_sends": whole["sent"],
        **{f"avg_{RATES[kind]}_rate": _rate(whole, kind) for kind in named},
    }
    return {"workspace_kpis": kpis, "campaigns": rows}


def timeline_answer(grain, workspace_id, question):
    first, last = question["window"]
    named = [*CORE[1:], *(kind for kind in OPTIONAL if kind in question["metrics"])]
    chosen = {campaign.pk for campaign in chosen_campaigns(workspace_id, question)}
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    spans = {}
    for day in days:
        spans.setdefault(_span(day, question["interval"]), []).append(day)
    points = []
    for span in spans.values():
        counts = _summed(
            grain,
            lambda workspace, of, day, span=span: (
                workspace == workspace_id and of in chosen and day in span
            ),
        )
        points.append(
            {
                "date": span[0],
                "sent": counts["sent"],
                **{kind: counts[kind] for kind in named},
                **{f"{RATES[kind]}_rate": _rate(counts, kind) for kind in named},
            }
        )
    return {"timeline": points, "from_date": first, "to_date": last}


def _span(day: date, interval):
    return {
        "day": day,
        "week": day - timedelta(days=day.weekday()),
        "month": day.replace(day=1),
    }[interval]
