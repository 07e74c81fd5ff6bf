from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.core.management.base import CommandError, CommandParser

from campaigns.intake.file_command import FileImportCommand
from campaigns.intake.lines import Format, Values
from campaigns.intake.records import (
    CAMPAIGN_FIELDS,
    REQUIRED_CAMPAIGN_FIELDS,
    ImportedCampaign,
    imported_campaign,
    imported_campaign_of_text,
    workspace_name,
)
from campaigns.intake.saving import save_campaigns
from campaigns.intake.values import Refused
from campaigns.management.workspaces import workspace_named
from campaigns.models import Workspace


class Command(FileImportCommand[ImportedCampaign]):
    help = "Create or update a workspace's campaigns from a CSV or JSON Lines file."
    fields = CAMPAIGN_FIELDS
    required_fields = REQUIRED_CAMPAIGN_FIELDS

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--create", action="store_true", help="Create the workspace if there is none."
        )

    def reader(
        self, *, workspace: str, file_format: Format, options: Mapping[str, Any]
    ) -> Callable[[Values], ImportedCampaign]:
        self.new = self.updated = 0
        self.workspace = self._workspace(workspace, create=options["create"])
        read = imported_campaign_of_text if file_format == "csv" else imported_campaign
        return partial(read, zone=options["time_zone"])

    def _workspace(self, name: str, *, create: bool) -> Workspace:
        """One that is to be created is so with the first good lines."""
        try:
            return workspace_named(name, using=self.database)
        except CommandError as error:
            if not create:
                hint = f"{error} With --create it is created."
                raise CommandError(hint) from None
        try:
            return Workspace(name=workspace_name(name))
        except Refused as error:
            raise CommandError(str(error)) from None

    def save(self, batch: list[tuple[int, ImportedCampaign]]) -> None:
        workspace = self.workspace
        if workspace.pk is None:
            workspace, _ = Workspace.objects.using(self.database).get_or_create(name=workspace.name)
            if not self.dry_run:
                self.workspace = workspace
        rows = [row for _, row in batch]
        saved = save_campaigns(workspace=workspace, rows=rows, using=self.database)
        self.new += saved.new
        self.updated += saved.updated
        for number, row in batch:
            if row.id in saved.taken:
                self.refuse(number, f"id {row.id} is taken")

    def summary(self) -> str:
        return f"campaigns: {self.new} new, {self.updated} updated"
