"""POST events and PUT campaigns/{campaign_id}: what they record, and what they refuse and how."""

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from django.db import connection
from django.test import Client, override_settings

from campaigns.models import Campaign, EmailEvent, Workspace
from campaigns.recording import message_identity
from tests.factories import CampaignFactory, WorkspaceFactory, new_key
from tests.recount import assert_totals_exact

pytestmark = pytest.mark.django_db

EVENTS = "/api/public/v1/events"
NINE = datetime(2024, 3, 1, 9, tzinfo=UTC)
NDJSON = "application/x-ndjson"


@pytest.fixture
def campaign():
    return CampaignFactory(workspace__name="acme")


@pytest.fixture
def client(campaign):
    return keyed(campaign.workspace, "events:create", "campaigns:update")


def keyed(workspace, *scopes):
    return Client(headers={"X-API-Key": new_key(workspace=workspace, scopes=list(scopes))})


def event(campaign, **values):
    return {
        "campaign_id": str(campaign.pk),
        "message_id": "<m@x>",
        "kind": "sent",
        "occurred_at": "2024-03-01T09:00:00Z",
    } | values


def post(client, events, content_type="application/json"):
    if content_type == NDJSON:
        body = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in events)
    else:
        body = json.dumps(events)
    return client.post(EVENTS, body, content_type)


def stored():
    assert_totals_exact()
    return set(EmailEvent.objects.values_list("message_id", "kind", "occurred_at"))


@pytest.mark.parametrize("content_type", ["application/json", NDJSON])
def test_events_are_recorded_once_however_often_they_are_sent(campaign, client, content_type):
    events = [
        event(campaign),
        event(campaign, kind="opened", recipient="Ann <ann@example.org>"),
        event(campaign, kind="machine_opened", occurred_at="2024-03-01T10:00:00+01:00"),
    ]
    answers = [post(client, events, content_type) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == {"new": 3, "moved": 0, "known": 0, "pruned": 0, "refused": []}
    assert answers[1].json() == {"new": 0, "moved": 0, "known": 3, "pruned": 0, "refused": []}
    identity = message_identity(message_id="m@x", recipient="ann@example.org")
    assert stored() == {(identity, 1, NINE), (identity, 2, NINE), (identity, 8, NINE)}


def test_what_is_earlier_moves_a_known_event_and_what_was_pruned_stays_out(campaign, client):
    assert post(client, [event(campaign)]).json()["new"] == 1
    horizon = NINE - timedelta(days=1)
    Workspace.objects.filter(pk=campaign.workspace_id).update(events_pruned_before=horizon)
    hour = timedelta(hours=1)
    events = [
        event(campaign, occurred_at=str(NINE - hour)),
        event(campaign, occurred_at=str(NINE + hour)),
        event(campaign, message_id="old", occurred_at=str(horizon - hour)),
    ]
    expected = {"new": 0, "moved": 1, "known": 1, "pruned": 1, "refused": []}
    assert post(client, events).json() == expected
    assert stored() == {("m@x", 1, NINE - hour)}


@pytest.mark.parametrize("content_type", ["application/json", NDJSON])
def test_the_most_events_that_a_request_may_bring_are_recorded(campaign, client, content_type):
    events = [event(campaign, message_id=f"m{n}") for n in range(10_000)]
    assert post(client, events, content_type).json()["new"] == 10_000
    answer = post(client, [*events, event(campaign)], content_type)
    assert (answer.status_code, answer["Content-Type"]) == (413, "application/json")
    assert answer.json() == {"detail": "A request may bring 10,000 events at most."}
    assert EmailEvent.objects.count() == 10_000


def test_each_bad_event_is_told_and_the_good_are_recorded(campaign, client):
    other = CampaignFactory()
    events = [
        event(campaign),
        event(campaign, kind="read"),
        event(campaign, campaign_id=str(other.pk)),
        event(campaign, campaign_id="7"),
        event(campaign, occurred_at="2024-03-01"),
        event(campaign, message_id=" "),
        event(campaign, recipient="ann"),
        event(campaign, colour="red"),
        {},
        None,
    ]
    answer = post(client, events)
    assert answer.status_code == 200
    kinds = "sent, opened, replied, bounced, clicked, unsubscribed, complained, machine_opened"
    fields = "campaign_id, message_id, kind, occurred_at, recipient"
    expected = [
        (1, ["kind"], f"kind 'read' is not one of {kinds}", "invalid_choice"),
        (
            2,
            ["campaign_id"],
            f"campaign_id '{other.pk}' is not a campaign of this workspace",
            "unknown_campaign",
        ),
        (3, ["campaign_id"], "campaign_id '7' is not a UUID", "invalid_uuid"),
        (4, ["occurred_at"], "occurred_at '2024-03-01' is not an ISO 8601 instant", "invalid_inst"),
        (5, ["message_id"], "message_id is empty", "invalid_text"),
        (6, ["recipient"], "recipient 'ann' is not one address", "invalid_text"),
        (7, [], f"'colour' is not a field: there are {fields}", "unknown_field"),
        (8, ["kind"], "kind is missing", "missing"),
        (9, [], "is not a JSON object", "invalid"),
    ]
    assert answer.json() == {
        "new": 1,
        "moved": 0,
        "known": 0,
        "pruned": 0,
        "refused": [
            {
                "index": index,
                "loc": ["body", index, *place],
                "msg": text,
                "type": "invalid_instant" if kind == "invalid_inst" else kind,
            }
            for index, place, text, kind in expected
        ],
    }
    assert stored() == {("m@x", 1, NINE)}


@pytest.mark.parametrize("content_type", ["application/json", NDJSON])
def test_a_byte_order_mark_changes_nothing(campaign, client, content_type):
    text = json.dumps(event(campaign))
    body = f"\ufeff[{text}]" if content_type != NDJSON else f"\ufeff{text}\r\n\r\n{text}"
    assert client.post(EVENTS, body.encode(), content_type).json()["new"] == 1


def test_a_line_that_is_no_json_costs_itself_alone(campaign, client):
    answer = post(
        client, [event(campaign), '{"campaign_id": ', event(campaign, kind="opened")], NDJSON
    )
    assert answer.json()["new"] == 2
    [refused] = answer.json()["refused"]
    assert (refused["index"], refused["loc"]) == (1, ["body", 1])
    assert refused["msg"].startswith("is not JSON: ")


def test_a_mail_of_several_recipients_needs_one_named(campaign, client):
    to = [event(campaign, recipient=f"{name}@example.org") for name in ("ann", "bob")]
    assert post(client, to).json()["new"] == 2
    answer = post(client, [event(campaign, kind="opened"), event(campaign, message_id="n")]).json()
    assert answer["new"] == 1
    assert [each["index"] for each in answer["refused"]] == [0]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "kind"),
    [
        (b"[{]", "application/json", 400, "invalid_json"),
        (b" ", "application/json", 400, "invalid_json"),
        (b"{}", "application/json", 400, "invalid_type"),
        (b"[NaN]", "application/json", 400, "invalid_json"),
        (b"\xff", "application/json", 400, "invalid_json"),
        (b"[" * 100_000, "application/json", 400, "invalid_json"),
        (b"\xff\xfe\x00", NDJSON, 400, "invalid_json"),
        (b"[]", "text/csv", 415, None),
        (b"[]", "application/x-www-form-urlencoded", 415, None),
        (b"[" + b" " * 5_000_000 + b"]", "application/json", 413, None),
        (b"\n" * 5_000_001, NDJSON, 413, None),
        (b"{}\n" * 10_001, NDJSON, 413, None),
        (b"[" + b"1," * 10_000 + b"1]", "application/json", 413, None),
    ],
)
def test_a_body_that_is_not_read_records_nothing(client, body, content_type, status, kind):
    answer = client.post(EVENTS, body, content_type)
    assert answer.status_code == status
    if kind:
        [mistake] = answer.json()["detail"]
        assert (mistake["loc"], mistake["type"]) == (["body"], kind)
    else:
        assert isinstance(answer.json()["detail"], str)
    assert not EmailEvent.objects.exists()


def test_a_body_that_is_cut_off_records_nothing(campaign, client):
    """As a server hands it on when the connection ends too soon."""
    line = json.dumps(event(campaign)).encode() + b"\n"
    answer = client.generic(
        "POST",
        EVENTS,
        b"",
        NDJSON,
        CONTENT_LENGTH=str(2 * len(line)),
        CONTENT_TYPE=NDJSON,
        **{"wsgi.input": BytesIO(line)},
    )
    assert answer.status_code == 400
    assert answer.json()["detail"][0]["type"] == "cut_off"
    assert not EmailEvent.objects.exists()


def test_a_key_without_the_scope_writes_nothing(campaign):
    reader = keyed(campaign.workspace, "campaigns:read")
    assert post(reader, [event(campaign)]).status_code == 403
    assert reader.put(f"/api/public/v1/campaigns/{campaign.pk}", "{}").status_code == 403
    assert Client().post(EVENTS, "[]", "application/json").status_code == 401
    assert not EmailEvent.objects.exists()


def test_other_methods_are_named(client):
    answer = client.get(EVENTS)
    assert (answer.status_code, answer["Allow"]) == (405, "POST, OPTIONS")
    answer = client.delete("/api/public/v1/campaigns/x")
    assert (answer.status_code, answer["Allow"]) == (405, "PUT, OPTIONS")


@override_settings(MAILMETRICS={"THROTTLE_RATES": {"events": "5/day"}})
def test_a_key_is_throttled_by_the_events_it_brings(campaign, client):
    events = [event(campaign, message_id=f"throttled-{n}") for n in range(3)]
    assert post(client, events).status_code == 200
    refused = post(client, events)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert EmailEvent.objects.count() == 3


class TestPutCampaign:
    BODY = {
        "name": "Spring",
        "status": "ACTIVE",
        "total_leads": 3,
        "launched_at": "2024-03-01T10:00:00+01:00",
        "created_at": "2024-02-27T08:00:00Z",
    }
    ID = "7d0b0a52-6f0a-4a55-9f3c-0c7f5d9f2b11"

    def put(self, client, body, pk=ID):
        return client.put(f"/api/public/v1/campaigns/{pk}", json.dumps(body), "application/json")

    def test_a_new_one_is_created_and_a_known_one_updated(self, client):
        created = self.put(client, self.BODY)
        expected = {"id": self.ID} | self.BODY | {"launched_at": "2024-03-01T09:00:00Z"}
        assert (created.status_code, created.json()) == (201, expected)
        updated = self.put(client, {"name": "Summer", "status": "PAUSED"})
        expected |= {"name": "Summer", "status": "PAUSED"}
        assert (updated.status_code, updated.json()) == (200, expected)
        assert Campaign.objects.get(pk=self.ID).workspace.name == "acme"

    def test_every_mistake_is_told_at_once(self, client):
        answer = self.put(client, {"name": "", "status": "x", "total_leads": -1, "colour": 1}, "7")
        assert answer.status_code == 400
        assert {(*each["loc"], each["type"]) for each in answer.json()["detail"]} == {
            ("path", "campaign_id", "invalid_uuid"),
            ("body", "name", "invalid_text"),
            ("body", "status", "invalid_choice"),
            ("body", "total_leads", "invalid_number"),
            ("body", "colour", "unknown_field"),
        }
        assert Campaign.objects.count() == 1

    def test_one_of_another_workspace_is_a_conflict_that_tells_nothing(self, client):
        other = CampaignFactory(workspace=WorkspaceFactory(), name="Theirs")
        answer = self.put(client, self.BODY, other.pk)
        assert (answer.status_code, answer.json()) == (409, {"detail": "The campaign id is taken."})
        other.refresh_from_db()
        assert other.name == "Theirs"


def test_the_two_databases_are_written_by_few_statements(
    campaign, client, django_assert_max_num_queries
):
    post(client, [])  # the first use of a key is noted
    events = [event(campaign, message_id=f"m{n}") for n in range(1000)]
    with django_assert_max_num_queries(20 if connection.vendor == "sqlite" else 16):
        assert post(client, events).json()["new"] == 1000
