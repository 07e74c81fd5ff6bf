"""What record_events answers and what is then stored, in each way that a batch is written."""

import gc
from datetime import UTC, datetime, timedelta, timezone
from itertools import permutations
from uuid import UUID

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from campaigns.models import Campaign, EmailEvent, EventKind, Workspace
from campaigns.recording import Event, InvalidEvent, Recorded, record_events, repeats
from tests.factories import CampaignFactory, WorkspaceFactory
from tests.recount import assert_totals_exact

pytestmark = pytest.mark.django_db

SENT, OPENED = EventKind.SENT, EventKind.OPENED
# A few events; many that are tried as new ones; many where the last had known ones.
WAYS = ["few", "many", "repeating"]


class Everything:
    """Stands for a set that holds whatever one asks for."""

    def __contains__(self, item):
        return True

    def add(self, item):
        pass

    discard = add


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    monkeypatch.setattr(repeats, "_FEW", 10**6 if request.param == "few" else 0)
    repeating = Everything() if request.param == "repeating" else set()
    monkeypatch.setattr(repeats, "_repeating", repeating)


@pytest.fixture
def workspace():
    """With two campaigns whose ids are known, and a neighbour with the same message's event."""
    workspace, other = WorkspaceFactory(), WorkspaceFactory()
    for name, of in {"low": workspace, "high": workspace, "foreign": other}.items():
        CampaignFactory(id=ID[name], workspace=of)
    record_events(
        workspace=other, events=[at(0, campaign="foreign"), at(0, "n", campaign="foreign")]
    )
    return workspace


ID = {name: UUID(int=number) for number, name in enumerate(["low", "high", "foreign"], 0x7F)}


def at(minute, message_id="m", kind=SENT, campaign="high"):
    return Event(ID[campaign], message_id, kind, instant(minute))


def instant(minute):
    return datetime(2024, 1, 1, 23, 0, tzinfo=UTC) + timedelta(minutes=minute)


def stored(workspace):
    assert_totals_exact()
    assert EmailEvent.objects.exclude(workspace=workspace).count() == 2
    rows = EmailEvent.objects.filter(workspace=workspace)
    return {Event(*row) for row in rows.values_list(*Event._fields)}


ANSWERS = {
    "one new": ([], [at(1)], Recorded(new=1), {at(1)}),
    "one known": ([at(1)], [at(1)], Recorded(known=1), {at(1)}),
    "one later, so known": ([at(1)], [at(2)], Recorded(known=1), {at(1)}),
    "one earlier": ([at(1)], [at(0)], Recorded(moved=1), {at(0)}),
    "one earlier across midnight": ([at(60)], [at(59)], Recorded(moved=1), {at(59)}),
    "a microsecond earlier": ([at(1)], [at(1 - 1 / 6e7)], Recorded(moved=1), {at(1 - 1 / 6e7)}),
    "another kind": ([at(1)], [at(0, kind=OPENED)], Recorded(new=1), {at(1), at(0, kind=OPENED)}),
    "another message": ([at(1)], [at(0, "M")], Recorded(new=1), {at(1), at(0, "M")}),
    "the same in another spelling": ([at(1)], [at(1, " <m> ")], Recorded(known=1), {at(1)}),
    "a space within": ([at(1)], [at(1, "m n")], Recorded(new=1), {at(1), at(1, "m n")}),
    "one twice": ([], [at(1), at(1)], Recorded(new=1, known=1), {at(1)}),
    "one twice, the later first": ([], [at(2), at(1)], Recorded(new=1, known=1), {at(1)}),
    "one twice, both earlier": ([at(9)], [at(2), at(1)], Recorded(moved=1, known=1), {at(1)}),
    "one known and earlier": ([at(9)], [at(9), at(1)], Recorded(moved=1, known=1), {at(1)}),
    "new, moved and known": (
        [at(5, "a"), at(5, "b")],
        [at(9, "a"), at(1, "b"), at(7, "c"), at(8, "c")],
        Recorded(new=1, moved=1, known=2),
        {at(5, "a"), at(1, "b"), at(7, "c")},
    ),
    "an earlier one of another campaign takes the message over": (
        [at(5, campaign="low")],
        [at(4, campaign="high")],
        Recorded(moved=1),
        {at(4, campaign="high")},
    ),
    "a later one of a smaller campaign does not": (
        [at(5, campaign="high")],
        [at(6, campaign="low")],
        Recorded(known=1),
        {at(5, campaign="high")},
    ),
    "a tie goes to the smaller campaign": (
        [at(5, campaign="high")],
        [at(5, campaign="low")],
        Recorded(moved=1),
        {at(5, campaign="low")},
    ),
    "a tie stays with the smaller campaign": (
        [at(5, campaign="low")],
        [at(5, campaign="high")],
        Recorded(known=1),
        {at(5, campaign="low")},
    ),
    "a tie within a batch": (
        [],
        [at(5, campaign="high"), at(5, campaign="low"), at(5, campaign="high")],
        Recorded(new=1, known=2),
        {at(5, campaign="low")},
    ),
}


@pytest.mark.usefixtures("way")
class TestAnswers:
    @pytest.mark.parametrize("name", ANSWERS)
    def test_of(self, workspace, name):
        before, given, answer, after = ANSWERS[name]
        record_events(workspace=workspace, events=before)
        assert record_events(workspace=workspace, events=given) == answer
        assert stored(workspace) == after

    @pytest.mark.parametrize("batch_size", range(1, 6))
    def test_of_several_batches_are_summed(self, workspace, batch_size):
        record_events(workspace=workspace, events=[at(5, "known"), at(5, "moved")])
        given = [at(3, "new"), at(5, "known"), at(4, "moved"), at(6, "known"), at(3, "new")]
        answer = record_events(workspace=workspace, events=given, batch_size=batch_size)
        assert answer == Recorded(new=1, moved=1, known=3)
        assert stored(workspace) == {at(3, "new"), at(5, "known"), at(4, "moved")}

    @pytest.mark.parametrize("batch_size", [1, 2, 4])
    def test_every_order_stores_the_same(self, workspace, batch_size):
        given = [at(2), at(1, campaign="high"), at(1, campaign="low"), at(3, kind=OPENED)]
        for order in permutations(given):
            answer = record_events(workspace=workspace, events=order, batch_size=batch_size)
            assert (answer.new, answer.moved + answer.known) == (2, 2)
            assert stored(workspace) == {at(1, campaign="low"), at(3, kind=OPENED)}
            EmailEvent.objects.filter(workspace=workspace).delete()

    def test_of_an_iterator_and_of_none(self, workspace):
        assert record_events(workspace=workspace, events=iter([])) == Recorded(0, 0, 0)
        events = (at(minute, f"m{minute}") for minute in range(7))
        assert record_events(workspace=workspace, events=events, batch_size=3) == Recorded(new=7)

    def test_any_text_is_a_message(self, workspace):
        texts = ["é", "a\t\\N", "'; --", "%s", "\U0001f4e7", "x" * 238, "\x01", "\ufeff"]
        given = {at(1, text) for text in texts}
        assert record_events(workspace=workspace, events=given) == Recorded(new=len(texts))
        assert record_events(workspace=workspace, events=given) == Recorded(known=len(texts))
        assert stored(workspace) == given

    def test_an_instant_may_be_in_any_time_zone_and_at_either_end_of_time(self, workspace):
        given = [
            at(0)._replace(occurred_at=instant(0).astimezone(timezone(timedelta(hours=14)))),
            at(0, "first")._replace(occurred_at=datetime.min.replace(tzinfo=UTC)),
            at(0, "last")._replace(occurred_at=datetime.max.replace(tzinfo=UTC)),
            # Offsets that PostgreSQL does not read.
            at(0, "far")._replace(occurred_at=instant(0).astimezone(timezone(timedelta(hours=20)))),
            at(0, "odd")._replace(
                occurred_at=instant(0).astimezone(timezone(timedelta(microseconds=1)))
            ),
        ]
        assert record_events(workspace=workspace, events=given) == Recorded(new=5)
        assert record_events(workspace=workspace, events=given) == Recorded(known=5)
        assert stored(workspace) == set(given)
        assert {event.occurred_at.tzinfo for event in stored(workspace)} == {UTC}

    def test_a_plain_tuple_with_a_plain_kind_is_an_event(self, workspace):
        plain = (ID["low"], "m", 2, instant(3))
        assert record_events(workspace=workspace, events=[plain]) == Recorded(new=1)
        assert stored(workspace) == {at(3, kind=OPENED, campaign="low")}

    @pytest.mark.parametrize("use_tz", [True, False])
    @pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/St_Johns"])
    def test_the_site_s_time_zone_changes_nothing(self, workspace, settings, use_tz, zone):
        settings.USE_TZ, settings.TIME_ZONE = use_tz, zone
        given = [at(59, "before midnight"), at(60, "midnight")]
        assert record_events(workspace=workspace, events=given) == Recorded(new=2)
        assert record_events(workspace=workspace, events=given) == Recorded(known=2)
        assert stored(workspace) == set(given)
        moved = [at(59, "midnight")]
        assert record_events(workspace=workspace, events=moved) == Recorded(moved=1)
        assert stored(workspace) == {at(59, "before midnight"), at(59, "midnight")}


@pytest.mark.usefixtures("way")
class TestTransactions:
    def test_several_batches_in_the_caller_s_own(self, workspace):
        given = [at(n, f"m{n}") for n in range(10)]
        with transaction.atomic():
            first = record_events(workspace=workspace, events=given[:6], batch_size=3)
            then = record_events(workspace=workspace, events=given[3:], batch_size=4)
        assert (first, then) == (Recorded(new=6), Recorded(new=4, known=3))
        assert stored(workspace) == set(given)

    def test_the_caller_s_rollback_takes_all_of_them_back(self, workspace):
        with transaction.atomic():
            record_events(workspace=workspace, events=[at(1), at(2, "n")], batch_size=1)
            transaction.set_rollback(True)
        assert stored(workspace) == set()

    @pytest.mark.postgresql  # Django's savepoints do without autocommit there alone
    @pytest.mark.django_db(transaction=True)
    def test_without_autocommit_the_caller_commits(self, workspace):
        transaction.set_autocommit(False)
        try:
            for start in (0, 2):
                given = [at(n, f"m{n}") for n in range(start, start + 4)]
                answer = record_events(workspace=workspace, events=given, batch_size=2)
                assert answer == Recorded(new=4 - start, known=start)
            transaction.rollback()
        finally:
            transaction.set_autocommit(True)
        assert stored(workspace) == set()

    @pytest.mark.django_db(transaction=True)
    def test_each_batch_is_committed_by_itself(self, workspace):
        def until_it_breaks():
            yield from [at(1, "a"), at(1, "b"), at(1, "c")]
            raise ConnectionError

        with pytest.raises(ConnectionError):
            record_events(workspace=workspace, events=until_it_breaks(), batch_size=2)
        assert stored(workspace) == {at(1, "a"), at(1, "b")}


@pytest.mark.usefixtures("way")
def test_the_database_is_the_one_that_is_named(workspace, second_alias):
    with CaptureQueriesContext(connection) as default:
        answer = record_events(workspace=workspace, events=[at(1), at(2)], using=second_alias)
    assert (answer, len(default)) == (Recorded(new=1, known=1), 0)
    assert stored(workspace) == {at(1)}


@pytest.mark.usefixtures("way")
def test_the_database_is_the_one_that_the_site_s_router_names(workspace, second_alias, settings):
    class Router:
        def db_for_write(self, model, **hints):
            assert (model, hints) == (EmailEvent, {"instance": workspace})
            return second_alias

    settings.DATABASE_ROUTERS = [Router()]
    with CaptureQueriesContext(connections[second_alias]) as second:
        assert record_events(workspace=workspace, events=[at(1)]) == Recorded(new=1)
    assert len(second) > 0


def test_a_batch_has_an_event_at_least(workspace):
    with pytest.raises(ValueError, match=r"^batch_size must be at least 1, not 0$"):
        record_events(workspace=workspace, events=[], batch_size=0)


def large(first, last):
    """More than a hundred events, each a message of its own."""
    return [at(n, f"m{n}") for n in range(first, last)]


@pytest.mark.parametrize("enabled", [True, False])
def test_garbage_collection_is_as_the_host_has_it(workspace, enabled):
    campaign = CampaignFactory(workspace=workspace)
    event = Event(campaign.pk, "<m@mail.example.com>", EventKind.SENT, datetime.now(UTC))
    try:
        (gc.enable if enabled else gc.disable)()
        record_events(workspace=workspace, events=[event])
        assert gc.isenabled() is enabled
    finally:
        gc.enable()
    assert EmailEvent.objects.get(workspace=workspace).message_id == "m@mail.example.com"


class TestManyEvents:
    @pytest.fixture(autouse=True)
    def _in_a_new_process(self, monkeypatch):
        monkeypatch.setattr(repeats, "_repeating", set())

    def is_all_new(self, workspace, events, **answer):
        """Whether the batch was taken as a whole, without looking for known events."""
        with CaptureQueriesContext(connection) as queries:
            assert record_events(workspace=workspace, events=events) == Recorded(**answer)
        return not any("ON CONFLICT" in query["sql"] for query in queries)

    def test_a_hundred_events_are_few(self, workspace):
        assert not self.is_all_new(workspace, large(0, 100), new=100)
        assert self.is_all_new(workspace, large(100, 201), new=101)
        assert stored(workspace) == set(large(0, 201))

    def test_a_batch_that_meets_a_known_event(self, workspace):
        record_events(workspace=workspace, events=[at(900, "m150")])
        assert not self.is_all_new(workspace, large(0, 200), new=199, moved=1)
        assert stored(workspace) == set(large(0, 200))

    def test_a_batch_that_has_an_event_twice(self, workspace):
        events = [*large(0, 200), at(0, "m150")]
        assert not self.is_all_new(workspace, events, new=200, known=1)
        assert stored(workspace) == {*large(0, 150), at(0, "m150"), *large(151, 200)}

    def test_after_a_known_event_none_is_taken_for_new_until_all_were(self, workspace):
        assert self.is_all_new(workspace, large(0, 200), new=200)
        assert not self.is_all_new(workspace, large(100, 300), new=100, known=100)
        assert not self.is_all_new(workspace, large(300, 500), new=200)
        assert self.is_all_new(workspace, large(500, 700), new=200)
        assert stored(workspace) == set(large(0, 700))

    def test_a_callers_transaction_outlives_a_known_event(self, workspace):
        with transaction.atomic():
            CampaignFactory(workspace=workspace, name="Of the caller")
            record_events(workspace=workspace, events=[at(150, "m150")])
            assert not self.is_all_new(workspace, large(0, 200), new=199, known=1)
        assert Campaign.objects.filter(name="Of the caller").exists()
        assert stored(workspace) == set(large(0, 200))

    def test_a_foreign_campaign_refuses_the_batch(self, workspace):
        foreign = at(100, "m100", campaign="foreign")
        with pytest.raises(InvalidEvent) as refused:
            record_events(workspace=workspace, events=[*large(0, 100), foreign, *large(101, 200)])
        assert refused.value.index == 100
        assert stored(workspace) == set()

    @pytest.mark.postgresql
    def test_a_distributed_database_reports_a_known_event_of_a_copy_otherwise(self, workspace):
        record_events(workspace=workspace, events=[at(150, "m150")])
        with connection.cursor() as cursor:
            cursor.execute(REFUSE_KNOWN_AS_INTERNAL_ERROR)
        assert not self.is_all_new(workspace, large(0, 200), new=199, known=1)
        assert stored(workspace) == set(large(0, 200))
        assert_totals_exact()


# As Citus does, of a COPY alone.
REFUSE_KNOWN_AS_INTERNAL_ERROR = f"""
    CREATE FUNCTION refuse_known() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF ltrim(current_query()) LIKE 'COPY%' AND EXISTS (
            SELECT FROM {EmailEvent._meta.db_table}
             WHERE (workspace_id, message_id, kind)
                 = (NEW.workspace_id, NEW.message_id, NEW.kind)
        ) THEN
            RAISE EXCEPTION 'known' USING ERRCODE = 'XX000';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER refuse_known BEFORE INSERT ON {EmailEvent._meta.db_table}
        FOR EACH ROW EXECUTE FUNCTION refuse_known()
"""


@pytest.mark.postgresql
@pytest.mark.parametrize("count", [1, 200])
def test_a_node_that_a_cluster_has_lost_is_told_as_a_server_that_is_lost(workspace, count):
    with connection.cursor() as cursor:
        cursor.execute(LOSE_A_NODE)
    with pytest.raises(OperationalError, match="marked as essential"):
        record_events(workspace=workspace, events=large(0, count))


# As Citus does, within a transaction.
LOSE_A_NODE = f"""
    CREATE FUNCTION lose_a_node() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'failure on connection marked as essential: node:5432'
              USING ERRCODE = 'XX000';
    END $$;
    CREATE TRIGGER lose_a_node BEFORE INSERT ON {EmailEvent._meta.db_table}
        FOR EACH ROW EXECUTE FUNCTION lose_a_node()
"""


@pytest.mark.postgresql
@pytest.mark.usefixtures("way")
def test_recording_needs_no_right_to_make_temporary_tables(workspace):
    database = connection.ops.quote_name(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE recorder")
        cursor.execute(f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC")
        for rights, model in (
            ("SELECT, INSERT, UPDATE", EmailEvent),
            ("SELECT", Campaign),
            ("SELECT, UPDATE", Workspace),
        ):
            cursor.execute(f"GRANT {rights} ON {model._meta.db_table} TO recorder")
        cursor.execute("SET LOCAL ROLE recorder")
        assert record_events(workspace=workspace, events=large(0, 200)) == Recorded(new=200)
        again = record_events(workspace=workspace, events=large(100, 300))
        cursor.execute("RESET ROLE")
    assert again == Recorded(new=100, known=100)
    assert stored(workspace) == set(large(0, 300))
    assert_totals_exact()


class TestFewEvents:
    @pytest.fixture(autouse=True)
    def known(self, workspace):
        record_events(workspace=workspace, events=[at(5, "known"), at(5, "later")])

    @pytest.mark.parametrize(
        ("events", "looks"),
        [
            ([("new", 0)], 0),
            ([("new", 0), ("newer", 0)], 0),
            ([("later", 0)], 0),
            ([("known", 9)], 1),
            ([("new", 0), ("known", 9)], 1),
            ([("new", 0), ("new", 1)], 1),
        ],
    )
    def test_look_their_campaigns_up_only_where_the_database_has_not_seen_all(
        self, workspace, events, looks
    ):
        given = [at(minute, message) for message, minute in events]
        with CaptureQueriesContext(connection) as queries:
            record_events(workspace=workspace, events=given)
        found = [query["sql"] for query in queries if "SELECT EXISTS" in query["sql"]]
        assert len(found) == looks

    @pytest.mark.parametrize("message", ["known", "new"])
    def test_refuse_a_foreign_campaign_that_an_earlier_event_hides(self, workspace, message):
        before = stored(workspace)
        foreign = at(9, message, campaign="foreign")
        with pytest.raises(InvalidEvent) as refused:
            record_events(workspace=workspace, events=[at(0, "new"), foreign])
        assert refused.value.index == 1
        assert stored(workspace) == before
