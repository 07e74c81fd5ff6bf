"""Campaigns from outside, created or updated."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction

from campaigns.intake.records import ImportedCampaign
from campaigns.models import Campaign, Workspace

# Each row of an UPDATE adds a WHEN to every column's CASE, so larger statements cost more a row.
_UPDATED_AT_ONCE = 100


class Saved(NamedTuple):
    """How many rows made a campaign, how many changed one, and the ids of other workspaces'."""

    new: int
    updated: int
    taken: set[UUID]


def save_campaigns(*, workspace: Workspace, rows: Sequence[ImportedCampaign], using: str) -> Saved:
    """Create or update the workspace's campaigns in one transaction; a later row wins.

    What a row leaves out stays as it is. A campaign of another workspace is left alone.
    """
    try:
        return _saved(workspace, rows, using)
    except IntegrityError:
        # Another writer created one of these campaigns meanwhile: now it can be seen.
        return _saved(workspace, rows, using)


def _saved(workspace: Workspace, rows: Sequence[ImportedCampaign], using: str) -> Saved:
    campaigns = Campaign.objects.using(using)
    with transaction.atomic(using=using):
        # Two that update the same campaigns in different orders would deadlock.
        Workspace.objects.using(using).select_for_update(no_key=True).get(pk=workspace.pk)
        found = campaigns.in_bulk({row.id for row in rows})
        taken = {pk for pk, one in found.items() if one.workspace_id != workspace.pk}
        own = [row for row in rows if row.id not in taken]
        changed = _applied(workspace, own, found)
        new = [campaign for pk, campaign in changed.items() if pk not in found]
        campaigns.bulk_create(new)
        campaigns.filter(workspace=workspace).bulk_update(
            [campaign for pk, campaign in changed.items() if pk in found],
            {"name", "status"}.union(*(row.values for row in own)),
            batch_size=_UPDATED_AT_ONCE,
        )
    return Saved(len(new), len(own) - len(new), taken)


def _applied(
    workspace: Workspace, rows: Sequence[ImportedCampaign], found: dict[UUID, Campaign]
) -> dict[UUID, Campaign]:
    """The rows' campaigns as the rows make them: what a row leaves out stays as it is."""
    changed: dict[UUID, Campaign] = {}
    for row in rows:
        campaign = found.get(row.id) or changed.get(row.id)
        campaign = changed[row.id] = campaign or Campaign(id=row.id, workspace=workspace)
        for field, value in row.values.items():
            setattr(campaign, field, value)
    return changed
