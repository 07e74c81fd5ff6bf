"""Whether the runnable site is alive, and whether it may have requests."""

import pytest
from django.core.checks import Error, Tags
from django.core.checks.registry import registry
from django.db import InterfaceError, InternalError, OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from analytics.totals import triggers

pytestmark = pytest.mark.django_db


def answer_of(client, path, **headers):
    answer = client.get(path, headers=headers)
    return answer.status_code, answer.json()


def test_a_process_that_answers_is_alive(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert answer_of(client, "/health/live") == (200, {"status": "live"})


def test_a_migrated_database_with_its_triggers_is_ready(client):
    assert answer_of(client, "/health/ready") == (200, {"status": "ready"})


def test_a_missing_migration_is_not_ready(client):
    MigrationRecorder(connection).record_unapplied("mailmetrics_apikeys", "0001_initial")
    expected = {"status": "not ready", "failed": "migrations"}
    assert answer_of(client, "/health/ready") == (503, expected)


@pytest.mark.parametrize("kind", [OperationalError, InterfaceError, InternalError])
def test_a_database_that_is_away_is_not_ready(client, kind):
    def fail(*args):
        raise kind("The server is away")

    with connection.execute_wrapper(fail):
        expected = {"status": "not ready", "failed": "database"}
        assert answer_of(client, "/health/ready") == (503, expected)


def test_a_missing_trigger_is_not_ready(client):
    triggers.remove(connection)
    expected = {"status": "not ready", "failed": "triggers"}
    assert answer_of(client, "/health/ready") == (503, expected)


def test_another_failed_check_of_the_database_is_not_called_missing_triggers(client):
    def fail(**kwargs):
        return [Error("The disk is full.", id="shop.E001")]

    registry.register(fail, Tags.database)
    try:
        expected = {"status": "not ready", "failed": "checks"}
        assert answer_of(client, "/health/ready") == (503, expected)
    finally:
        registry.registered_checks.discard(fail)


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_neither_is_redirected_or_kept(client, settings, path):
    settings.SECURE_SSL_REDIRECT = True
    answer = client.get(path)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert client.post(path).status_code == 405
    assert client.get(f"{path}/more").status_code == 301
