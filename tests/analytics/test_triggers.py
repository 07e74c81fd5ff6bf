"""Whatever writes events, the totals are a recount of them at once; on both databases."""

from datetime import timedelta

import pytest
from django.db import connection, transaction

from analytics.models import CampaignTotals, DailyTotals
from campaigns.models import Campaign, EmailEvent, Workspace
from tests.analytics.world import (
    AS_MADE,
    BOUNCED,
    MIDNIGHT,
    MONDAY,
    OPENED,
    REPLIED,
    SENT,
    TUESDAY,
    World,
    event,
    row,
)
from tests.sql import CAMPAIGNS, EVENTS, WORKSPACES, execute, insert_events

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return World()


def test_bulk_create_counts_every_row(world):
    assert world.totals() == AS_MADE


class TestORM:
    def test_create(self, world):
        EmailEvent.objects.create(
            workspace=world.b, campaign=world.b1, message_id="m1", kind=BOUNCED, occurred_at=TUESDAY
        )
        campaigns, days = world.totals()
        assert campaigns["b1"] == {"sent": 1, "bounced": 1}
        assert days["B", "Tue"] == {"bounced": 1}

    def test_save_of_a_known_key_updates_it(self, world):
        event(world.a2, "m1", SENT, TUESDAY).save()
        assert world.totals() == (
            {"a1": {"sent": 1, "opened": 1}, "a2": {"sent": 2}, "b1": {"sent": 1}},
            {
                ("A", "Mon"): {"sent": 2},
                ("A", "Tue"): {"sent": 1, "opened": 1},
                ("B", "Mon"): {"sent": 1},
            },
        )

    def test_delete(self, world):
        EmailEvent.objects.get(pk=(world.a.pk, "m1", OPENED)).delete()
        assert world.totals() == (
            {"a1": {"sent": 2}, "a2": {"sent": 1}, "b1": {"sent": 1}},
            {("A", "Mon"): {"sent": 3}, ("B", "Mon"): {"sent": 1}},
        )

    def test_delete_of_a_queryset(self, world):
        assert EmailEvent.objects.filter(message_id="m1").delete()[0] == 3
        assert world.totals() == (
            {"a1": {"sent": 1}, "a2": {"sent": 1}},
            {("A", "Mon"): {"sent": 2}},
        )

    def test_bulk_create_that_ignores_conflicts_counts_what_was_new(self, world):
        rows = [event(world.a2, "m1", SENT, TUESDAY), event(world.a2, "m4", SENT)]
        EmailEvent.objects.bulk_create(rows, ignore_conflicts=True)
        campaigns, days = world.totals()
        assert campaigns == {**AS_MADE[0], "a2": {"sent": 2}}
        assert days == {**AS_MADE[1], ("A", "Mon"): {"sent": 4}}

    def test_bulk_create_that_updates_conflicts(self, world):
        EmailEvent.objects.bulk_create(
            [event(world.a2, "m1", SENT, TUESDAY), event(world.a2, "m4", REPLIED, TUESDAY)],
            update_conflicts=True,
            unique_fields=["workspace", "message_id", "kind"],
            update_fields=["campaign", "occurred_at"],
        )
        assert world.totals() == (
            {
                "a1": {"sent": 1, "opened": 1},
                "a2": {"sent": 2, "replied": 1},
                "b1": {"sent": 1},
            },
            {
                ("A", "Mon"): {"sent": 2},
                ("A", "Tue"): {"sent": 1, "opened": 1, "replied": 1},
                ("B", "Mon"): {"sent": 1},
            },
        )


class TestRawSQL:
    def test_an_insert_of_several_workspaces_campaigns_and_days(self, world):
        assert (
            insert_events(
                row(world.b1, "n", SENT),
                row(world.a1, "n", SENT, TUESDAY),
                row(world.a2, "n", REPLIED, MIDNIGHT - timedelta(microseconds=1)),
                row(world.a2, "n", BOUNCED, MIDNIGHT),
            )
            == 4
        )
        assert world.totals() == (
            {
                "a1": {"sent": 3, "opened": 1},
                "a2": {"sent": 1, "replied": 1, "bounced": 1},
                "b1": {"sent": 2},
            },
            {
                ("A", "Mon"): {"sent": 3, "replied": 1},
                ("A", "Tue"): {"sent": 1, "opened": 1, "bounced": 1},
                ("B", "Mon"): {"sent": 2},
            },
        )

    def test_on_conflict_do_update_touches_new_and_old_rows_at_once(self, world):
        insert_events(
            row(world.a2, "m1", SENT, TUESDAY),
            row(world.a2, "m2", SENT, MONDAY),
            row(world.a1, "m9", SENT, TUESDAY),
            then="""ON CONFLICT (workspace_id, message_id, kind) DO UPDATE
                    SET campaign_id = excluded.campaign_id, occurred_at = excluded.occurred_at""",
        )
        assert world.totals() == (
            {"a1": {"sent": 1, "opened": 1}, "a2": {"sent": 3}, "b1": {"sent": 1}},
            {
                ("A", "Mon"): {"sent": 2},
                ("A", "Tue"): {"sent": 2, "opened": 1},
                ("B", "Mon"): {"sent": 1},
            },
        )

    def test_a_delete_of_several_rows(self, world):
        assert execute(f"DELETE FROM {EVENTS} WHERE kind = 1") == 4
        assert world.totals() == ({"a1": {"opened": 1}}, {("A", "Tue"): {"opened": 1}})

    def test_a_delete_of_all_rows(self, world):
        assert execute(f"DELETE FROM {EVENTS}") == 5
        assert world.totals() == ({}, {})

    @pytest.mark.parametrize(
        "statement",
        [
            f"DELETE FROM {EVENTS} WHERE kind = 4",
            f"UPDATE {EVENTS} SET kind = 2 WHERE kind = 4",
            f"UPDATE {EVENTS} SET kind = kind",
            f"INSERT INTO {EVENTS} SELECT * FROM {EVENTS} WHERE kind = 4",
            f"DELETE FROM {CAMPAIGNS} WHERE name = 'none'",
            f"DELETE FROM {WORKSPACES} WHERE name = 'none'",
        ],
    )
    def test_a_statement_that_changes_nothing(self, world, statement):
        execute(statement)
        assert world.totals() == AS_MADE

    def test_what_is_rolled_back_was_never_counted(self, world):
        with transaction.atomic():
            execute(f"DELETE FROM {EVENTS}")
            transaction.set_rollback(True)
        assert world.totals() == AS_MADE


class TestUpdates:
    """Of each column that a total is keyed by, of several rows at once."""

    def test_of_the_kind(self, world):
        assert execute(f"UPDATE {EVENTS} SET kind = 4 WHERE kind = 1") == 4
        assert world.totals() == (
            {"a1": {"bounced": 2, "opened": 1}, "a2": {"bounced": 1}, "b1": {"bounced": 1}},
            {
                ("A", "Mon"): {"bounced": 3},
                ("A", "Tue"): {"opened": 1},
                ("B", "Mon"): {"bounced": 1},
            },
        )

    def test_of_the_campaign(self, world):
        EmailEvent.objects.filter(workspace=world.a).update(campaign=world.a2)
        assert world.totals() == (
            {"a2": {"sent": 3, "opened": 1}, "b1": {"sent": 1}},
            AS_MADE[1],
        )

    def test_that_swaps_two_campaigns(self, world):
        execute(
            f"UPDATE {EVENTS} SET campaign_id = CASE campaign_id WHEN %s THEN %s ELSE %s END "
            "WHERE workspace_id = %s",
            *(world.a1.pk, world.a2.pk, world.a1.pk, world.a.pk),
        )
        campaigns, days = world.totals()
        assert campaigns == {"a2": {"sent": 2, "opened": 1}, "a1": {"sent": 1}, "b1": {"sent": 1}}
        assert days == AS_MADE[1]

    def test_of_the_workspace_and_the_campaign_together(self, world):
        execute(
            f"UPDATE {EVENTS} SET workspace_id = %s, campaign_id = %s WHERE message_id = 'm2'",
            *(world.b.pk, world.b1.pk),
        )
        assert world.totals() == (
            {"a1": {"sent": 1, "opened": 1}, "a2": {"sent": 1}, "b1": {"sent": 2}},
            {("A", "Mon"): {"sent": 2}, ("A", "Tue"): {"opened": 1}, ("B", "Mon"): {"sent": 2}},
        )

    def test_of_the_message(self, world):
        execute(f"UPDATE {EVENTS} SET message_id = 'other ' || message_id")
        assert world.totals() == AS_MADE

    @pytest.mark.parametrize(
        ("instant", "day"), [(MIDNIGHT - timedelta(microseconds=1), "Mon"), (MIDNIGHT, "Tue")]
    )
    def test_of_the_instant_changes_the_utc_day_at_midnight(self, world, instant, day):
        EmailEvent.objects.update(occurred_at=instant)
        assert world.totals() == (
            AS_MADE[0],
            {("A", day): {"sent": 3, "opened": 1}, ("B", day): {"sent": 1}},
        )


class TestDeletions:
    def test_of_a_campaign(self, world):
        Campaign.objects.get(name="a1").delete()
        assert world.totals() == (
            {"a2": {"sent": 1}, "b1": {"sent": 1}},
            {("A", "Mon"): {"sent": 1}, ("B", "Mon"): {"sent": 1}},
        )
        assert not EmailEvent.objects.filter(campaign_id=world.a1.pk).exists()

    def test_of_several_campaigns_by_raw_sql(self, world):
        assert execute(f"DELETE FROM {CAMPAIGNS} WHERE name IN ('a1', 'b1')") == 2
        assert world.totals() == ({"a2": {"sent": 1}}, {("A", "Mon"): {"sent": 1}})
        assert CampaignTotals.objects.count() == 1

    def test_of_a_workspace_takes_everything_of_it(self, world):
        world.a.delete()
        assert world.totals() == ({"b1": {"sent": 1}}, {("B", "Mon"): {"sent": 1}})
        for model in (EmailEvent, CampaignTotals, DailyTotals, Campaign):
            assert {found.workspace_id for found in model.objects.all()} == {world.b.pk}

    def test_of_all_workspaces_by_queryset(self, world):
        Workspace.objects.all().delete()
        for model in (EmailEvent, CampaignTotals, DailyTotals, Campaign):
            assert not model.objects.exists()

    def test_of_a_workspace_before_its_campaigns_by_raw_sql(self, world):
        execute(f"DELETE FROM {WORKSPACES} WHERE id = %s", world.a.pk)
        execute(f"DELETE FROM {CAMPAIGNS} WHERE workspace_id = %s", world.a.pk)
        connection.check_constraints()
        assert world.totals() == ({"b1": {"sent": 1}}, {("B", "Mon"): {"sent": 1}})

    def test_of_a_workspace_that_is_put_back_before_its_campaigns_are_missed(self, world):
        """The foreign key of the campaigns is satisfied again: totals must not be lost alone."""
        execute(f"DELETE FROM {WORKSPACES} WHERE id = %s", world.a.pk)
        world.a.save(force_insert=True)
        connection.check_constraints()
        assert world.totals() == ({"b1": {"sent": 1}}, {("B", "Mon"): {"sent": 1}})
