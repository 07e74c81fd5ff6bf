"""The same events by Python, file, HTTP and webhook, in any order and mix, twice: one answer."""

import csv
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from anymail.inbound import AnymailInboundMessage
from anymail.signals import (
    AnymailInboundEvent,
    AnymailTrackingEvent,
    EventType,
    inbound,
    tracking,
)
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

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
    "ann@example.org": [
        "Ann <ann@example.org> (work)",
        "ANN@Example.org",
        "mailto:ann%40example.org",
    ],
    "bob@bücher.example": ["bob@xn--bcher-kva.example", "Bob@BÜCHER.example."],
    "o'hara@example.com": ["O'Hara@example.com", "\"O'Hara, M.\" <o'hara@example.com>"],
}


class World:
    def __init__(self, tmp_path, chance):
        self.random = chance
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
        spelling = self.random.choice(["{}", "<{}>", " <{}> ", "<{}> (by the relay)", "%3C{}%3E"])
        message_id = event["message_id"]
        if spelling[0] == "%":  # as in a URL
            message_id = message_id.replace("@", "%40")
        message_id = spelling.format(message_id)
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
        for told in events:
            if told["kind"] == "replied":
                self.reply_by_webhook(told)
                continue
            event = self.spelled(told)
            happened = AnymailTrackingEvent(
                event_type=TYPES[event["kind"]],
                timestamp=event["occurred_at"],
                message_id=event["message_id"],
                recipient=event["recipient"],
                metadata={"campaign_id": event["campaign_id"]},
                esp_event={"sg_machine_open": event["kind"] == "machine_opened"},
            )
            tracking.send(sender=None, event=happened, esp_name="SendGrid")

    def reply_by_webhook(self, event):
        """It finds its message once that is recorded as sent, and has to come otherwise before."""
        identity = message_identity(message_id=event["message_id"], recipient=event["recipient"])
        if not EmailEvent.objects.filter(message_id=identity, kind=EventKind.SENT).exists():
            self.by_http([event])
            return
        told_id = event["message_id"]
        event = self.spelled(event)
        mail = AnymailInboundMessage.construct(
            from_email=event["recipient"],
            headers=[("In-Reply-To", f"<{told_id}>")],
            text="Tell me more.",
        )
        received = AnymailInboundEvent(
            event_type=EventType.INBOUND, timestamp=event["occurred_at"], message=mail
        )
        inbound.send(sender=None, event=received, esp_name="SendGrid")


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


# The message, its recipient, what happened to it and in which minute; a message is of one campaign.
# Few messages, often sent and answered: a reply needs a message that is recorded as sent.
TOLD = st.tuples(
    st.integers(0, 1),
    st.sampled_from(RECIPIENTS),
    st.sampled_from([*TYPES, *["sent", "replied"] * 3]),
    st.integers(0, 90),
)


class FourWays(TestCase):
    @settings(max_examples=40)
    @given(told=st.lists(TOLD, min_size=1, max_size=25), chance=st.randoms(use_true_random=True))
    def test_any_events_in_any_order_and_mix_twice(self, told, chance):
        with TemporaryDirectory() as folder:
            world = World(Path(folder), chance)
            events = [
                {
                    "campaign_id": str(world.campaigns[number % 2].pk),
                    "message_id": f"{number}@mg.example.com",
                    "recipient": recipient,
                    "kind": kind,
                    "occurred_at": START + timedelta(minutes=minute),
                }
                for number, recipient, kind, minute in told
            ]
            ways = [world.by_python, world.by_file, world.by_http, world.by_webhook]
            for _ in range(2):
                rest = chance.sample(events, len(events))
                while rest:
                    size = chance.randint(1, len(rest))
                    chance.choice(ways)(rest[:size])
                    rest = rest[size:]
            assert stored() == expected_of(events)


def test_ten_thousand_events_in_any_mix_twice(tmp_path):
    world = World(tmp_path, random.Random("mix"))
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
    world = World(tmp_path, random.Random(seed))
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


def test_a_reply_by_webhook_is_the_one_that_the_other_ways_tell(tmp_path):
    world = World(tmp_path, random.Random("reply"))
    event = {
        "campaign_id": str(world.campaigns[0].pk),
        "message_id": "1@mg.example.com",
        "recipient": RECIPIENTS[0],
    }
    sent = event | {"kind": "sent", "occurred_at": START}
    replied = event | {"kind": "replied", "occurred_at": START + timedelta(hours=1)}
    world.by_python([sent])
    world.by_webhook([replied])
    assert stored() == expected_of([sent, replied])
    for way in (world.by_python, world.by_file, world.by_http):
        way([replied])
        assert stored() == expected_of([sent, replied])
