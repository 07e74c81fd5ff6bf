"""What must never be is refused by the database, by a constraint with a name, on both of them."""

from uuid import UUID

import pytest
from django.db import connection

from campaigns.models import Campaign, EmailEvent
from tests.analytics.world import AS_MADE, MONDAY, SENT, World, row
from tests.recount import KINDS
from tests.sql import (
    CAMPAIGN_DAILY_TOTALS,
    CAMPAIGN_TOTALS,
    CAMPAIGNS,
    DAILY_TOTALS,
    EVENTS,
    WORKSPACES,
    execute,
    insert_events,
    refused,
)

pytestmark = pytest.mark.django_db

NOWHERE = UUID(int=1)


@pytest.fixture
def world():
    return World()


class TestACampaignIsOfTheEventsWorkspace:
    def test_an_insert_with_a_campaign_of_another_workspace_is_refused(self, world):
        with refused("mailmetrics_event_campaign_in_workspace"):
            insert_events(row(world.a1, "n", SENT), (world.a.pk, world.b1.pk, "n2", 1, MONDAY))
        assert world.totals() == AS_MADE

    def test_an_insert_with_a_campaign_that_does_not_exist_is_refused(self, world):
        with refused("mailmetrics_event_campaign_in_workspace"):
            insert_events((world.a.pk, NOWHERE, "n", 1, MONDAY))
        assert world.totals() == AS_MADE

    def test_an_insert_with_a_workspace_that_does_not_exist_is_refused(self, world):
        with refused("mailmetrics_event_campaign_in_workspace"):
            insert_events((0, world.a1.pk, "n", 1, MONDAY))
        assert world.totals() == AS_MADE

    @pytest.mark.parametrize("only", ["message_id = 'm1'", "message_id = 'm3'", "1 = 1"])
    def test_an_update_to_a_campaign_of_another_workspace_is_refused(self, world, only):
        update = f"UPDATE {EVENTS} SET campaign_id = %s WHERE workspace_id = %s AND {only}"
        with refused("mailmetrics_event_campaign_in_workspace"):
            execute(update, world.b1.pk, world.a.pk)
        with refused("mailmetrics_event_campaign_in_workspace"):
            execute(update, NOWHERE, world.a.pk)
        assert world.totals() == AS_MADE

    def test_an_update_to_another_workspace_alone_is_refused(self, world):
        with refused("mailmetrics_event_campaign_in_workspace"):
            execute(f"UPDATE {EVENTS} SET workspace_id = %s WHERE message_id = 'm3'", world.b.pk)
        assert world.totals() == AS_MADE

    def test_the_orm_is_refused_alike(self, world):
        with refused("mailmetrics_event_campaign_in_workspace"):
            EmailEvent.objects.filter(message_id="m3").update(campaign=world.b1)
        assert world.totals() == AS_MADE

    def test_a_campaign_with_events_stays_in_its_workspace(self, world):
        with refused("mailmetrics_event_campaign_in_workspace"):
            Campaign.objects.filter(name="a1").update(workspace=world.b)
        assert world.totals() == AS_MADE

    def test_a_campaign_with_events_keeps_its_id(self, world):
        with refused("mailmetrics_event_campaign_in_workspace"):
            Campaign.objects.filter(name="a1").update(id=NOWHERE)
        assert world.totals() == AS_MADE

    def test_a_campaign_without_events_may_move_and_then_counts_there(self, world):
        campaign = Campaign.objects.create(workspace=world.a, name="new")
        Campaign.objects.filter(pk=campaign.pk).update(workspace=world.b)
        world.names[campaign.pk] = "new"
        insert_events((world.b.pk, campaign.pk, "n", 1, MONDAY))
        assert world.totals() == (
            {**AS_MADE[0], "new": {"sent": 1}},
            {**AS_MADE[1], ("B", "Mon"): {"sent": 2}},
        )


@pytest.mark.parametrize("kind", [0, 9, -1])
def test_an_unknown_kind_is_refused(world, kind):
    with refused("mailmetrics_event_kind_known"):
        insert_events((world.a.pk, world.a1.pk, "n", kind, MONDAY))
    with refused("mailmetrics_event_kind_known"):
        execute(f"UPDATE {EVENTS} SET kind = {kind} WHERE message_id = 'm3'")
    assert world.totals() == AS_MADE


def test_an_empty_message_id_is_refused(world):
    with refused("mailmetrics_event_has_message"):
        insert_events((world.a.pk, world.a1.pk, "", 1, MONDAY))
    assert world.totals() == AS_MADE


def test_a_key_is_there_once(world):
    key = "mailmetrics_campaigns_emailevent_pkey"
    sqlite = f"{EVENTS}.workspace_id, {EVENTS}.message_id, {EVENTS}.kind"
    with refused(key if connection.vendor == "postgresql" else sqlite):
        insert_events(row(world.a2, "m1", SENT))
    assert world.totals() == AS_MADE


@pytest.mark.parametrize("column", ["workspace_id", "campaign_id", "message_id", "kind"])
def test_no_column_may_be_missing(world, column):
    with refused(column):
        execute(f"UPDATE {EVENTS} SET {column} = NULL WHERE message_id = 'm3'")
    assert world.totals() == AS_MADE


@pytest.mark.parametrize("count", KINDS)
@pytest.mark.parametrize(
    ("table", "constraint"),
    [
        (CAMPAIGN_TOTALS, "mailmetrics_campaigntotals_not_negative"),
        (CAMPAIGN_DAILY_TOTALS, "mailmetrics_campaigndailytotals_not_negative"),
        (DAILY_TOTALS, "mailmetrics_dailytotals_not_negative"),
    ],
)
def test_a_negative_count_is_refused(world, table, constraint, count):
    with refused(constraint):
        execute(f"UPDATE {table} SET {count} = -1")
    assert world.totals() == AS_MADE


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("status = 'UNKNOWN'", "mailmetrics_campaign_status_known"),
        ("status = 'draft'", "mailmetrics_campaign_status_known"),
        ("status = ''", "mailmetrics_campaign_status_known"),
        ("name = ''", "mailmetrics_campaign_has_name"),
        ("total_leads = -1", "mailmetrics_campaign_leads_not_negative"),
    ],
)
def test_an_odd_campaign_is_refused(world, change, constraint):
    with refused(constraint):
        execute(f"UPDATE {CAMPAIGNS} SET {change}")


def test_a_workspace_has_a_name_of_its_own(world):
    with refused("mailmetrics_workspace_has_name"):
        execute(f"UPDATE {WORKSPACES} SET name = ''")
    unique = {"postgresql": "mailmetrics_workspace_name_unique", "sqlite": f"{WORKSPACES}.name"}
    with refused(unique[connection.vendor]):
        execute(f"UPDATE {WORKSPACES} SET name = 'A'")
