import factory
from factory.django import DjangoModelFactory

from campaigns.models import Campaign, CampaignStatus, Workspace


class WorkspaceFactory(DjangoModelFactory[Workspace]):
    class Meta:
        model = Workspace

    name = factory.Sequence(lambda number: f"Workspace {number}")


class CampaignFactory(DjangoModelFactory[Campaign]):
    class Meta:
        model = Campaign

    workspace = factory.SubFactory(WorkspaceFactory)
    name = factory.Sequence(lambda number: f"Campaign {number}")
    status = CampaignStatus.ACTIVE
