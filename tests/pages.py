"""Every page of ours, with data of which no word is in any language."""

from datetime import UTC, datetime, timedelta

from django.urls import reverse

from apikeys.audit.entries import AuditEntry, AuditKind
from campaigns.fields import utc_now
from campaigns.models import EventKind
from campaigns.recording import Event, record_events
from tests.factories import APIKeyFactory, CampaignFactory, WorkspaceFactory

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
WINDOW = "?from_date=2026-05-01&to_date=2026-05-20"
TEN_YEARS = "?from_date=2017-01-01&to_date=2026-12-31&launched_from=2026-01-01"


def make_campaign():
    """A launched campaign with mail of nine days."""
    campaign = CampaignFactory(
        workspace=WorkspaceFactory(name="№ 1"), name="№ 2", launched_at=NOON, total_leads=12345
    )
    record_events(workspace=campaign.workspace, events=list(_events(campaign)))
    return campaign


def _events(campaign):
    for n in range(1500):
        at = NOON + timedelta(days=n % 9)
        yield Event(campaign.pk, f"m{n}", EventKind.SENT, at)
        if n % 3 == 0:
            yield Event(campaign.pk, f"m{n}", EventKind.OPENED, at)


def make_key(campaign):
    """A key of the campaign's workspace that was used, expires soon and has a few addresses."""
    return APIKeyFactory(
        workspace=campaign.workspace,
        name="№ 3",
        created_by="42",
        last_used_at=NOON,
        expires_at=utc_now() + timedelta(days=3),
        networks=["192.0.2.0/24", "198.51.100.7"],
    )


def admin(name, *arguments):
    """The address of a page of the admin, such as ``apikeys_apikey_change``."""
    return reverse(f"admin:mailmetrics_{name}", args=arguments)


def _dashboard(query=""):
    return lambda key, campaign: admin("analytics_dashboard_changelist") + query


def _of(name, of=lambda key, campaign: ()):
    return lambda key, campaign: admin(name, *of(key, campaign))


def _campaign(key, campaign):
    return (campaign.pk,)


def _figures(key, campaign):
    return admin("analytics_dashboard_campaign", campaign.pk) + WINDOW


def _comparison(key, campaign):
    """With another campaign, drawn together with it."""
    other = CampaignFactory(workspace=campaign.workspace, name="№ 4", launched_at=NOON)
    chosen = "".join(f"&compare={each.pk}" for each in (campaign, other))
    return admin("analytics_dashboard_comparison") + WINDOW + chosen


def _too_few(key, campaign):
    return admin("analytics_dashboard_comparison") + f"{WINDOW}&compare={campaign.pk}"


def _workspace(key, campaign):
    return (campaign.workspace_id,)


def _key(key, campaign):
    return (key.pk,)


def _trail(key, campaign):
    """Of the key, with an entry of each kind."""
    for kind in AuditKind:
        AuditEntry.objects.create(
            kind=kind,
            workspace=key.workspace,
            key=key,
            label=str(key),
            actor="42",
            address="198.51.100.7",
            detail="№ 5",
        )
    return admin("apikeys_auditentry_changelist") + f"?key__id__exact={key.pk}"


# The address of each, for a key and a campaign.
PAGES = {
    "home": lambda key, campaign: reverse("home"),
    "index": lambda key, campaign: reverse("admin:index"),
    "dashboard": _dashboard(WINDOW),
    "dashboard of ten years": _dashboard(TEN_YEARS),
    "dashboard that is refused": _dashboard("?from_date=7&status=7&to_date=8"),
    "dashboard with a narrowed table": _dashboard(
        f"{WINDOW}&search=2&least_sent=1&metrics=clicked&sort_by=click_rate"
    ),
    "dashboard with a table that is refused": _dashboard(f"{WINDOW}&least_sent=x"),
    "a campaign's figures": _figures,
    "campaigns compared": _comparison,
    "campaigns that are too few": _too_few,
    "campaigns": _of("campaigns_campaign_changelist"),
    "a campaign": _of("campaigns_campaign_change", _campaign),
    "a new campaign": _of("campaigns_campaign_add"),
    "a campaign to delete": _of("campaigns_campaign_delete", _campaign),
    "workspaces": _of("campaigns_workspace_changelist"),
    "a workspace": _of("campaigns_workspace_change", _workspace),
    "a new workspace": _of("campaigns_workspace_add"),
    "a workspace to delete": _of("campaigns_workspace_delete", _workspace),
    "keys": _of("apikeys_apikey_changelist"),
    "a key": _of("apikeys_apikey_change", _key),
    "a new key": _of("apikeys_apikey_add"),
    "a key to revoke": _of("apikeys_apikey_revoke", _key),
    "a key to rotate": _of("apikeys_apikey_rotate", _key),
    "a key to delete": _of("apikeys_apikey_delete", _key),
    "the audit trail": _trail,
}
