import re
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import override_settings

from analytics.api.checks import check_exception_handler
from analytics.totals.checks import check_tables, check_triggers
from analytics.totals.triggers import expected
from campaigns.checks import check_backend
from campaigns.fields import utc_now
from campaigns.models import EmailEvent, EventKind
from campaigns.recording import Event, record_events
from tests.factories import CampaignFactory
from tests.recount import assert_totals_exact

EVENTS = EmailEvent._meta.db_table
INSERTED = "mailmetrics_events_inserted"
ON_EVENTS = f" ON {EVENTS}" if connection.vendor == "postgresql" else ""


class NowhereRouter:
    def allow_migrate(self, db, app_label, **hints):
        return not app_label.startswith("mailmetrics_")


def execute(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


def found(query):
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {name for (name,) in cursor.fetchall()}


def issues():
    return [(issue.id, issue.msg) for issue in check_triggers(databases=["default"])]


def record(campaign, message_id):
    event = Event(campaign.id, message_id, EventKind.SENT, utc_now())
    record_events(workspace=campaign.workspace, events=[event])


def lacking(*triggers):
    text = f"The database 'default' lacks the triggers {', '.join(triggers)}, or they are disabled"
    return [("mailmetrics.E006", f"{text}: the totals are not kept.")]


@pytest.mark.django_db
def test_the_triggers_looked_for_are_those_that_the_migrations_create():
    assert issues() == []
    assert found(
        {
            "postgresql": "SELECT tgname FROM pg_trigger WHERE tgname LIKE 'mailmetrics%'",
            "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        }[connection.vendor]
    ) == expected(connection.vendor)


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(expected(connection.vendor)))
def test_a_missing_trigger_is_named(name):
    (table,) = found(
        {
            "postgresql": "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = '%s'",
            "sqlite": "SELECT tbl_name FROM sqlite_master WHERE name = '%s'",
        }[connection.vendor]
        % name
    )
    execute(f"DROP TRIGGER {name}" + (f" ON {table}" if connection.vendor == "postgresql" else ""))
    assert issues() == lacking(name)


@pytest.mark.postgresql
@pytest.mark.django_db
@pytest.mark.parametrize("state", ["DISABLE", "ENABLE REPLICA"])
def test_a_trigger_that_does_not_fire_is_as_good_as_missing(state):
    execute(f"ALTER TABLE {EVENTS} {state} TRIGGER {INSERTED}")
    assert issues() == lacking(INSERTED)
    execute(f"ALTER TABLE {EVENTS} ENABLE ALWAYS TRIGGER {INSERTED}")
    assert issues() == []


@pytest.mark.postgresql
@pytest.mark.django_db
def test_triggers_that_write_to_another_schema_are_as_good_as_missing():
    execute("ALTER SCHEMA public RENAME TO renamed")
    execute("SET search_path = renamed")
    ((_, text),) = issues()
    assert INSERTED in text


@pytest.mark.postgresql
@pytest.mark.django_db
def test_a_function_that_the_triggers_call_is_named():
    execute("DROP FUNCTION mailmetrics_add")
    assert issues() == lacking("mailmetrics_add()")


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["dailytotals", "campaigndailytotals", "prunedtotals"])
def test_a_missing_table_is_named(table):
    name = f"mailmetrics_analytics_{table}"
    execute(f"DROP TABLE {name}" + (" CASCADE" if connection.vendor == "postgresql" else ""))
    (issue,) = check_tables(databases=["default"])
    assert (issue.id, issue.msg) == (
        "mailmetrics.E006",
        f"The database 'default' lacks the tables {name}.",
    )


@pytest.mark.django_db
def test_other_commands_do_not_look_at_the_database(django_assert_num_queries):
    execute(f"DROP TRIGGER {INSERTED}{ON_EVENTS}")
    with django_assert_num_queries(0):
        assert check_triggers(databases=None) == check_backend(databases=None) == []


@pytest.mark.django_db
def test_a_database_that_has_nothing_of_ours_is_left_alone(settings, django_assert_num_queries):
    execute(f"DROP TRIGGER {INSERTED}{ON_EVENTS}")
    settings.DATABASE_ROUTERS = ["tests.analytics.test_checks.NowhereRouter"]
    with django_assert_num_queries(0):
        assert check_triggers(databases=["default"]) == []


@pytest.mark.django_db(transaction=True)
def test_before_the_migration_there_is_nothing_to_miss():
    call_command("migrate", "mailmetrics_analytics", "0004", verbosity=0)
    try:
        assert issues() == []
    finally:
        call_command("migrate", verbosity=0)
    assert issues() == []


@pytest.mark.django_db
def test_tables_that_were_made_without_migrations_miss_them():
    MigrationRecorder(connection).migration_qs.filter(app__startswith="mailmetrics").delete()
    assert issues() == []
    execute(f"DROP TRIGGER {INSERTED}{ON_EVENTS}")
    assert issues() == lacking(INSERTED)


@pytest.mark.django_db(transaction=True)
def test_the_hint_mends_what_is_missing():
    campaign = CampaignFactory()
    record(campaign, "counted")
    execute(f"DROP TRIGGER {INSERTED}{ON_EVENTS}")
    EmailEvent.objects.create(
        workspace=campaign.workspace,
        campaign=campaign,
        message_id="not counted",
        kind=EventKind.SENT,
        occurred_at=utc_now(),
    )
    (issue,) = check_triggers(databases=["default"])
    (command,) = re.findall("`(.+?)`", issue.hint)
    call_command(command, stdout=StringIO())
    assert issues() == []
    assert_totals_exact()
    record(campaign, "counted again")
    assert_totals_exact()


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("shop.api.errors", "cannot be imported: No module named 'shop'"),
        (
            "rest_framework.views.no_handler",
            'cannot be imported: Module "rest_framework.views" does not define a "no_handler" '
            "attribute/class",
        ),
        ("rest_framework.views.api_settings", "is not callable"),
    ],
)
def test_an_exception_handler_that_is_none_is_told_before_the_first_error(path, reason):
    with override_settings(MAILMETRICS={"EXCEPTION_HANDLER": path}):
        (issue,) = check_exception_handler()
    assert (issue.id, issue.msg) == (
        "mailmetrics.E004",
        f'MAILMETRICS["EXCEPTION_HANDLER"] {reason}',
    )
    assert issue.hint == "Name a function of (exception, context) by its dotted path."


@pytest.mark.parametrize("value", [{}, {"LAST_USED_MINUTES": "5"}, None])
def test_the_default_handler_is_good_and_other_mistakes_are_reported_elsewhere(value):
    with override_settings(MAILMETRICS=value):
        assert check_exception_handler() == []
