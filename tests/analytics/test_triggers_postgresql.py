"""What only PostgreSQL can do to events: the totals stay a recount of them."""

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection

from campaigns.models import Campaign, EmailEvent
from tests.analytics.world import AS_MADE, MONDAY, OPENED, SENT, TUESDAY, World, event, row
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

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


@pytest.fixture
def world():
    return World()


def copy(*rows):
    statement = f"COPY {EVENTS} FROM STDIN"
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(statement) as to,
    ):
        for workspace_id, campaign_id, message_id, kind, at in rows:
            to.write_row((workspace_id, at, campaign_id, kind, message_id))


def test_copy(world):
    copy(row(world.a2, "n", OPENED, TUESDAY), row(world.b1, "n", SENT))
    assert world.totals() == (
        {"a1": {"sent": 2, "opened": 1}, "a2": {"sent": 1, "opened": 1}, "b1": {"sent": 2}},
        {
            ("A", "Mon"): {"sent": 3},
            ("A", "Tue"): {"opened": 2},
            ("B", "Mon"): {"sent": 2},
        },
    )


def test_copy_of_a_campaign_of_another_workspace_is_refused(world):
    with refused("mailmetrics_event_campaign_in_workspace"):
        copy((world.a.pk, world.b1.pk, "n", 1, MONDAY))


@pytest.mark.parametrize(
    "statement",
    [f"TRUNCATE {EVENTS}", f"TRUNCATE {CAMPAIGNS} CASCADE", f"TRUNCATE {WORKSPACES} CASCADE"],
)
def test_truncate(world, statement):
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    execute(statement)
    assert not EmailEvent.objects.exists()
    assert world.totals() == ({}, {})


def test_merge_that_inserts_updates_and_deletes(world):
    execute(
        f"""
        MERGE INTO {EVENTS} e USING (VALUES ('m1', 1), ('m2', 1), ('m9', 1)) g (message_id, kind)
           ON e.workspace_id = %s AND (e.message_id, e.kind) = (g.message_id, g.kind)
         WHEN MATCHED AND g.message_id = 'm1' THEN DELETE
         WHEN MATCHED THEN UPDATE SET campaign_id = %s, occurred_at = %s
         WHEN NOT MATCHED THEN INSERT (workspace_id, campaign_id, message_id, kind, occurred_at)
              VALUES (%s, %s, g.message_id, g.kind, %s)
        """,
        *(world.a.pk, world.a2.pk, TUESDAY, world.a.pk, world.a1.pk, MONDAY),
    )
    assert world.totals() == (
        {"a1": {"sent": 1, "opened": 1}, "a2": {"sent": 2}, "b1": {"sent": 1}},
        {
            ("A", "Mon"): {"sent": 2},
            ("A", "Tue"): {"sent": 1, "opened": 1},
            ("B", "Mon"): {"sent": 1},
        },
    )


def test_a_statement_that_deletes_inserts_and_updates_in_its_parts(world):
    execute(
        f"""
        WITH gone AS (DELETE FROM {EVENTS} WHERE message_id = 'm1' RETURNING *),
             moved AS (UPDATE {EVENTS} SET kind = 3 WHERE message_id = 'm2' RETURNING *)
        INSERT INTO {EVENTS} (workspace_id, campaign_id, message_id, kind, occurred_at)
        SELECT workspace_id, campaign_id, 'again ' || message_id, 4, occurred_at FROM gone
         WHERE kind = 1 UNION ALL
        SELECT workspace_id, campaign_id, 'again ' || message_id, 1, occurred_at FROM moved
        """
    )
    assert world.totals() == (
        {
            "a1": {"replied": 1, "bounced": 1, "sent": 1},
            "a2": {"sent": 1},
            "b1": {"bounced": 1},
        },
        {("A", "Mon"): {"replied": 1, "bounced": 1, "sent": 2}, ("B", "Mon"): {"bounced": 1}},
    )


def test_many_campaigns_go_at_once_even_after_one_that_went_alone(world):
    """A plan that was kept from the one would read all events for each of the many."""
    campaigns = Campaign.objects.bulk_create(
        Campaign(workspace=world.a, name=str(n)) for n in range(100)
    )
    EmailEvent.objects.bulk_create(
        event(campaigns[n % 100], f"many {n}", SENT, MONDAY) for n in range(3000)
    )
    campaigns[0].delete()
    before = rows_read(EVENTS)
    world.a.delete()
    assert rows_read(EVENTS) - before < 10 * 3000
    assert world.totals() == ({"b1": {"sent": 1}}, {("B", "Mon"): {"sent": 1}})


def rows_read(table):
    """In this transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = %s",
            [table],
        )
        return cursor.fetchone()[0]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_days_are_utc_whatever_the_session_s_time_zone(world, zone):
    execute("SELECT set_config('TimeZone', %s, true)", zone)
    insert_events(row(world.b1, "n", SENT, datetime(2024, 1, 3, 0, 30, tzinfo=UTC)))
    EmailEvent.objects.filter(message_id="m1", kind=OPENED).update(
        occurred_at=datetime(2024, 1, 3, 23, 30, tzinfo=UTC)
    )
    execute("SET LOCAL TimeZone = 'UTC'")  # as Django takes it to be when it reads
    assert world.totals() == (
        {**AS_MADE[0], "b1": {"sent": 2}},
        {
            ("A", "Mon"): {"sent": 3},
            ("A", "Wed"): {"opened": 1},
            ("B", "Mon"): {"sent": 1},
            ("B", "Wed"): {"sent": 1},
        },
    )


def test_a_session_with_another_search_path_writes_the_same_totals(world):
    values = row(world.b1, "n", SENT)
    execute("CREATE SCHEMA elsewhere")
    execute(f"CREATE TABLE elsewhere.{DAILY_TOTALS} (LIKE public.{DAILY_TOTALS})")
    execute("SET LOCAL search_path = elsewhere")
    execute(
        f"""
        INSERT INTO public.{EVENTS} (workspace_id, campaign_id, message_id, kind, occurred_at)
        VALUES (%s, %s, %s, %s, %s)
        """,
        *values,
    )
    execute(f"DELETE FROM public.{CAMPAIGNS} WHERE id = %s", world.a1.pk)
    execute("SET LOCAL search_path = public")
    assert world.totals() == (
        {"a2": {"sent": 1}, "b1": {"sent": 2}},
        {("A", "Mon"): {"sent": 1}, ("B", "Mon"): {"sent": 2}},
    )


@pytest.mark.parametrize(
    "table", [DAILY_TOTALS, CAMPAIGN_TOTALS, CAMPAIGN_DAILY_TOTALS, WORKSPACES]
)
def test_a_temporary_table_does_not_stand_for_ours(world, table):
    execute(f"CREATE TEMP TABLE {table} AS SELECT * FROM public.{table} WITH NO DATA")
    insert_events(row(world.b1, "n", SENT))
    execute(f"DELETE FROM {EVENTS} WHERE message_id = 'm3'")
    execute(f"UPDATE public.{WORKSPACES} SET time_zone = 'Asia/Kolkata' WHERE name = 'B'")
    execute(f"SELECT 1 FROM pg_temp.{table}")
    execute(f"DROP TABLE pg_temp.{table}")
    assert world.totals() == (
        {"a1": {"sent": 2, "opened": 1}, "b1": {"sent": 2}},
        {("A", "Mon"): {"sent": 2}, ("A", "Tue"): {"opened": 1}, ("B", "Mon"): {"sent": 2}},
    )


def test_a_role_that_may_write_events_needs_no_right_to_write_totals(world):
    execute("CREATE ROLE recorder")
    execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {EVENTS} TO recorder")
    execute(f"GRANT SELECT, DELETE ON {CAMPAIGNS}, {WORKSPACES} TO recorder")
    execute(f"GRANT UPDATE (time_zone) ON {WORKSPACES} TO recorder")
    execute("SET LOCAL ROLE recorder")
    insert_events(row(world.b1, "n", SENT))
    execute(f"UPDATE {EVENTS} SET kind = 5 WHERE message_id = 'm2'")
    execute(f"DELETE FROM {EVENTS} WHERE message_id = 'm3'")
    execute(f"UPDATE {WORKSPACES} SET time_zone = 'Asia/Kolkata' WHERE name = 'B'")
    execute(f"DELETE FROM {CAMPAIGNS} WHERE id = %s", world.a2.pk)
    execute("RESET ROLE")
    assert world.totals() == (
        {"a1": {"sent": 1, "opened": 1, "clicked": 1}, "b1": {"sent": 2}},
        {
            ("A", "Mon"): {"sent": 1, "clicked": 1},
            ("A", "Tue"): {"opened": 1},
            ("B", "Mon"): {"sent": 2},
        },
    )


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER forged AFTER INSERT ON pg_temp.forged "
        "REFERENCING NEW TABLE AS changed_rows "
        "FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_count_events('add')",
        "SELECT mailmetrics_recount(1)",
        "SELECT mailmetrics_add(NULL)",
    ],
)
def test_nobody_else_may_use_our_functions(world, statement):
    execute("CREATE ROLE forger")
    execute("SET LOCAL ROLE forger")
    execute("CREATE TEMP TABLE forged (workspace_id bigint)")
    with pytest.raises(DatabaseError, match="permission denied for function"):
        execute(statement)


@pytest.mark.parametrize("instant", ["infinity", "-infinity", "0001-01-01 BC", "10000-01-01Z"])
def test_an_instant_that_python_does_not_know_is_refused(world, instant):
    with refused("mailmetrics_dailytotals_day_in_range"):
        insert_events(row(world.a1, "n", SENT, instant))
