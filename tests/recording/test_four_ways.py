"""The same events by Python, file, HTTP and webhook, in any order and mix, twice: one answer."""

import csv
import json
import random
from datetime import UTC, datetime, timedelta

import pytest
from anymail.signals import AnymailTrackingEvent, EventType, tracking
from django.test import Client

from campaigns.models import EmailEvent, EventKind, Workspace
from campaigns.recording import message_identity, record_events
from tests.commands import run
from tests.factories import CampaignFactory, WorkspaceFactory, new_key
from tests.recount import assert_totals_exact

pytestmark = pytest.mark.django_db

START = datetime(2024, 3, 1, tzinfo=UTC)
TYPES = {
    "sent": EventType.DELIVERED,
    "opened": EventType.OPENED,
    "machine_opened": EventType.OPENED,
    "bounced": EventType.BOUNCED,
    "clicked": EventType.CLICKED,
    "unsubscribed": EventType.UNSUBSCRIBED,
    "complained": EventType.COMPLAINED,
}
RECIPIENTS = ["ann@example.org", "bob@bücher.example", "o'hara@example.com"]
SPELLED = {
    "ann@example.org": ["Ann <ann@example.org>", "ANN@Example.org"],
    "bob@bücher.example": ["bob@xn--bcher-kva.example", "Bob@BÜCHER.example."],
    "o'hara@example.com": ["O'Hara@example.com", "\"O'Hara, M.\" <o'hara@example.com>"],
}


class World:
    def __init__(self, tmp_path, seed):
        self.random = random.Random(seed)
        self.folder = tmp_path
        self.workspace = WorkspaceFactory(name="acme")
        self.campaigns = [CampaignFactory(workspace=self.workspace) for _ in range(2)]
        key = new_key(workspace=self.workspace, scopes=["events:create"])
        self.client = Client(headers={"X-API-Key": key})

    def events(self, number):
        """Some of them twice, at other instants, or of the other campaign."""
        return [
            {
                "campaign_id": str(self.random.choice(self.campaigns).pk),
                "message_id": f"{self.random.randrange(number // 8)}@mg.example.com",
                "recipient": self.random.choice(RECIPIENTS),
                "kind": self.random.choice(list(TYPES)),
                "occurred_at": START + timedelta(minutes=self.random.randrange(10_000)),
            }
            for _ in range(number)
        ]

    def spelled(self, event):
        message_id = self.random.choice(["{}", "<{}>", " <{}> "]).format(event["message_id"])
        recipient = self.random.choice([event["recipient"], *SPELLED[event["recipient"]]])
        return event | {"message_id": message_id, "recipient": recipient}

    def by_python(self, events):
        workspace = Workspace.objects.get(pk=self.workspace.pk)
        record_events(workspace=workspace, events=map(self.spelled, events))

    def by_file(self, events):
        file = self.folder / "events.csv"
        with file.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, events[0], delimiter=self.random.choice(",;\t"))
            writer.writeheader()
            writer.writerows(map(self.spelled, events))
        assert run("import_events", "acme", file).status == 0

    def by_http(self, events):
        body = json.dumps([self.spelled(event) for event in events], default=str)
        answer = self.client.post("/api/public/v1/events", body, "application/json")
        assert (answer.status_code, answer.json()["refused"]) == (200, [])

    def by_webhook(self, events):
        for event in map(self.spelled, events):
            happened = AnymailTrackingEvent(
                event_type=TYPES[event["kind"]],
                timestamp=event["occurred_at"],
                message_id=event["message_id"],
                recipient=event["recipient"],
                metadata={"campaign_id": event["campaign_id"]},
                esp_event={"sg_machine_open": event["kind"] == "machine_opened"},
            )
            tracking.send(sender=None, event=happened, esp_name="SendGrid")


def expected_of(events):
    """In plain Python: each message's earliest instant of each kind; of ties the smaller id."""
    earliest = {}
    for event in events:
        identity = message_identity(message_id=event["message_id"], recipient=event["recipient"])
        key = (identity, EventKind[event["kind"].upper()])
        place = (event["occurred_at"], event["campaign_id"])
        earliest[key] = min(earliest.get(key, place), place)
    return {(*key, *place) for key, place in earliest.items()}


def stored():
    assert_totals_exact()
    events = EmailEvent.objects.values_list("message_id", "kind", "occurred_at", "campaign_id")
    return {(*values, str(campaign_id)) for *values, campaign_id in events}


@pytest.mark.parametrize("seed", range(4))
def test_each_event_told_by_all_four_ways_twice(tmp_path, seed):
    world = World(tmp_path, seed)
    events = world.events(150)
    ways = [world.by_python, world.by_file, world.by_http, world.by_webhook] * 2
    world.random.shuffle(ways)
    for way in ways:
        world.random.shuffle(events)
        way(events)
    assert stored() == expected_of(events)


def test_ten_thousand_events_in_any_mix_twice(tmp_path):
    world = World(tmp_path, "mix")
    events = world.events(10_000)
    ways = [world.by_python, world.by_file, world.by_http, world.by_webhook]
    for _ in range(2):
        world.random.shuffle(events)
        start = 0
        while start < len(events):
            way = world.random.choice(ways)
            size = world.random.randrange(1, 60 if way == world.by_webhook else 900)
            way(events[start : start + size])
            start += size
    assert stored() == expected_of(events)


@pytest.mark.parametrize("seed", range(3))
def test_some_of_them_without_the_recipient_that_others_name(tmp_path, seed):
    """An id of one recipient: whoever leaves it out means the same message."""
    world = World(tmp_path, seed)
    events = [event | {"recipient": RECIPIENTS[0]} for event in world.events(120)]
    ways = [world.by_python, world.by_file, world.by_http]
    spelled = world.spelled
    world.spelled = lambda event: (
        spelled(event) | ({"recipient": ""} if world.random.random() < 0.5 else {})
    )
    for _ in range(2):
        world.random.shuffle(events)
        for start in range(0, len(events), 20):
            world.random.choice(ways)(events[start : start + 20])
    world.spelled = spelled
    world.by_http(events)  # each id has its recipient by now
    assert stored() == expected_of(events)
