"""On PostgreSQL writers lock in one order, so that no two wait for each other crosswise."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import OperationalError, connection, transaction

from analytics.models import CampaignTotals, DailyTotals
from campaigns.models import EmailEvent, EventKind
from campaigns.recording import Event, Recorded, record_events, repeats, retries
from tests.factories import CampaignFactory, WorkspaceFactory
from tests.recount import assert_totals_exact
from tests.sql import EVENTS, execute, insert_events
from tests.together import background, wait_until_blocked

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

START = datetime(2024, 1, 1, tzinfo=UTC)
SENT, OPENED = EventKind.SENT, EventKind.OPENED


@pytest.fixture
def campaigns():
    """Nine of two workspaces, their ids interleaved."""
    of = [WorkspaceFactory(), WorkspaceFactory()]
    return [CampaignFactory(id=UUID(int=n), workspace=of[n % 2]) for n in range(1, 10)]


@pytest.fixture(params=[10**6, 0], ids=["direct", "staged"])
def way(request, monkeypatch):
    monkeypatch.setattr(repeats, "_FEW", request.param)


@pytest.fixture
def one_attempt(monkeypatch):
    """A deadlock is not tried again but seen."""
    monkeypatch.setattr(retries, "_ATTEMPTS", 1)


def rows_in_any_order(campaigns, kind):
    """One of each campaign, on five days, for ``insert_events``."""
    rows = [
        (campaign.workspace_id, campaign.pk, f"m{n}", kind, START + timedelta(days=n * 7 % 5))
        for n, campaign in enumerate(campaigns)
    ]
    return random.Random(7).sample(rows, len(rows))


def totals_in_order(*, skip_locked=False):
    options = {"skip_locked": True} if skip_locked else {}
    return [
        (model, totals.pk)
        for model, key in ((CampaignTotals, "campaign_id"), (DailyTotals, "day"))
        for totals in model.objects.select_for_update(**options).order_by("workspace_id", key)
    ]


STATEMENTS = {
    "insert": lambda campaigns: insert_events(*rows_in_any_order(campaigns, OPENED)),
    "update": lambda campaigns: execute(f"UPDATE {EVENTS} SET kind = 2"),
    "delete": lambda campaigns: execute(f"DELETE FROM {EVENTS}"),
}


@pytest.mark.parametrize("statement", STATEMENTS)
def test_totals_are_locked_campaigns_before_days_each_in_the_order_of_the_key(campaigns, statement):
    """Blocked at any of them, a writer holds those before it and none after.

    Whatever lies where in the tables, and whatever plan joins them.
    """
    for row in rows_in_any_order(campaigns, SENT):
        insert_events(row)
    with transaction.atomic():
        order = totals_in_order()
    for position in range(0, len(order), 3):
        model, pk = order[position]
        with background() as start, transaction.atomic():
            model.objects.select_for_update().get(pk=pk)
            start(_rolled_back, STATEMENTS[statement], campaigns)
            wait_until_blocked(1)
            free = totals_in_order(skip_locked=True)
            assert [totals for totals in order if totals not in free] == order[:position]
    assert_totals_exact()


def _rolled_back(write, *arguments):
    with transaction.atomic():
        execute("SET LOCAL enable_nestloop = off")
        write(*arguments)
        transaction.set_rollback(True)


@pytest.mark.usefixtures("way")
def test_events_are_locked_in_the_order_of_the_key(campaigns):
    campaign = campaigns[0]
    events = [
        Event(campaign.pk, f"m{n}", kind, START) for n in range(1, 10) for kind in (OPENED, SENT)
    ]
    record_events(workspace=campaign.workspace, events=events)
    order = [(f"m{n}", kind) for n in range(1, 10) for kind in (SENT, OPENED)]
    earlier = [event._replace(occurred_at=START - timedelta(hours=1)) for event in events]
    random.Random(7).shuffle(earlier)
    for position in (0, 5, 10, 17):
        message_id, kind = order[position]
        with background() as start, transaction.atomic():
            EmailEvent.objects.select_for_update().get(message_id=message_id, kind=kind)
            start(
                _rolled_back,
                lambda: record_events(workspace=campaign.workspace, events=earlier),
            )
            wait_until_blocked(1)
            free = set(
                EmailEvent.objects.select_for_update(skip_locked=True).values_list(
                    "message_id", "kind"
                )
            )
            assert [event for event in order if event not in free] == order[:position]


@pytest.mark.usefixtures("way", "one_attempt")
def test_a_batch_that_moves_and_inserts_waits_for_no_one_who_waits_for_it(campaigns):
    """Its statement locks totals twice, for the moved events and then for the new ones.

    It holds a day for those moved while it waits for a campaign of the new ones; another writer
    may not get hold of a later campaign and then wait for that day.
    """
    first, middle, last = campaigns[0], campaigns[2], campaigns[4]
    workspace = first.workspace
    moved = Event(first.pk, "moved", SENT, START + timedelta(hours=2))
    events = [Event(c.pk, f"of {c.pk}", SENT, START) for c in (middle, last)]
    record_events(workspace=workspace, events=[moved, *events])
    mixed = [
        moved._replace(occurred_at=START - timedelta(hours=1)),
        Event(middle.pk, "new", SENT, START + timedelta(days=9)),
        Event(last.pk, "new too", SENT, START + timedelta(days=9)),
    ]
    other = [Event(last.pk, "another", SENT, START)]
    with background() as start:
        with transaction.atomic():
            CampaignTotals.objects.select_for_update().get(campaign=middle)
            one = start(lambda: record_events(workspace=workspace, events=mixed))
            wait_until_blocked(1)
            two = start(lambda: record_events(workspace=workspace, events=other))
            wait_until_blocked(2)
        assert one.result() == Recorded(new=2, moved=1)
        assert two.result() == Recorded(new=1)
    assert_totals_exact()


@pytest.mark.usefixtures("way")
class TestRetries:
    def test_a_deadlock_is_tried_again(self, campaigns):
        """A caller's own transaction locks two events in the wrong order."""
        campaign = campaigns[0]
        a, b = (Event(campaign.pk, name, SENT, START) for name in "ab")
        row_a, row_b = ((campaign.workspace_id, *event) for event in (a, b))

        def record():
            # The one whose wait is checked first is the one that is ended.
            execute("SET deadlock_timeout = '200ms'")
            return record_events(workspace=campaign.workspace, events=[a, b])

        with background() as start:
            with transaction.atomic():
                execute("SET LOCAL deadlock_timeout = '1min'")
                insert_events(row_b)
                writer = start(record)
                wait_until_blocked(1)
                insert_events(row_a)
            assert writer.result() == Recorded(known=2)
        assert_totals_exact()

    def test_a_serialization_failure_is_tried_again(self, campaigns):
        campaign = campaigns[0]
        a, b = (Event(campaign.pk, name, SENT, START) for name in "ab")

        def record():
            execute("SET default_transaction_isolation = 'repeatable read'")
            return record_events(workspace=campaign.workspace, events=[a, b])

        with background() as start:
            with transaction.atomic():
                insert_events((campaign.workspace_id, *b))
                writer = start(record)
                wait_until_blocked(1)
            assert writer.result() == Recorded(new=1, known=1)
        assert_totals_exact()

    @pytest.fixture
    def fail(self):
        """Make the database raise an error so many times; answer how often it was asked."""

        def fail(state, times):
            execute("CREATE SEQUENCE attempts")
            execute(
                f"""
                CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF nextval('attempts') <= {times} THEN
                    RAISE EXCEPTION 'on purpose' USING ERRCODE = '{state}';
                END IF;
                RETURN NULL; END $$
                """
            )
            execute(f"CREATE TRIGGER fail AFTER INSERT ON {EVENTS} EXECUTE FUNCTION fail()")

        yield fail
        execute("DROP FUNCTION fail CASCADE")
        execute("DROP SEQUENCE attempts")

    @pytest.mark.parametrize("state", ["40001", "40P01"])
    def test_four_failures_are_one_success(self, campaigns, fail, state):
        fail(state, 4)
        event = Event(campaigns[0].pk, "m", SENT, START)
        answer = record_events(workspace=campaigns[0].workspace, events=[event])
        assert (answer, attempts()) == (Recorded(new=1), 5)
        assert_totals_exact()

    @pytest.mark.parametrize(
        ("state", "times"), [("40001", 5), ("40P01", 5), ("53100", 1), ("57014", 1)]
    )
    def test_the_fifth_failure_and_one_of_another_kind_are_the_caller_s(
        self, campaigns, fail, state, times
    ):
        fail(state, 99)
        event = Event(campaigns[0].pk, "m", SENT, START)
        with pytest.raises(OperationalError, match="on purpose"):
            record_events(workspace=campaigns[0].workspace, events=[event])
        assert attempts() == times
        assert not EmailEvent.objects.exists()

    def test_a_caller_s_transaction_has_to_be_tried_again_as_a_whole(self, campaigns, fail):
        fail("40001", 99)
        event = Event(campaigns[0].pk, "m", SENT, START)
        with pytest.raises(OperationalError, match="on purpose"), transaction.atomic():
            record_events(workspace=campaigns[0].workspace, events=[event])
        assert attempts() == 1


def attempts():
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM attempts")
        return cursor.fetchone()[0]
