"""Erasing a recipient's message ids: nobody finds them again, and every count stays."""

import pytest
from django.core.management import CommandError

from analytics.reports import campaign_report
from campaigns.models import EmailEvent, EventKind
from campaigns.recording import Recorded, record_events
from campaigns.recording.erasing import erase_messages
from campaigns.recording.identity import recipient_mark
from tests.commands import run
from tests.factories import CampaignFactory, WorkspaceFactory
from tests.recount import assert_totals_exact

ANN, BEN = "ann@example.org", "ben@example.org"

pytestmark = pytest.mark.django_db


def event(campaign, message_id, kind="sent", recipient=None):
    return {
        "campaign_id": str(campaign.pk),
        "message_id": message_id,
        "kind": kind,
        "occurred_at": "2024-01-01T00:00:00Z",
        "recipient": recipient,
    }


@pytest.fixture
def campaign():
    campaign = CampaignFactory(workspace=WorkspaceFactory(name="Acme"))
    record_events(
        workspace=campaign.workspace,
        events=[
            event(campaign, "1@x", "sent", ANN),
            event(campaign, "1@x", "opened", ANN),
            event(campaign, "2@x", "sent", ANN),
            event(campaign, "1@x", "sent", BEN),
            event(campaign, "alone@x", "sent"),
        ],
    )
    other = CampaignFactory()
    record_events(workspace=other.workspace, events=[event(other, "1@x", "sent", ANN)])
    return campaign


def ids(workspace):
    return sorted(EmailEvent.objects.filter(workspace=workspace).values_list("message_id", "kind"))


def test_a_recipients_messages_are_not_found_again_and_still_count(campaign):
    workspace = campaign.workspace
    before = campaign_report(workspace_id=workspace.pk)

    assert erase_messages(workspace=workspace, recipient=f"Ann <{ANN.upper()}>") == 2

    assert campaign_report(workspace_id=workspace.pk) == before
    assert_totals_exact()
    kept = ids(workspace)
    assert not any(recipient_mark(ANN) in message_id for message_id, _ in kept)
    erased = [(message_id, kind) for message_id, kind in kept if message_id.startswith("erased-")]
    assert sorted(kind for _, kind in erased) == [1, 1, EventKind.OPENED]
    assert len({message_id for message_id, _ in erased}) == 2
    assert {message_id for message_id, _ in kept} - {message_id for message_id, _ in erased} == {
        "alone@x",
        f"1@x {recipient_mark(BEN)}",
    }
    # The other workspace's own.
    assert EmailEvent.objects.filter(message_id=f"1@x {recipient_mark(ANN)}").count() == 1
    assert erase_messages(workspace=workspace, recipient=ANN) == 0


def test_an_id_without_a_recipient_is_named_itself(campaign):
    told = run("mailmetrics_erase_messages", "Acme", "--message-id=<alone@x>", "--message-id=no@x")
    assert told.out == "The ids of 1 messages are erased, all totals kept.\n"
    assert "alone@x" not in {message_id for message_id, _ in ids(campaign.workspace)}
    assert_totals_exact()


def test_what_happens_later_to_an_erased_message_is_of_a_new_one(campaign):
    run("erase_messages", "Acme", "--recipient", ANN)
    again = [event(campaign, "1@x", "sent", ANN)]
    assert record_events(workspace=campaign.workspace, events=again) == Recorded(new=1)
    assert_totals_exact()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "Name the messages by --recipient or --message-id."),
        (["--recipient=nobody"], "recipient 'nobody' is not one address"),
        (["--message-id= "], "message_id is empty"),
    ],
)
def test_what_is_no_message_is_refused(campaign, arguments, reason):
    before = ids(campaign.workspace)
    with pytest.raises(CommandError, match=reason):
        run("erase_messages", "Acme", *arguments)
    assert ids(campaign.workspace) == before
