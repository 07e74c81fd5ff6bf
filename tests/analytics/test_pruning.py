"""Pruning deletes old events and leaves every total, and so every answer, as it was."""

from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from analytics.models import CampaignTotals, PrunedTotals
from analytics.totals.pruning import prune
from analytics.totals.recount import rebuild
from campaigns.fields import utc_now
from campaigns.models import Campaign, EmailEvent
from campaigns.recording import Event, Recorded, record_events
from tests.analytics.world import (
    AS_MADE,
    MIDNIGHT,
    MONDAY,
    OPENED,
    REPLIED,
    SENT,
    TUESDAY,
    World,
    row,
)
from tests.commands import run
from tests.sql import CAMPAIGN_TOTALS, EVENTS, execute, insert_events, refused

pytestmark = pytest.mark.django_db
TUESDAYS = MIDNIGHT.date()
LATER = TUESDAYS + timedelta(days=1)


@pytest.fixture
def world():
    return World()


def pruned(workspace, before=TUESDAYS, **options):
    return list(prune(workspace=workspace, before=before, **options))


def change_zone(workspace, zone):
    workspace.time_zone = zone
    workspace.save(update_fields=["time_zone"])


def kept(world):
    rows = EmailEvent.objects.order_by("workspace", "message_id", "kind")
    return [(world.names[row.workspace_id], row.message_id, row.get_kind_display()) for row in rows]


class TestPrune:
    def test_the_events_go_and_the_totals_stay(self, world):
        assert pruned(world.a) == [3]
        assert kept(world) == [("A", "m1", "opened"), ("B", "m1", "sent")]
        assert world.totals() == AS_MADE

    @pytest.mark.parametrize(("size", "batches"), [(1, [1, 1, 1]), (2, [2, 1]), (3, [3])])
    def test_batches_are_no_larger_than_asked(self, world, size, batches):
        assert pruned(world.a, batch_size=size) == batches
        assert world.totals() == AS_MADE

    def test_it_may_stop_after_a_batch_and_go_on(self, world):
        assert next(iter(prune(workspace=world.a, before=TUESDAYS, batch_size=1))) == 1
        assert world.totals() == AS_MADE
        assert pruned(world.a, batch_size=1) == [1, 1]
        assert pruned(world.a) == []
        assert world.totals() == AS_MADE

    def test_the_day_itself_keeps_its_events(self, world):
        insert_events(
            row(world.a2, "last of monday", SENT, MIDNIGHT - timedelta(microseconds=1)),
            row(world.a2, "first of tuesday", SENT, MIDNIGHT),
        )
        assert pruned(world.a) == [4]
        assert kept(world) == [
            ("A", "first of tuesday", "sent"),
            ("A", "m1", "opened"),
            ("B", "m1", "sent"),
        ]

    def test_a_later_pruning_adds_to_an_earlier(self, world):
        assert (pruned(world.a), pruned(world.a, LATER)) == ([3], [1])
        assert world.totals() == AS_MADE

    def test_an_earlier_day_than_before_leaves_the_horizon(self, world):
        pruned(world.a)
        assert pruned(world.a, date(2000, 1, 1)) == []
        world.a.refresh_from_db()
        assert world.a.events_pruned_before == MIDNIGHT

    def test_today_is_the_last_day_that_may_keep_its_events(self, world):
        with pytest.raises(ValueError, match="is not over yet"):
            prune(workspace=world.a, before=utc_now().date() + timedelta(days=2))
        world.a.refresh_from_db()
        assert world.a.events_pruned_before is None

    def test_nothing_is_pruned_before_a_batch_is_asked_for(self, world):
        prune(workspace=world.a, before=TUESDAYS)
        world.a.refresh_from_db()
        assert world.a.events_pruned_before is None
        insert_events(row(world.a1, "m9", SENT))

    @pytest.mark.parametrize("size", [0, -1])
    def test_a_batch_of_no_events_is_refused_at_once(self, world, size):
        with pytest.raises(ValueError, match=f"batch_size must be at least 1, not {size}"):
            prune(workspace=world.a, before=TUESDAYS, batch_size=size)

    def test_the_day_is_one_of_the_workspace_s_time_zone(self, world):
        change_zone(world.a, "America/New_York")
        begins = MIDNIGHT + timedelta(hours=5)
        insert_events(
            row(world.a2, "last of monday", SENT, begins - timedelta(microseconds=1)),
            row(world.a2, "first of tuesday", SENT, begins),
        )
        assert pruned(world.a) == [4]
        world.a.refresh_from_db()
        assert world.a.events_pruned_before == begins
        assert kept(world) == [
            ("A", "first of tuesday", "sent"),
            ("A", "m1", "opened"),
            ("B", "m1", "sent"),
        ]
        campaigns, days = world.totals()
        assert campaigns == {**AS_MADE[0], "a2": {"sent": 3}}
        assert days == {
            **AS_MADE[1],
            ("A", "Mon"): {"sent": 4},
            ("A", "Tue"): {"sent": 1, "opened": 1},
        }

    @pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York"])
    def test_what_was_pruned_does_not_come_back_in_another_zone(self, world, zone):
        """Its day may begin earlier there; the horizon is the instant that it was."""
        pruned(world.a)
        change_zone(world.a, zone)
        last = [Event(world.a1.pk, "m7", SENT, MIDNIGHT - timedelta(microseconds=1))]
        assert record_events(workspace=world.a, events=last) == Recorded(pruned=1)
        first = [Event(world.a1.pk, "m7", SENT, MIDNIGHT)]
        assert record_events(workspace=world.a, events=first) == Recorded(new=1)
        world.totals()


class TestAfterwards:
    @pytest.fixture(autouse=True)
    def pruned_before_tuesday(self, world):
        pruned(world.a)

    def test_what_was_pruned_is_not_counted_again(self, world):
        again = Event(world.a1.pk, "m1", SENT, MONDAY)
        new = Event(world.a1.pk, "m5", SENT, TUESDAY)
        answer = record_events(workspace=world.a, events=[again, new])
        assert answer == Recorded(new=1, pruned=1)
        world.a.refresh_from_db()
        assert record_events(workspace=world.a, events=[again, new]) == Recorded(known=1, pruned=1)
        campaigns, _ = world.totals()
        assert campaigns["a1"] == {"sent": 3, "opened": 1}

    def test_a_known_event_is_not_moved_to_before_the_horizon(self, world):
        events = [Event(world.a1.pk, "m1", OPENED, MONDAY)]
        assert record_events(workspace=world.a, events=events) == Recorded(pruned=1)
        assert world.totals() == AS_MADE

    def test_a_repeat_after_the_horizon_counts_again(self, world):
        """What was pruned is not remembered by message: docs/operations.md tells so."""
        events = [Event(world.a1.pk, "m1", SENT, TUESDAY)]
        assert record_events(workspace=world.a, events=events) == Recorded(new=1)
        campaigns, days = world.totals()
        assert campaigns["a1"] == {"sent": 3, "opened": 1}
        assert days["A", "Tue"] == {"sent": 1, "opened": 1}

    def test_the_database_refuses_what_is_from_before_the_horizon(self, world):
        with refused("mailmetrics_event_after_horizon"):
            insert_events(row(world.a1, "m9", SENT), row(world.a1, "m9", OPENED, TUESDAY))
        with refused("mailmetrics_event_after_horizon"):
            EmailEvent.objects.filter(workspace=world.a).update(occurred_at=MONDAY)
        insert_events(row(world.b1, "m9", SENT))
        campaigns, _ = world.totals()
        assert campaigns == {**AS_MADE[0], "b1": {"sent": 2}}

    def test_a_deleted_campaign_takes_its_share_of_the_days_with_it(self, world):
        Campaign.objects.get(pk=world.a1.pk).delete()
        assert world.totals() == (
            {"a2": {"sent": 1}, "b1": {"sent": 1}},
            {("A", "Mon"): {"sent": 1}, ("B", "Mon"): {"sent": 1}},
        )
        assert [row.campaign_id for row in PrunedTotals.objects.all()] == [world.a2.pk]

    def test_a_deleted_workspace_leaves_nothing(self, world):
        world.a.delete()
        assert world.totals() == ({"b1": {"sent": 1}}, {("B", "Mon"): {"sent": 1}})
        assert not PrunedTotals.objects.exists()

    @pytest.mark.parametrize("change", [{"sent": 0, "replied": 5}, {"day": LATER}])
    def test_the_totals_follow_any_change_of_what_was_pruned(self, world, change):
        PrunedTotals.objects.filter(campaign=world.a1).update(**change)
        assert world.totals() != AS_MADE

    def test_verify_and_rebuild_count_what_was_pruned(self, world):
        assert run("verify_totals").out == "Every total equals a recount of the events.\n"
        execute(f"UPDATE {CAMPAIGN_TOTALS} SET sent = 9 WHERE campaign_id = %s", world.a2.pk)
        with pytest.raises(CommandError, match=r"^Totals that differ: 1\."):
            call_command("verify_totals", stdout=StringIO())
        rebuild(using="default")
        assert world.totals() == AS_MADE

    @pytest.mark.postgresql
    def test_truncated_events_leave_what_was_pruned(self, world):
        execute(f"TRUNCATE {EVENTS}")
        assert world.totals() == (
            {"a1": {"sent": 2}, "a2": {"sent": 1}},
            {("A", "Mon"): {"sent": 3}},
        )
        execute(f"TRUNCATE {PrunedTotals._meta.db_table}")
        assert world.totals() == ({}, {})
        assert not CampaignTotals.objects.exists()


class TestTheCommand:
    def test_it_prunes_every_workspace(self, world):
        ended = run("prune_events", "--before", "2024-01-02", "--batch-size", 2)
        assert ended.out == "4 events from before 2024-01-02 are deleted, all totals kept.\n"
        assert kept(world) == [("A", "m1", "opened")]
        assert world.totals() == AS_MADE

    def test_it_prunes_the_workspace_named(self, world):
        ended = run("prune_events", "--before", "2024-01-02", "--workspace", "B")
        assert ended.out == "1 events from before 2024-01-02 are deleted, all totals kept.\n"
        world.a.refresh_from_db()
        assert world.a.events_pruned_before is None

    def test_a_young_day_takes_force(self, world):
        young = utc_now().date() - timedelta(days=29)
        with pytest.raises(CommandError, match=r"is not 30 days ago: .* --force prunes"):
            run("prune_events", "--before", young)
        assert len(kept(world)) == 5
        assert run("prune_events", "--before", young, "--force").out.startswith("5 events")

    def test_no_force_prunes_what_is_to_come(self, world):
        tomorrow = utc_now().date() + timedelta(days=2)
        with pytest.raises(CommandError, match="is to come"):
            run("prune_events", "--before", tomorrow, "--force")

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--before", "2024-13-01"], "--before"),
            (["--before", "20240101"], "must be a date, YYYY-MM-DD"),
            (["--before", "2024-01-01", "--workspace", "C"], "There is no workspace 'C'"),
            (["--before", "2024-01-01", "--batch-size", 0], "must be at least 1"),
            ([], "--before"),
        ],
    )
    def test_what_it_cannot_do_is_said(self, world, arguments, message):
        with pytest.raises(CommandError, match=message):
            run("prune_events", *arguments)

    def test_import_events_tells_how_many_were_from_before(self, world, tmp_path):
        pruned(world.a)
        file = tmp_path / "events.csv"
        file.write_text(
            "campaign_id,message_id,kind,occurred_at\n"
            f"{world.a1.pk},m1,sent,2024-01-01T12:00:00Z\n"
            f"{world.a1.pk},m1,replied,2024-01-02T12:00:00Z\n"
        )
        ended = run("import_events", "A", file)
        assert ended == (
            0,
            "events: 1 new, 0 moved earlier, 0 known, 1 from before the workspace was pruned and "
            "not recorded; 0 lines refused\n",
            "",
        )
        assert EmailEvent.objects.filter(workspace=world.a, kind=REPLIED).count() == 1
