"""What only SQLite can do to events: the totals stay a recount of them."""

from contextlib import suppress

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from campaigns.models import OpenBatch, Workspace
from campaigns.recording import Event, InvalidEvent, record_events, repeats
from tests.analytics.world import AS_MADE, BOUNCED, MONDAY, SENT, TUESDAY, World, row
from tests.recount import stored_totals
from tests.sql import CAMPAIGNS, EVENTS, WORKSPACES, execute, insert_events, refused

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]


@pytest.fixture
def world():
    return World()


@pytest.mark.parametrize("verb", ["INSERT OR REPLACE", "REPLACE"])
def test_a_row_that_is_replaced_is_counted_once(world, verb):
    insert_events(row(world.a2, "m1", SENT, TUESDAY), row(world.a2, "m9", SENT, TUESDAY), verb=verb)
    assert world.totals() == (
        {"a1": {"sent": 1, "opened": 1}, "a2": {"sent": 3}, "b1": {"sent": 1}},
        {
            ("A", "Mon"): {"sent": 2},
            ("A", "Tue"): {"sent": 2, "opened": 1},
            ("B", "Mon"): {"sent": 1},
        },
    )


def test_a_row_that_is_ignored_is_not_counted(world):
    insert_events(
        row(world.a2, "m1", SENT, TUESDAY),
        row(world.a2, "m9", SENT, TUESDAY),
        (world.a.pk, world.a1.pk, "m10", 9, MONDAY),
        (world.a.pk, world.a1.pk, "", 1, MONDAY),
        verb="INSERT OR IGNORE",
    )
    assert world.totals() == (
        {**AS_MADE[0], "a2": {"sent": 2}},
        {**AS_MADE[1], ("A", "Tue"): {"sent": 1, "opened": 1}},
    )


def test_an_update_that_replaces_another_row(world):
    execute(f"UPDATE OR REPLACE {EVENTS} SET message_id = 'm1' WHERE message_id = 'm3'")
    assert world.totals() == (
        {"a1": {"sent": 1, "opened": 1}, "a2": {"sent": 1}, "b1": {"sent": 1}},
        {("A", "Mon"): {"sent": 2}, ("A", "Tue"): {"opened": 1}, ("B", "Mon"): {"sent": 1}},
    )


def test_an_update_that_is_ignored_where_it_conflicts(world):
    execute(f"UPDATE OR IGNORE {EVENTS} SET message_id = 'm1', kind = kind + 1 WHERE kind = 1")
    assert world.totals() == (
        {"a1": {"sent": 2, "opened": 1}, "a2": {"sent": 1}, "b1": {"opened": 1}},
        {("A", "Mon"): {"sent": 3}, ("A", "Tue"): {"opened": 1}, ("B", "Mon"): {"opened": 1}},
    )


@pytest.mark.parametrize("verb", ["INSERT", "INSERT OR IGNORE", "INSERT OR REPLACE"])
def test_a_campaign_of_another_workspace_is_refused_however_it_is_written(world, verb):
    with refused("mailmetrics_event_campaign_in_workspace"):
        insert_events((world.a.pk, world.b1.pk, "n", 1, MONDAY), verb=verb)
    assert world.totals() == AS_MADE


def test_a_campaign_that_is_replaced_takes_its_events_with_it(world):
    execute(f"REPLACE INTO {CAMPAIGNS} SELECT * FROM {CAMPAIGNS} WHERE name = 'a1'")
    assert world.totals() == (
        {"a2": {"sent": 1}, "b1": {"sent": 1}},
        {("A", "Mon"): {"sent": 1}, ("B", "Mon"): {"sent": 1}},
    )


def test_a_workspace_that_is_replaced_takes_its_events_with_it(world):
    execute(f"REPLACE INTO {WORKSPACES} SELECT * FROM {WORKSPACES} WHERE name = 'A'")
    assert world.totals() == ({"b1": {"sent": 1}}, {("B", "Mon"): {"sent": 1}})


def test_a_workspace_that_is_deleted_takes_its_events_with_it_before_its_campaigns(world):
    """Each campaign would read all events of the workspace for its own."""
    with CaptureQueriesContext(connection) as queries:
        world.a.delete()
    deletions = [each["sql"] for each in queries if each["sql"].startswith("DELETE FROM")]
    (of_events,) = [n for n, sql in enumerate(deletions) if f'FROM "{EVENTS}"' in sql]
    (of_campaigns,) = [n for n, sql in enumerate(deletions) if f'FROM "{CAMPAIGNS}"' in sql]
    assert of_events < of_campaigns
    assert world.totals() == ({"b1": {"sent": 1}}, {("B", "Mon"): {"sent": 1}})


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-01-02T00:00:00Z", "Tue"),
        ("2024-01-02T00:00Z", "Tue"),
        ("2024-01-02T00:00:00+00:00", "Tue"),
        ("2024-01-02 01:30:00+02:00", "Mon"),
        ("2024-01-02T01:59:59.999999+02:00", "Mon"),
        ("2024-01-01T22:00:00.000001-02:00", "Tue"),
        ("2024-01-01T22:30-02:00", "Tue"),
        ("2024-01-01 23:59:59.999999", "Mon"),
    ],
)
def test_an_instant_counts_on_its_utc_day_in_whatever_way_it_is_written(world, text, day):
    insert_events(row(world.b1, "n", BOUNCED, text))
    _, days = world.totals()
    assert days["B", day] == {**AS_MADE[1].get(("B", day), {}), "bounced": 1}
    execute(f"DELETE FROM {EVENTS} WHERE occurred_at = %s", text)
    assert world.totals() == AS_MADE


@pytest.mark.parametrize("verb", ["INSERT", "INSERT OR IGNORE", "INSERT OR REPLACE"])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "yesterday noon",
        "2024-01-02",
        "12:30:00 and some more",
        "2460312.5000000000000",
        "2024-02-30 12:00:00",
        "2024-01-01 24:00:00",
        "2024-01-01 12:61:00",
        "2024-01-01T12:00:00+99:00",
        "2024-01-01T12:00:00 o'clock",
        "0000-06-01 12:00:00",
        "0001-01-01T00:00:00+02:00",
        "9999-12-31T23:00:00-02:00",
        2460312,
        2460312.5,
        b"2024-01-02 12:00:00",
    ],
)
def test_what_is_no_instant_is_refused(world, verb, text):
    with refused("mailmetrics_event_has_instant"):
        insert_events(row(world.a1, "n", SENT, text), verb=verb)
    with refused("mailmetrics_event_has_instant"):
        execute(f"UPDATE OR IGNORE {EVENTS} SET occurred_at = %s", text)
    assert world.totals() == AS_MADE


BATCH = OpenBatch._meta.db_table
NOT_YET = "mailmetrics_event_not_yet_counted"


def open_batch():
    execute(f"INSERT INTO {BATCH} SELECT 1, max(rowid), 0 FROM {EVENTS}")


class TestOpenBatch:
    """Between its two statements events are not counted; after the second, all at once."""

    @pytest.fixture(autouse=True)
    def _open(self, world):
        with transaction.atomic():
            open_batch()
            yield
            transaction.set_rollback(True)

    def close(self):
        execute(f"DELETE FROM {BATCH}")

    def test_closed_it_counts_what_was_inserted(self, world):
        insert_events(row(world.a2, "m9", SENT, TUESDAY), row(world.b1, "m9", BOUNCED))
        assert stored_totals()[0][world.a.pk, world.a2.pk] == {"sent": 1}
        self.close()
        assert world.totals() == (
            {**AS_MADE[0], "a2": {"sent": 2}, "b1": {"sent": 1, "bounced": 1}},
            {
                ("A", "Mon"): {"sent": 3},
                ("A", "Tue"): {"sent": 1, "opened": 1},
                ("B", "Mon"): {"sent": 1, "bounced": 1},
            },
        )

    def test_closed_empty_it_counts_nothing(self, world):
        self.close()
        assert world.totals() == AS_MADE

    def test_what_was_counted_before_may_change(self, world):
        execute(f"DELETE FROM {EVENTS} WHERE message_id = 'm3'")
        insert_events(row(world.a2, "m3", SENT))
        self.close()
        assert world.totals() == AS_MADE

    def test_what_it_has_inserted_may_not(self, world):
        insert_events(row(world.a2, "m9", SENT))
        for change in (f"DELETE FROM {EVENTS}", f"UPDATE {EVENTS} SET kind = 2"):
            with refused(NOT_YET):
                execute(f"{change} WHERE message_id = 'm9'")
        with refused(NOT_YET):
            insert_events(row(world.a2, "m9", SENT), verb="REPLACE")
        self.close()
        assert world.totals()[0]["a2"] == {"sent": 2}

    def test_there_is_one_at_most(self):
        with pytest.raises(IntegrityError, match="only_one"), transaction.atomic():
            execute(f"INSERT INTO {BATCH} VALUES (2, 0, 0)")

    @pytest.mark.parametrize(
        "text",
        [
            "2024-02-30 12:00:00",
            "2024-01-01 24:00:00",
            "2024-01-01 12:61:00",
            "2024-01-01 12:30",
            "2024-01-01T12:00:00",
            "2024-01-01 12:00:00Z",
            "2024-01-01 12:00:00.5+02:00",
            "0000-06-01 12:00:00",
            2460312,
            b"2024-01-02 12:00:00",
        ],
    )
    def test_an_instant_in_another_form_is_refused(self, world, text):
        insert_events(row(world.a1, "m9", SENT, "2024-01-01 13:00:00"))
        insert_events(row(world.a1, "n", SENT, text))
        with refused("mailmetrics_event_has_instant"):
            self.close()

    def test_a_campaign_of_another_workspace_is_refused(self, world):
        insert_events((world.a.pk, world.b1.pk, "n", 1, MONDAY))
        with refused("mailmetrics_event_campaign_in_workspace"):
            self.close()

    def test_an_event_from_before_the_pruning_is_refused(self, world):
        Workspace.objects.filter(pk=world.a.pk).update(events_pruned_before="2024-01-02")
        insert_events(row(world.b1, "n", SENT, MONDAY))
        insert_events(row(world.a1, "n", SENT, MONDAY))
        with refused("mailmetrics_event_after_horizon"):
            self.close()


@pytest.mark.django_db(transaction=True)
def test_no_transaction_commits_with_a_batch_open():
    world = World()

    @transaction.atomic
    def left_open():
        open_batch()
        insert_events(row(world.a2, "m9", SENT))

    with pytest.raises(IntegrityError, match="FOREIGN KEY"):
        left_open()
    insert_events(row(world.b1, "m9", SENT))
    assert world.totals()[0] == {**AS_MADE[0], "b1": {"sent": 2}}


@pytest.mark.django_db(transaction=True)
def test_a_batch_that_fails_leaves_none_open(monkeypatch):
    world = World()
    monkeypatch.setattr(repeats, "_FEW", 0)
    for campaign, message_id in ((world.a1, "m1"), (world.b1, "n")):
        events = [Event(campaign.pk, message_id, SENT, TUESDAY)]
        with suppress(InvalidEvent):
            record_events(workspace=world.a, events=events)
    insert_events(row(world.b1, "m9", SENT))
    assert world.totals()[0] == {**AS_MADE[0], "b1": {"sent": 2}}
