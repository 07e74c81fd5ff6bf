"""What only SQLite can do to events: the totals stay a recount of them."""

import pytest

from tests.analytics.world import AS_MADE, BOUNCED, MONDAY, SENT, TUESDAY, World, row
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
        (world.a.pk, world.a1.pk, "m10", 5, MONDAY),
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
