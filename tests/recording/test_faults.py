"""PostgreSQL fails a batch for a reason of its own: nothing of it is kept, all before it is."""

from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError
from django.db import InterfaceError, OperationalError, connection, transaction

from campaigns.models import Campaign, EmailEvent, EventKind, Workspace
from campaigns.recording import Event, Recorded, record_events
from tests.commands import run
from tests.factories import CampaignFactory
from tests.sql import CAMPAIGN_TOTALS, EVENTS, execute
from tests.together import background, wait_until_blocked

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def campaign():
    return CampaignFactory()


@pytest.fixture(params=[1, 10, 300], ids=["one event", "direct", "staged"])
def events(request, campaign):
    return [Event(campaign.pk, f"m{n}", EventKind.SENT, START) for n in range(request.param)]


def record(campaign, events):
    return record_events(workspace=campaign.workspace, events=events)


@contextmanager
def totals_locked(campaign):
    """Whoever records for the campaign waits until the block ends."""
    record(campaign, [Event(campaign.pk, "known", EventKind.SENT, START)])
    with transaction.atomic():
        execute(f"SELECT 1 FROM {CAMPAIGN_TOTALS} FOR UPDATE")
        yield


def assert_exact(count):
    assert EmailEvent.objects.count() == count
    assert run("verify_totals").status == 0


def test_a_connection_killed_while_recording_is_replaced_by_the_next_call(campaign, events):
    def fail_and_go_on():
        with pytest.raises((OperationalError, InterfaceError)):
            record(campaign, events)
        # In the same thread, without a request's end between.
        return record(campaign, events)

    with background() as start:
        with totals_locked(campaign):
            recorded = start(fail_and_go_on)
            wait_until_blocked(1)
            execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted")
        assert recorded.result() == Recorded(new=len(events))
    assert_exact(1 + len(events))


def test_a_connection_killed_between_two_calls_is_replaced_by_the_next_but_one(campaign, events):
    def fail_and_go_on():
        record(campaign, [Event(campaign.pk, "known", EventKind.SENT, START)])
        with pytest.raises(OperationalError):
            execute("SELECT pg_terminate_backend(pg_backend_pid())")
        # What a writer does whom an instance tells nothing of ids: it looks before it writes.
        workspace = Workspace(pk=campaign.workspace_id)
        with pytest.raises((OperationalError, InterfaceError)):
            record_events(workspace=workspace, events=events)
        return record_events(workspace=workspace, events=events)

    with background() as start:
        assert start(fail_and_go_on).result() == Recorded(new=len(events))
    assert_exact(1 + len(events))


def test_a_statement_timeout_keeps_nothing_and_the_next_call_all(campaign, events):
    def time_out():
        execute("SET statement_timeout = 100")
        with pytest.raises(OperationalError, match="statement timeout"):
            record(campaign, events)
        execute("SET statement_timeout = 0")

    with background() as start:
        with totals_locked(campaign):
            start(time_out).result()
        assert_exact(1)
        assert record(campaign, events) == Recorded(new=len(events))
    assert_exact(1 + len(events))


@pytest.fixture
def full_disk():
    """A stand-in: the server refuses a row with the error that it has for a full disk."""
    execute(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE disk_full USING MESSAGE = 'could not extend file: No space left'; END $$"
    )
    execute(
        f"CREATE TRIGGER full_disk BEFORE INSERT ON {EVENTS} FOR EACH ROW "
        "WHEN (NEW.message_id = 'm250') EXECUTE FUNCTION full_disk()"
    )
    yield
    execute("DROP FUNCTION IF EXISTS full_disk CASCADE")


@pytest.mark.parametrize("size", [30, 120])
def test_a_full_disk_leaves_the_batches_before_it(campaign, full_disk, size):
    events = [Event(campaign.pk, f"m{n}", EventKind.SENT, START) for n in range(300)]
    with pytest.raises(OperationalError, match="No space left"):
        record_events(workspace=campaign.workspace, events=events, batch_size=size)
    assert_exact(240)
    execute("DROP FUNCTION full_disk CASCADE")
    answer = record_events(workspace=campaign.workspace, events=events, batch_size=size)
    assert answer == Recorded(new=60, known=240)
    assert_exact(300)


def test_a_full_disk_is_told_by_the_import(campaign, full_disk, tmp_path):
    file = tmp_path / "events.csv"
    lines = [f"{campaign.pk},m{n},sent,2024-01-01T00:00:00Z" for n in range(300)]
    file.write_text("\n".join(["campaign_id,message_id,kind,occurred_at", *lines]))
    with pytest.raises(CommandError, match="The database failed") as caught:
        run("import_events", campaign.workspace.name, file, "--batch-size", 100)
    assert str(caught.value) == (
        "The database failed: could not extend file: No space left\n"
        "Committed before that: events: 200 new, 0 moved earlier, 0 known.\n"
        "Run the same command again for the rest: nothing counts twice."
    )
    assert_exact(200)


def test_an_update_meanwhile_in_a_stricter_isolation_is_tried_again(campaign):
    """A serialization failure, provoked by another writer of the same totals."""
    attempts = []

    def record_repeatable():
        execute("SET default_transaction_isolation = 'repeatable read'")
        with connection.execute_wrapper(note_attempts(attempts)):
            return record(campaign, [Event(campaign.pk, "m", EventKind.SENT, START)])

    with background() as start:
        with totals_locked(campaign):
            recorded = start(record_repeatable)
            wait_until_blocked(1)
            execute(f"UPDATE {CAMPAIGN_TOTALS} SET sent = sent")
        assert recorded.result() == Recorded(new=1)
    assert len(attempts) == 2
    assert Campaign.objects.get().totals.get().sent == 2
    assert_exact(2)


def note_attempts(attempts):
    def note(execute, sql, params, many, context):
        if "INSERT INTO" in sql:
            attempts.append(sql)
        return execute(sql, params, many, context)

    return note
