"""The signal that follows a recorded batch."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import transaction

from campaigns.models import EmailEvent, EventKind
from campaigns.recording import Event, InvalidEvent, Recorded, record_events
from campaigns.signals import events_recorded
from tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db(transaction=True)

AT = datetime(2024, 1, 15, 10, tzinfo=UTC)


@pytest.fixture
def campaign():
    return CampaignFactory()


@pytest.fixture
def received():
    """What a receiver was given, with the number of events that it then found stored."""
    calls = []

    def receive(**given):
        del given["signal"]
        calls.append(given | {"stored": EmailEvent.objects.count()})

    events_recorded.connect(receive)
    yield calls
    events_recorded.disconnect(receive)


def sent(campaign, *message_ids):
    return [Event(campaign.pk, message_id, EventKind.SENT, AT) for message_id in message_ids]


def told(workspace, stored, *campaigns, **counts):
    return {
        "sender": EmailEvent,
        "workspace": workspace,
        "recorded": Recorded(**counts),
        "campaign_ids": frozenset(campaign.pk for campaign in campaigns),
        "using": "default",
        "stored": stored,
    }


def test_each_batch_is_told_once_it_is_stored(campaign, received):
    other = CampaignFactory(workspace=campaign.workspace)
    events = [*sent(campaign, "a"), *sent(other, "b"), *sent(campaign, "a")]
    record_events(workspace=campaign.workspace, events=events, batch_size=2)

    workspace = campaign.workspace
    assert received == [
        told(workspace, 2, campaign, other, new=2),
        told(workspace, 2, campaign, known=1),
    ]


def test_nothing_recorded_is_nothing_told(campaign, received):
    record_events(workspace=campaign.workspace, events=[])

    assert received == []


def test_a_refused_batch_is_not_told_and_those_before_it_are(campaign, received):
    events = [*sent(campaign, "a"), Event(uuid4(), "b", EventKind.SENT, AT)]
    with pytest.raises(InvalidEvent):
        record_events(workspace=campaign.workspace, events=events, batch_size=1)

    assert received == [told(campaign.workspace, 1, campaign, new=1)]


def test_in_a_transaction_it_waits_for_the_commit(campaign, received):
    with transaction.atomic():
        record_events(workspace=campaign.workspace, events=sent(campaign, "a"))
        assert received == []

    assert received == [told(campaign.workspace, 1, campaign, new=1)]


def test_a_transaction_that_rolls_back_is_not_told(campaign, received):
    with transaction.atomic():
        record_events(workspace=campaign.workspace, events=sent(campaign, "a"))
        transaction.set_rollback(True)

    assert (received, EmailEvent.objects.count()) == ([], 0)


def test_a_receivers_error_is_logged_and_goes_no_further(campaign, caplog):
    heard = []

    def fail(**given):
        raise RuntimeError("out of order")

    def hear(*, recorded, **given):
        heard.append(recorded)

    events_recorded.connect(fail)
    events_recorded.connect(hear)
    try:
        events = sent(campaign, "a", "b")
        record_events(workspace=campaign.workspace, events=events, batch_size=1)
    finally:
        events_recorded.disconnect(fail)
        events_recorded.disconnect(hear)

    assert (heard, EmailEvent.objects.count()) == ([Recorded(new=1)] * 2, 2)
    logged = [(record.name, str(record.exc_info[1])) for record in caplog.records]
    assert logged == [("django.dispatch", "out of order")] * 2
