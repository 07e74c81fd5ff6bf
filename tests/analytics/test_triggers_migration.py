import pytest
from django.core.management import call_command
from django.db import NotSupportedError, connection
from django.db.migrations.loader import MigrationLoader

from tests.analytics.world import AS_MADE, World

APP = "mailmetrics_analytics"

pytestmark = pytest.mark.django_db(transaction=True)


def triggers():
    statement = {
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal "
        "UNION ALL SELECT proname FROM pg_proc WHERE proname LIKE 'mailmetrics%'"
        "UNION ALL SELECT conname FROM pg_constraint WHERE conname LIKE 'mailmetrics%'",
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return sorted(name for (name,) in cursor.fetchall())


@pytest.fixture
def migrated_again():
    """Whatever the test has undone."""
    yield
    call_command("migrate", verbosity=0)


@pytest.mark.usefixtures("migrated_again")
def test_the_triggers_go_and_come_back_as_they_were():
    before = triggers()
    call_command("migrate", APP, "0004", verbosity=0)
    without = triggers()
    assert len(without) < len(before)
    world = World()
    call_command("migrate", verbosity=0)
    assert triggers() == before
    assert world.totals() == AS_MADE


def test_a_database_without_triggers_of_ours_is_refused(monkeypatch):
    migration = MigrationLoader(connection).get_migration(APP, "0002_triggers")
    with connection.schema_editor() as editor:
        monkeypatch.setattr(connection, "vendor", "oracle")
        with pytest.raises(NotSupportedError) as raised:
            migration.operations[0].code(None, editor)
        monkeypatch.undo()
    assert str(raised.value) == (
        "django-mailmetrics has its triggers for PostgreSQL and SQLite, not for oracle."
    )
