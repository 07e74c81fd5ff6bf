"""Made-up mail that looks like real mail: campaigns go out one after another over a year, each
within days, and what is opened, replied to or bounced follows within hours. The same every time.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

from campaigns.models import Campaign, CampaignStatus, EventKind, Workspace
from campaigns.recording import Event

DAYS = 365
LAST = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
FIRST = LAST - timedelta(days=DAYS - 1)
# Of seven events, three sends, two opens, a reply and a bounce: with counts for every rate.
KINDS = (1, 2, 1, 2, 1, 3, 4)
LABELS = {kind: kind.label for kind in EventKind}
AT_ONCE = 20  # campaigns that go out at the same time


def new_workspace(
    name: str, *, campaigns: int, days: int = DAYS, using: str = "default"
) -> Workspace:
    first, span = _span(days)
    workspace = Workspace.objects.using(using).create(name=name)
    Campaign.objects.using(using).bulk_create(
        Campaign(
            id=_identifier(workspace.pk, number),
            workspace=workspace,
            name=f"Campaign {number} „Grüße“",
            status=CampaignStatus.values[number % 5],
            total_leads=500,
            launched_at=first + number * span / campaigns,
            created_at=first + number * span / campaigns,
        )
        for number in range(campaigns)
    )
    return workspace


def _span(days: int) -> tuple[datetime, timedelta]:
    return LAST - timedelta(days=days - 1), timedelta(days=days)


def _identifier(workspace_id: int, number: int) -> UUID:
    return UUID(int=Random(f"{workspace_id} {number}").getrandbits(128), version=4)


def events(
    workspace: Workspace,
    number: int,
    *,
    campaigns: int,
    days: int = DAYS,
    part: int = 0,
    sorted_ids: bool = False,
) -> Iterator[Event]:
    """In the order in which they happen, each a message of its own; of another part, other ones.

    With ``sorted_ids`` those of a later part sort after those of an earlier one.
    """
    chance = Random(number + part)
    first, span = _span(days)
    kinds = [EventKind(kind) for kind in KINDS]
    identifiers = [_identifier(workspace.pk, each) for each in range(campaigns)]
    step = span / number
    for each in range(number):
        campaign = each * campaigns // number - int(chance.random() * AT_ONCE)
        start = part * number + each if sorted_ids else chance.getrandbits(64)
        message = f"<{start:016x}.{each}@mail.example.com>"
        yield Event(identifiers[campaign], message, kinds[each % 7], first + each * step)


def write_lines(path: Path, rows: Iterator[Event]) -> None:
    """A file for import_events."""
    with path.open("w") as file:
        file.write("campaign_id,message_id,kind,occurred_at\n")
        file.writelines(
            f"{campaign_id},{message_id},{LABELS[kind]},{occurred_at.isoformat()}\n"
            for campaign_id, message_id, kind, occurred_at in rows
        )
