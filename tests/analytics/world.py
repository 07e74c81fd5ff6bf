"""Two workspaces with events, and their totals told by names: for tests of the triggers."""

from datetime import UTC, datetime, timedelta

from campaigns.models import EmailEvent, EventKind
from tests.factories import CampaignFactory, WorkspaceFactory
from tests.recount import assert_totals_exact, stored_totals

SENT, OPENED, REPLIED, BOUNCED, CLICKED, UNSUBSCRIBED, COMPLAINED, MACHINE_OPENED = EventKind
MIDNIGHT = datetime(2024, 1, 2, tzinfo=UTC)
MONDAY = MIDNIGHT - timedelta(hours=12)
TUESDAY = MIDNIGHT + timedelta(hours=12)


class World:
    """Campaigns a1 and a2 of workspace A and b1 of workspace B."""

    def __init__(self):
        self.a, self.b = WorkspaceFactory(name="A"), WorkspaceFactory(name="B")
        self.a1 = CampaignFactory(workspace=self.a, name="a1")
        self.a2 = CampaignFactory(workspace=self.a, name="a2")
        self.b1 = CampaignFactory(workspace=self.b, name="b1")
        self.names = {row.pk: row.name for row in (self.a, self.b, self.a1, self.a2, self.b1)}
        EmailEvent.objects.bulk_create(
            [
                event(self.a1, "m1", SENT),
                event(self.a1, "m1", OPENED, TUESDAY),
                event(self.a1, "m2", SENT),
                event(self.a2, "m3", SENT),
                event(self.b1, "m1", SENT),
            ]
        )

    def totals(self):
        """By campaign and by day, once they are seen to be a recount."""
        assert_totals_exact()
        campaigns, days, _ = stored_totals()
        return (
            {self.names[campaign_id]: counts for (_, campaign_id), counts in campaigns.items()},
            {(self.names[w], f"{day:%a}"): counts for (w, day), counts in days.items()},
        )


AS_MADE = (
    {"a1": {"sent": 2, "opened": 1}, "a2": {"sent": 1}, "b1": {"sent": 1}},
    {("A", "Mon"): {"sent": 3}, ("A", "Tue"): {"opened": 1}, ("B", "Mon"): {"sent": 1}},
)


def event(campaign, message_id, kind, occurred_at=MONDAY):
    return EmailEvent(
        workspace_id=campaign.workspace_id,
        campaign=campaign,
        message_id=message_id,
        kind=kind,
        occurred_at=occurred_at,
    )


def row(campaign, message_id, kind, occurred_at=MONDAY):
    """The same, for ``insert_events``."""
    return campaign.workspace_id, campaign.pk, message_id, int(kind), occurred_at
