"""Rows for tests, made with as little said as the test needs."""

import factory
from factory.django import DjangoModelFactory

from apikeys import crypto
from apikeys.models import APIKey
from campaigns.models import Campaign, CampaignStatus, Workspace


class WorkspaceFactory(DjangoModelFactory):
    class Meta:
        model = Workspace

    name = factory.Sequence(lambda n: f"Workspace {n}")


class APIKeyFactory(DjangoModelFactory):
    """A row in any state, also one that ``create_key`` would refuse; ``key`` is the key's text."""

    class Meta:
        model = APIKey

    class Params:
        key = factory.LazyFunction(crypto.generate)

    workspace = factory.SubFactory(WorkspaceFactory)
    name = factory.Sequence(lambda n: f"Key {n}")
    scopes = factory.LazyFunction(lambda: ["campaigns:read"])
    digest = factory.LazyAttribute(lambda row: crypto.digest(row.key))
    hint = factory.LazyAttribute(lambda row: crypto.hint(row.key))


def new_key(**row):
    """The text of a key whose row is so."""
    key = crypto.generate()
    APIKeyFactory(key=key, **row)
    return key


class CampaignFactory(DjangoModelFactory):
    class Meta:
        model = Campaign

    workspace = factory.SubFactory(WorkspaceFactory)
    name = factory.Sequence(lambda n: f"Campaign {n}")
    status = CampaignStatus.ACTIVE
