import pytest
from django.db import OperationalError, connections
from django.db.backends.sqlite3.base import DatabaseWrapper

from analytics.totals.sqlite_connections import local_day
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


def test_only_connections_to_the_events_tell_the_day_of_an_instant(connect, settings):
    settings.DATABASE_ROUTERS = [EventsElsewhere()]
    ask = "SELECT mailmetrics_day('2024-03-10 04:59:59', 'America/New_York')"
    with connect("default").cursor() as cursor:
        assert cursor.execute(ask).fetchone() == ("2024-03-09",)
    with connect("other").cursor() as cursor, pytest.raises(OperationalError, match="no such func"):
        cursor.execute(ask)


@pytest.mark.parametrize(
    ("instant", "zone", "day"),
    [
        ("2024-01-15 23:59:59", "UTC", "2024-01-15"),
        ("2024-01-15 18:29:59", "Asia/Kolkata", "2024-01-15"),
        ("2024-01-15 18:30:00", "Asia/Kolkata", "2024-01-16"),
        # 23 and 25 hours, and a change of half an hour
        ("2024-03-11 03:59:59", "America/New_York", "2024-03-10"),
        ("2024-03-11 04:00:00", "America/New_York", "2024-03-11"),
        ("2024-11-04 04:59:59", "America/New_York", "2024-11-03"),
        ("2024-11-04 05:00:00", "America/New_York", "2024-11-04"),
        ("2024-04-07 13:29:59", "Australia/Lord_Howe", "2024-04-07"),
        ("2024-04-07 13:30:00", "Australia/Lord_Howe", "2024-04-08"),
        # the day that Samoa left out
        ("2011-12-30 09:59:59", "Pacific/Apia", "2011-12-29"),
        ("2011-12-30 10:00:00", "Pacific/Apia", "2011-12-31"),
        # a minute of Sunday, and then an hour of Saturday once more
        ("2010-11-07 02:30:30", "America/St_Johns", "2010-11-07"),
        ("2010-11-07 02:31:00", "America/St_Johns", "2010-11-06"),
        ("2010-11-07 03:31:00", "America/St_Johns", "2010-11-07"),
        # offsets had seconds once
        ("1800-01-01 04:56:01", "America/New_York", "1799-12-31"),
        ("1800-01-01 04:56:02", "America/New_York", "1800-01-01"),
        ("9999-12-31 18:30:00", "Asia/Kolkata", None),
        ("0001-01-01 04:00:00", "America/New_York", None),
        ("2024-02-30 12:00:00", "Asia/Kolkata", None),
        ("2024-01-15 12:00:00", "Nowhere/Land", None),
        ("2024-01-15 12:00:00", "../etc/passwd", None),
        ("2024-01-15 12:00:00", "", None),
    ],
)
def test_the_day_of_an_instant(instant, zone, day):
    assert local_day(instant, zone) == day
