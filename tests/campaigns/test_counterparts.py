"""A mail whose events name the recipient, or do not, is one mail."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from asgiref.sync import async_to_sync
from django.core.management import call_command

from campaigns.models import EmailEvent, EventKind, Workspace
from campaigns.recording import (
    Event,
    InvalidEvent,
    Recorded,
    arecord_events,
    message_identity,
    record_events,
)
from tests.factories import CampaignFactory
from tests.recount import assert_totals_exact

pytestmark = pytest.mark.django_db

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
ANN, BOB = "ann@example.org", "bob@example.org"
TO_ANN = message_identity(message_id="m", recipient=ANN)
TO_BOB = message_identity(message_id="m", recipient=BOB)


@pytest.fixture
def campaign():
    return CampaignFactory()


def told(campaign, kind, hours, recipient=None, message_id="m"):
    event = {
        "campaign_id": campaign.pk,
        "message_id": message_id,
        "kind": kind,
        "occurred_at": NOON + timedelta(hours=hours),
    }
    return event | ({"recipient": recipient} if recipient else {})


def record(campaign, *events):
    """With a workspace as another process has it."""
    workspace = Workspace.objects.get(pk=campaign.workspace_id)
    return record_events(workspace=workspace, events=events)


def stored():
    assert_totals_exact()
    return set(EmailEvent.objects.values_list("message_id", "kind", "occurred_at"))


def test_in_whichever_order_and_batches_the_events_come(campaign):
    events = [
        told(campaign, "sent", 0),
        told(campaign, "sent", 1, ANN),
        told(campaign, "opened", 3, "Ann <ann@example.org>"),
        told(campaign, "opened", 2, message_id="<m>"),
        told(campaign, "replied", 4),
    ]
    expected = {
        (TO_ANN, EventKind.SENT, NOON),
        (TO_ANN, EventKind.OPENED, NOON + timedelta(hours=2)),
        (TO_ANN, EventKind.REPLIED, NOON + timedelta(hours=4)),
    }
    for order in permutations(events):
        for size in (1, 2, 5):
            EmailEvent.objects.all().delete()
            for start in range(0, 5, size):
                record(campaign, *order[start : start + size])
            assert stored() == expected


def test_what_was_taken_back_in_is_not_new(campaign):
    assert record(campaign, told(campaign, "sent", 0)) == Recorded(new=1)
    assert record(campaign, told(campaign, "sent", 1, ANN)) == Recorded(known=1)
    assert record(campaign, told(campaign, "opened", 1, ANN)) == Recorded(new=1)
    assert record(campaign, told(campaign, "sent", -1)) == Recorded(moved=1)


def test_an_id_of_several_recipients_needs_one_named(campaign):
    sent = [told(campaign, "sent", 0, ANN), told(campaign, "sent", 0, BOB)]
    record(campaign, *sent)
    with pytest.raises(InvalidEvent) as raised:
        record(campaign, told(campaign, "opened", 1, ANN), told(campaign, "opened", 1))
    reason = "its message_id has several recipients: name the recipient"
    assert raised.value.reasons == {1: reason}
    assert stored() == {(TO_ANN, EventKind.SENT, NOON), (TO_BOB, EventKind.SENT, NOON)}


def test_other_ids_and_other_workspaces_have_nothing_to_do_with_it(campaign):
    other = CampaignFactory()
    record(campaign, told(campaign, "sent", 0, ANN, message_id="m2"))
    record(other, told(other, "sent", 0, ANN))
    record(campaign, told(campaign, "sent", 0))
    assert {(e.workspace_id, e.message_id) for e in EmailEvent.objects.all()} == {
        (campaign.workspace_id, message_identity(message_id="m2", recipient=ANN)),
        (campaign.workspace_id, "m"),
        (other.workspace_id, TO_ANN),
    }


def test_async_code_records_as_well(campaign):
    answer = async_to_sync(arecord_events)(
        workspace=campaign.workspace, events=[told(campaign, "sent", 0, ANN)]
    )
    assert answer == Recorded(new=1)
    assert stored() == {(TO_ANN, EventKind.SENT, NOON)}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"campaign_id": "7"}, "badly formed hexadecimal UUID string"),
        ({"kind": "sended"}, "kind must be an EventKind, not 'sended'"),
        ({"occurred_at": "2024-03-01"}, "occurred_at must be a datetime with a time zone, not "),
        ({"recipient": "ann"}, "recipient 'ann' is not one address"),
        ({"colour": "red"}, "an event has no colour"),
    ],
)
def test_a_dict_that_is_no_event_is_told_why(campaign, change, reason):
    with pytest.raises(InvalidEvent) as raised:
        record(campaign, told(campaign, "sent", 0) | change)
    assert raised.value.reason.startswith(reason)


def test_a_dict_s_values_may_be_text(campaign):
    text = {"campaign_id": str(campaign.pk), "occurred_at": "2024-03-01T12:00:00Z", "kind": "sent"}
    record(campaign, {"message_id": "m", **text}, Event(campaign.pk, "<m>", EventKind.SENT, NOON))
    assert stored() == {("m", EventKind.SENT, NOON)}


@pytest.mark.django_db(transaction=True)
def test_the_migration_moves_what_was_recorded_in_other_spellings(campaign):
    try:
        call_command("migrate", "mailmetrics_campaigns", "0001", verbosity=0)
        old = [
            (" <m@X>", 1, 5),
            ("m@x", 1, 3),
            ("<m@x>", 2, 4),
            ("<n@x>", 1, 0),
            (f"n@x {'0' * 16}", 2, 1),
            ("y" * 255, 1, 0),
            ("o", 1, 0),
            (f"o {'0' * 16}", 1, 0),
            (f"o {'1' * 16}", 1, 0),
        ]
        EmailEvent.objects.bulk_create(
            EmailEvent(
                workspace_id=campaign.workspace_id,
                campaign=campaign,
                message_id=message_id,
                kind=kind,
                occurred_at=NOON + timedelta(hours=hours),
            )
            for message_id, kind, hours in old
        )
    finally:
        call_command("migrate", verbosity=0)
    assert stored() == {
        ("m@x", 1, NOON + timedelta(hours=3)),
        ("m@x", 2, NOON + timedelta(hours=4)),
        (f"n@x {'0' * 16}", 1, NOON),
        (f"n@x {'0' * 16}", 2, NOON + timedelta(hours=1)),
        (message_identity(message_id="y" * 255), 1, NOON),
        ("o", 1, NOON),
        (f"o {'0' * 16}", 1, NOON),
        (f"o {'1' * 16}", 1, NOON),
    }
    workspace = Workspace.objects.get()
    assert (workspace.has_recipients, workspace.has_ids_alone) == (True, True)
