from collections.abc import Callable

from campaigns.intake.file_command import FileImportCommand
from campaigns.intake.lines import EVENT_FIELDS, REQUIRED_EVENT_FIELDS, Format, Values, event_reader
from campaigns.management.workspaces import workspace_named
from campaigns.models import Campaign
from campaigns.recording import Event, InvalidEvent, Recorded, record_events


class Command(FileImportCommand[Event]):
    help = "Record the email events of a CSV or JSON Lines file. Doing so again changes nothing."
    fields = EVENT_FIELDS
    required_fields = REQUIRED_EVENT_FIELDS

    def reader(
        self, *, workspace: str, file_format: Format, database: str
    ) -> Callable[[Values], Event]:
        self.database = database
        self.recorded = Recorded()
        self.workspace = workspace_named(workspace, using=database)
        campaigns = Campaign.objects.using(database).filter(workspace=self.workspace)
        return event_reader(campaigns.values_list("id", flat=True))

    def save(self, batch: list[tuple[int, Event]]) -> None:
        while batch:
            events = [event for _, event in batch]
            try:
                self.recorded += record_events(
                    workspace=self.workspace,
                    events=events,
                    batch_size=len(events),
                    using=self.database,
                )
                return
            except InvalidEvent as error:
                # A campaign was deleted meanwhile, or a mail's recipient is left open.
                for index, reason in error.reasons.items():
                    self.refuse(batch[index][0], reason)
                batch = [line for i, line in enumerate(batch) if i not in error.reasons]

    def summary(self) -> str:
        counts = self.recorded
        text = f"events: {counts.new} new, {counts.moved} moved earlier, {counts.known} known"
        if counts.pruned:
            text += f", {counts.pruned} from before the workspace was pruned and not recorded"
        return text
