import pytest
from django.db import connections
from django.db.backends.sqlite3.base import DatabaseWrapper

from campaigns.models import EmailEvent

pytestmark = pytest.mark.django_db


class EventsElsewhere:
    """A host's router that keeps the events out of its second database."""

    def allow_migrate(self, db, app_label, **hints):
        return db == "default" or app_label != EmailEvent._meta.app_label


@pytest.fixture
def connect(tmp_path):
    """A new connection to a SQLite file of its own, under an alias."""
    opened = []

    def to(alias):
        settings = {**connections["default"].settings_dict, "ENGINE": "django.db.backends.sqlite3"}
        settings |= {"NAME": tmp_path / "other.sqlite3", "OPTIONS": {}}
        opened.append(DatabaseWrapper(settings, alias))
        return opened[-1]

    yield to
    for connection in opened:
        connection.close()


def recursive_triggers(connection):
    with connection.cursor() as cursor:
        return cursor.execute("PRAGMA recursive_triggers").fetchone()


def test_they_are_on_in_every_connection_to_a_database_with_the_events(connect):
    connection = connect("other")
    assert recursive_triggers(connection) == (1,)
    connection.close()
    assert recursive_triggers(connection) == (1,)


def test_a_database_without_the_events_keeps_its_own_choice(connect, settings):
    settings.DATABASE_ROUTERS = [EventsElsewhere()]
    assert recursive_triggers(connect("other")) == (0,)
    assert recursive_triggers(connect("default")) == (1,)
