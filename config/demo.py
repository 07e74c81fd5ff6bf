"""``make demo``: the site with a believable workspace on SQLite.

The data is made once, through the same recording as real mail, up to the time of the first start,
and kept in .demo/ (or DEMO_FOLDER). Remove that (``make clean`` does) to begin again.
"""

import io
import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import django
from django.core.management import call_command
from django.db import transaction

if TYPE_CHECKING:
    from campaigns.models import Campaign, Workspace
    from campaigns.recording import Event

FOLDER = Path(os.environ.get("DEMO_FOLDER") or Path(__file__).resolve().parent.parent / ".demo")
PORT = os.environ.get("PORT") or "8000"
WORKSPACE = "Demo workspace"
LOGIN = ("admin", "demo")


class Plan(NamedTuple):
    """A campaign to make up: its days count back from today, its rates are of what was sent."""

    name: str
    status: str
    leads: int
    launched: int | None  # days ago
    per_day: int  # on a full weekday
    opened: float = 0.0
    replied: float = 0.0
    bounced: float = 0.0


PLANS = [
    Plan("Welcome series", "ACTIVE", 6000, 118, 75, 0.46, 0.09, 0.012),
    Plan("Spring outreach: logistics", "COMPLETED", 2400, 117, 160, 0.34, 0.08, 0.021),
    Plan("Webinar invitation", "COMPLETED", 3200, 96, 900, 0.41, 0.03, 0.015),
    Plan("Dormant accounts, second try", "COMPLETED", 1800, 88, 120, 0.17, 0.02, 0.064),
    Plan("Agencies in Benelux", "COMPLETED", 1200, 74, 80, 0.37, 0.11, 0.018),
    Plan("Product update: exports", "COMPLETED", 4100, 61, 2100, 0.52, 0.01, 0.008),
    Plan("Partner programme", "PAUSED", 1500, 52, 60, 0.31, 0.07, 0.024),
    Plan("Old list from the trade fair", "FAILED", 2000, 45, 400, 0.09, 0.005, 0.21),
    Plan("Founders, series A", "ACTIVE", 2600, 38, 85, 0.39, 0.12, 0.016),
    Plan("Renewal reminders", "ACTIVE", 900, 30, 30, 0.58, 0.14, 0.004),
    Plan("Autumn newsletter", "COMPLETED", 5200, 12, 2800, 0.44, 0.02, 0.01),
    Plan("Next year's pricing", "DRAFT", 3000, None, 0),
]
# Monday to Sunday, of a full day's sends.
RHYTHM = (0.9, 1.0, 1.0, 0.95, 0.7, 0.06, 0.04)
# Of those who opened a mail, and of those whose address took it: machines open for many.
CLICKED, MACHINE_OPENED = 0.22, 0.31
# For each bounce; an old list annoys more people.
UNSUBSCRIBED, COMPLAINED = 0.3, 0.03
# A campaign that failed or was paused stopped before all of its leads had mail.
STOPPED_AFTER = {"FAILED": 0.45, "PAUSED": 0.6}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    os.environ.update(
        DJANGO_SETTINGS_MODULE="config.settings",
        DATABASE_URL=f"sqlite:///{FOLDER / 'demo.sqlite3'}",
        DEBUG="1",
        SECRET_KEY="only-for-the-demo",
        ALLOWED_HOSTS="127.0.0.1,localhost",
        SECURE_SSL_REDIRECT="0",
    )
    django.setup()
    call_command("migrate", verbosity=0)
    fill()
    make_superuser()
    welcome(key=api_key())
    serve()


def fill() -> None:
    from campaigns.models import Workspace

    with transaction.atomic():
        workspace, created = Workspace.objects.get_or_create(name=WORKSPACE)
        if created:
            record_mail(workspace)


def record_mail(workspace: "Workspace") -> None:
    from campaigns.recording import record_events

    now = datetime.now(UTC)
    for plan in PLANS:
        # What becomes of a campaign's mail is the same on whichever day the demo begins.
        chance = random.Random(plan.name)
        campaign = make_campaign(workspace, plan, chance, now)
        made_up = mail_of(plan, campaign, chance)
        record_events(
            workspace=workspace, events=(event for event in made_up if event.occurred_at <= now)
        )


def make_campaign(
    workspace: "Workspace", plan: Plan, chance: random.Random, now: datetime
) -> "Campaign":
    from campaigns.models import Campaign

    launched_at = None
    if plan.launched is not None:
        day = now.date() - timedelta(days=plan.launched)
        launched_at = datetime.combine(day, time(7, chance.randrange(60)), UTC)
    return Campaign.objects.create(
        id=UUID(int=chance.getrandbits(128), version=4),
        workspace=workspace,
        name=plan.name,
        status=plan.status,
        total_leads=plan.leads,
        launched_at=launched_at,
        created_at=(launched_at or now) - timedelta(days=2, minutes=chance.randrange(600)),
    )


def mail_of(plan: Plan, campaign: "Campaign", chance: random.Random) -> Iterator["Event"]:
    """One message to each lead, weekday by weekday, and what became of it."""
    if campaign.launched_at is None:
        return
    left, day = round(plan.leads * STOPPED_AFTER.get(plan.status, 1)), campaign.launched_at
    number = 0
    while left > 0 and day <= datetime.now(UTC):
        full = plan.per_day * RHYTHM[day.weekday()]
        today = min(left, round(full * chance.uniform(0.85, 1.15)))
        for _ in range(today):
            number += 1
            sent_at = day + timedelta(seconds=chance.triangular(0, 10 * 3600, 2.5 * 3600))
            message_id = f"<{number}.{campaign.id.hex[:12]}@mail.example.com>"
            fate = random.Random(f"{plan.name} {number}")
            yield from message(plan, campaign.id, message_id, sent_at, fate)
        left -= today
        day += timedelta(days=1)


def message(
    plan: Plan, campaign_id: UUID, message_id: str, sent_at: datetime, chance: random.Random
) -> Iterator["Event"]:
    from campaigns.models import EventKind
    from campaigns.recording import Event

    yield Event(campaign_id, message_id, EventKind.SENT, sent_at)
    if chance.random() < plan.bounced:
        bounced_at = sent_at + timedelta(seconds=chance.uniform(1, 600))
        yield Event(campaign_id, message_id, EventKind.BOUNCED, bounced_at)
        return
    if chance.random() < MACHINE_OPENED:
        prefetched_at = sent_at + timedelta(seconds=chance.uniform(2, 900))
        yield Event(campaign_id, message_id, EventKind.MACHINE_OPENED, prefetched_at)
    if chance.random() < plan.opened:
        yield from reading(plan, campaign_id, message_id, sent_at, chance)


def reading(
    plan: Plan, campaign_id: UUID, message_id: str, sent_at: datetime, chance: random.Random
) -> Iterator["Event"]:
    """What someone does who opens a mail."""
    from campaigns.models import EventKind
    from campaigns.recording import Event

    # Half of the opens come within some hours, the others trail for days.
    opened_at = sent_at + timedelta(hours=chance.lognormvariate(1.4, 1.5))
    for again in range(chance.choice((1, 1, 1, 2, 3))):
        yield Event(
            campaign_id, message_id, EventKind.OPENED, opened_at + timedelta(hours=9) * again
        )
    for kind, share in (
        (EventKind.CLICKED, CLICKED),
        (EventKind.UNSUBSCRIBED, UNSUBSCRIBED * plan.bounced / plan.opened),
        (EventKind.COMPLAINED, COMPLAINED * plan.bounced / plan.opened),
    ):
        if chance.random() < share:
            acted_at = opened_at + timedelta(minutes=chance.lognormvariate(0.5, 1))
            yield Event(campaign_id, message_id, kind, acted_at)
    if chance.random() < plan.replied / plan.opened:
        replied_at = opened_at + timedelta(hours=chance.lognormvariate(0.7, 1.4))
        yield Event(campaign_id, message_id, EventKind.REPLIED, replied_at)


def make_superuser() -> None:
    from django.contrib.auth import get_user_model

    users, (name, password) = get_user_model().objects, LOGIN
    if not users.filter(username=name).exists():
        users.create_superuser(name, "admin@example.com", password)


def api_key() -> str:
    """The demo's key: the same at every start, for the file remembers what the database can't."""
    from apikeys.crypto import digest
    from apikeys.models import APIKey

    file = FOLDER / "api-key"
    key = file.read_text().strip() if file.exists() else ""
    usable = APIKey.objects.filter(digest=digest(key), revoked_at=None, expires_at=None)
    if not usable.exists():
        printed = io.StringIO()
        call_command(
            "create_api_key", WORKSPACE, "--name=Demo", "--scope=campaigns:read", stdout=printed
        )
        key = printed.getvalue().strip()
        file.touch(mode=0o600)
        file.write_text(key)
    return key


def welcome(*, key: str) -> None:
    site = f"http://127.0.0.1:{PORT}"
    analytics = f"{site}/api/public/v1/analytics/campaigns"
    print(
        f"""
The key of {WORKSPACE!r}: {key}

curl -H 'X-API-Key: {key}' '{analytics}?status=COMPLETED'
curl -H 'X-API-Key: {key}' '{analytics}/timeline'

The site: {site}/ (Ctrl-C ends it)
The admin: {site}/admin/ ({LOGIN[0]} / {LOGIN[1]})
""",
        flush=True,
    )


def serve() -> None:
    # In silence, so that the lines above stay the last; errors and requests are still logged.
    with open(os.devnull, "w") as nowhere:
        call_command("runserver", f"127.0.0.1:{PORT}", use_reloader=False, stdout=nowhere)


if __name__ == "__main__":
    main()
