"""What record_events refuses, why, and what is stored then."""

from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from campaigns.models import EmailEvent, EventKind
from campaigns.recording import Event, InvalidEvent, Recorded, record_events, repeats
from tests.factories import CampaignFactory, WorkspaceFactory
from tests.recount import assert_totals_exact

pytestmark = pytest.mark.django_db

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
ID, FOREIGN, NOWHERE = UUID(int=1), UUID(int=2), UUID(int=3)
GOOD = Event(ID, "m", EventKind.SENT, NOON)
WAYS = {"postgresql": [10**6, 0], "sqlite": [0]}[connection.vendor]


@pytest.fixture
def workspace():
    CampaignFactory(id=FOREIGN)
    return CampaignFactory(id=ID, workspace=WorkspaceFactory(name="acme")).workspace


def good(count):
    return [GOOD._replace(message_id=f"m{n}") for n in range(count)]


def stored_messages():
    assert_totals_exact()
    return set(EmailEvent.objects.values_list("message_id", flat=True))


SHAPE = "not (campaign_id, message_id, kind, occurred_at)"
ZONE = "occurred_at must be a datetime with a time zone, not "
TOO_EARLY = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1)))
TOO_LATE = datetime(9999, 12, 31, 23, 30, tzinfo=timezone(timedelta(hours=-1)))
INVALID = [
    (None, SHAPE),
    (7, SHAPE),
    ((), SHAPE),
    ((ID, "m", 1), SHAPE),
    ((ID, "m", 1, NOON, None), SHAPE),
    (GOOD._replace(campaign_id=str(ID)), f"campaign_id must be a UUID, not '{ID}'"),
    (GOOD._replace(campaign_id=None), "campaign_id must be a UUID, not None"),
    (GOOD._replace(message_id=""), "message_id is empty"),
    (GOOD._replace(message_id=" <> "), "message_id is empty"),
    (GOOD._replace(message_id="a\0b"), "message_id 'a\\x00b' holds a NUL character"),
    (GOOD._replace(message_id="\ud800"), "message_id '\\ud800' holds half a surrogate pair"),
    (GOOD._replace(message_id="\udfff!"), "message_id '\\udfff!' holds half a surrogate pair"),
    (GOOD._replace(message_id=b"m"), "message_id must be text, not b'm'"),
    (GOOD._replace(message_id=None), "message_id must be text, not None"),
    (GOOD._replace(kind=0), "kind must be an EventKind, not 0"),
    (GOOD._replace(kind=9), "kind must be an EventKind, not 9"),
    (GOOD._replace(kind="sent"), "kind must be an EventKind, not 'sent'"),
    (GOOD._replace(kind=1.0), "kind must be an EventKind, not 1.0"),
    (GOOD._replace(kind=True), "kind must be an EventKind, not True"),
    (GOOD._replace(kind=[]), "kind must be an EventKind, not []"),
    (GOOD._replace(occurred_at=None), f"{ZONE}None"),
    (GOOD._replace(occurred_at="2024-01-01T00:00Z"), f"{ZONE}'2024-01-01T00:00Z'"),
    (GOOD._replace(occurred_at=date(2024, 1, 1)), f"{ZONE}datetime.date(2024, 1, 1)"),
    (
        GOOD._replace(occurred_at=datetime(2024, 1, 1)),
        f"{ZONE}datetime.datetime(2024, 1, 1, 0, 0)",
    ),
    (GOOD._replace(occurred_at=TOO_EARLY), f"occurred_at is out of range: {TOO_EARLY!r}"),
    (GOOD._replace(occurred_at=TOO_LATE), f"occurred_at is out of range: {TOO_LATE!r}"),
]


@pytest.mark.parametrize(
    ("event", "reason"), INVALID, ids=[repr(event)[:60] for event, _ in INVALID]
)
def test_an_invalid_event_is_named_and_told_why(workspace, event, reason):
    with pytest.raises(InvalidEvent) as raised:
        record_events(workspace=workspace, events=[*good(2), event, GOOD])
    assert (raised.value.index, raised.value.reason) == (2, reason)
    assert str(raised.value) == f"event 2: {reason}"
    assert raised.value.reasons == {2: reason}
    assert stored_messages() == set()


def test_the_first_invalid_event_is_told_though_another_one_s_campaign_is_foreign(workspace):
    events = [GOOD._replace(campaign_id=FOREIGN), GOOD._replace(kind=9), GOOD._replace(kind=10)]
    with pytest.raises(InvalidEvent) as raised:
        record_events(workspace=workspace, events=events)
    assert raised.value.reasons == {
        1: "kind must be an EventKind, not 9",
        2: "kind must be an EventKind, not 10",
    }
    assert str(raised.value) == "event 1: kind must be an EventKind, not 9 (and 1 more)"


@pytest.mark.parametrize("batch_size", [1, 3, 4, 10])
def test_the_index_counts_over_all_batches_and_those_before_are_recorded(workspace, batch_size):
    events = good(10)
    events[7] = events[7]._replace(kind=9)
    with pytest.raises(InvalidEvent) as raised:
        record_events(workspace=workspace, events=iter(events), batch_size=batch_size)
    assert raised.value.index == 7
    recorded = 7 // batch_size * batch_size
    assert stored_messages() == {event.message_id for event in events[:recorded]}
    mended = [*events[:7], events[7]._replace(kind=1), *events[8:]]
    answer = record_events(workspace=workspace, events=mended, batch_size=batch_size)
    assert answer == Recorded(new=10 - recorded, known=recorded)


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    monkeypatch.setattr(repeats, "_FEW", request.param)


@pytest.mark.usefixtures("way")
class TestACampaignThatIsNotInTheWorkspace:
    @pytest.mark.parametrize("campaign_id", [FOREIGN, NOWHERE])
    @pytest.mark.parametrize("batch_size", [1, 3, 10])
    def test_is_named(self, workspace, campaign_id, batch_size):
        events = good(10)
        events[5] = events[5]._replace(campaign_id=campaign_id)
        events[8] = events[8]._replace(campaign_id=NOWHERE)
        with pytest.raises(InvalidEvent) as raised:
            record_events(workspace=workspace, events=events, batch_size=batch_size)
        assert raised.value.index == 5
        assert raised.value.reason == f"campaign {campaign_id} is not in workspace 'acme'"
        assert isinstance(raised.value.__cause__, IntegrityError)
        recorded = events[: 5 // batch_size * batch_size]
        assert stored_messages() == {event.message_id for event in recorded}

    @pytest.mark.parametrize("minutes", [-1, 0, 1])
    @pytest.mark.parametrize("also", [0, 2])
    def test_is_named_also_for_a_known_message(self, workspace, minutes, also):
        record_events(workspace=workspace, events=[GOOD])
        foreign = Event(FOREIGN, "m", EventKind.SENT, NOON + timedelta(minutes=minutes))
        with pytest.raises(InvalidEvent) as raised:
            record_events(workspace=workspace, events=[*good(also), foreign])
        assert raised.value.index == also
        assert stored_messages() == {"m"}
        assert EmailEvent.objects.get().campaign_id == ID

    def test_is_named_also_beside_an_earlier_event_of_the_same_message(self, workspace):
        later = Event(FOREIGN, "m", EventKind.SENT, NOON + timedelta(minutes=1))
        with pytest.raises(InvalidEvent) as raised:
            record_events(workspace=workspace, events=[GOOD, later])
        assert raised.value.index == 1
        assert stored_messages() == set()

    def test_leaves_the_caller_s_transaction_usable(self, workspace):
        with transaction.atomic():
            for bad in (GOOD._replace(campaign_id=FOREIGN), GOOD._replace(kind=9)):
                with pytest.raises(InvalidEvent):
                    record_events(workspace=workspace, events=[*good(2), bad])
            assert record_events(workspace=workspace, events=good(3)) == Recorded(new=3)
        assert stored_messages() == {"m0", "m1", "m2"}


@pytest.mark.usefixtures("way")
def test_what_else_the_database_refuses_is_told_as_it_is(workspace):
    """A constraint of the host's own, say: no event is to blame."""
    table = EmailEvent._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE UNIQUE INDEX of_the_host ON {table} (occurred_at)")
    with pytest.raises(IntegrityError, match=r"of_the_host|occurred_at"):
        record_events(workspace=workspace, events=good(2))
    assert stored_messages() == set()
