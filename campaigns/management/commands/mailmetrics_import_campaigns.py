from collections.abc import Callable
from uuid import UUID

from django.core.management.base import CommandError
from django.db import IntegrityError, transaction

from campaigns.intake.file_command import FileImportCommand
from campaigns.intake.lines import (
    CAMPAIGN_FIELDS,
    REQUIRED_CAMPAIGN_FIELDS,
    Format,
    ImportedCampaign,
    Values,
    imported_campaign,
    imported_campaign_of_text,
    workspace_name,
)
from campaigns.intake.values import Refused
from campaigns.models import Campaign, Workspace

# Each row of an UPDATE adds a WHEN to every column's CASE, so larger statements cost more a row.
_UPDATED_AT_ONCE = 100


class Command(FileImportCommand[ImportedCampaign]):
    help = "Create or update a workspace's campaigns from a CSV or JSON Lines file."
    fields = CAMPAIGN_FIELDS
    required_fields = REQUIRED_CAMPAIGN_FIELDS

    def reader(
        self, *, workspace: str, file_format: Format, database: str
    ) -> Callable[[Values], ImportedCampaign]:
        self.database = database
        self.new = self.updated = 0
        try:
            name = workspace_name(workspace)
        except Refused as error:
            raise CommandError(str(error)) from None
        self.workspace, _ = Workspace.objects.using(database).get_or_create(name=name)
        return imported_campaign_of_text if file_format == "csv" else imported_campaign

    def save(self, batch: list[tuple[int, ImportedCampaign]]) -> None:
        try:
            self._save(batch)
        except IntegrityError:
            # Another writer created one of these campaigns meanwhile: now it can be seen.
            self._save(batch)

    def summary(self) -> str:
        return f"campaigns: {self.new} new, {self.updated} updated"

    def _save(self, batch: list[tuple[int, ImportedCampaign]]) -> None:
        campaigns = Campaign.objects.using(self.database)
        with transaction.atomic(using=self.database):
            self._wait_for_other_imports()
            found = campaigns.in_bulk({row.id for _, row in batch})
            taken = {pk for pk, one in found.items() if one.workspace_id != self.workspace.pk}
            rows = [row for _, row in batch if row.id not in taken]
            changed = self._applied(rows, found)
            new = [campaign for pk, campaign in changed.items() if pk not in found]
            campaigns.bulk_create(new)
            campaigns.filter(workspace=self.workspace).bulk_update(
                [campaign for pk, campaign in changed.items() if pk in found],
                {"name", "status"}.union(*(row.values for row in rows)),
                batch_size=_UPDATED_AT_ONCE,
            )
        self.new += len(new)
        self.updated += len(rows) - len(new)
        for number, row in batch:
            if row.id in taken:
                self.refuse(number, f"id {row.id} is taken")

    def _wait_for_other_imports(self) -> None:
        # Two imports that update the same campaigns in different orders would deadlock.
        workspaces = Workspace.objects.using(self.database)
        workspaces.select_for_update(no_key=True).get(pk=self.workspace.pk)

    def _applied(
        self, rows: list[ImportedCampaign], found: dict[UUID, Campaign]
    ) -> dict[UUID, Campaign]:
        """The rows' campaigns as the rows make them: what a row leaves out stays as it is."""
        changed: dict[UUID, Campaign] = {}
        for row in rows:
            campaign = found.get(row.id) or changed.get(row.id)
            campaign = changed[row.id] = campaign or Campaign(id=row.id, workspace=self.workspace)
            for field, value in row.values.items():
                setattr(campaign, field, value)
        return changed
