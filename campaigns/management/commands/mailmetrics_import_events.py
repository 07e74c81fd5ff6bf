from collections.abc import Callable, Mapping
from typing import Any

from django.core.management.base import CommandError, CommandParser

from campaigns.intake.file_command import FileImportCommand, Pairs
from campaigns.intake.lines import Format, Values
from campaigns.intake.records import EVENT_FIELDS, KINDS, REQUIRED_EVENT_FIELDS, event_reader
from campaigns.management.workspaces import workspace_named
from campaigns.models import Campaign, EventKind
from campaigns.recording import Event, InvalidEvent, Recorded, record_events

_NO_EVENT = "-"


class Command(FileImportCommand[Event]):
    help = "Record the email events of a CSV or JSON Lines file. Doing so again changes nothing."
    fields = EVENT_FIELDS
    required_fields = REQUIRED_EVENT_FIELDS

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--kind",
            action=Pairs,
            metavar="WORD=KIND",
            help=(
                f"What a word of the file means: {', '.join(KINDS)}, or {_NO_EVENT} for what is "
                "no event of these. May be repeated."
            ),
        )

    def reader(
        self, *, workspace: str, file_format: Format, options: Mapping[str, Any]
    ) -> Callable[[Values], Event | None]:
        self.recorded = Recorded()
        self.workspace = workspace_named(workspace, using=self.database)
        campaigns = Campaign.objects.using(self.database).filter(workspace=self.workspace)
        return event_reader(
            campaigns.values_list("id", flat=True),
            kinds=_kinds(options["kind"]),
            zone=options["time_zone"],
        )

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


def _kinds(meanings: Mapping[str, str]) -> dict[str, EventKind | None]:
    kinds: dict[str, EventKind | None] = {**KINDS}
    for word, meaning in meanings.items():
        if meaning != _NO_EVENT and meaning not in KINDS:
            raise CommandError(f"There is no kind {meaning!r}; there are {', '.join(KINDS)}.")
        kinds[word] = None if meaning == _NO_EVENT else KINDS[meaning]
    return kinds
