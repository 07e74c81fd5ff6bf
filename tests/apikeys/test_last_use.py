"""Writing down that a key is used waits for nothing and decides nothing."""

import sqlite3
import time

import pytest
from django.db import OperationalError, connection
from django.test import Client
from psycopg.errors import (
    DataCorrupted,
    DiskFull,
    InsufficientPrivilege,
    LockNotAvailable,
    QueryCanceled,
)

from apikeys.models import APIKey
from campaigns.fields import utc_now
from tests.factories import new_key
from tests.sql import execute, read_only
from tests.together import background

TIMELINE = "/api/public/v1/analytics/campaigns/timeline"
PATIENCE = 1.0  # far less than what a lock of the database is waited for


def status_and_seconds(key):
    began = time.monotonic()
    status = Client(headers={"X-API-Key": key}).get(TIMELINE).status_code
    return status, time.monotonic() - began


def assert_answered_at_once(key):
    status, seconds = status_and_seconds(key)
    assert status == 200
    assert seconds < PATIENCE


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_locked_key_answers_at_once():
    key = new_key()
    with background() as start:
        execute("BEGIN")
        execute("SELECT 1 FROM mailmetrics_apikeys_apikey FOR UPDATE")
        try:
            start(assert_answered_at_once, key).result()
        finally:
            execute("ROLLBACK")
    assert APIKey.objects.get().last_used_at is None
    assert status_and_seconds(key)[0] == 200
    assert APIKey.objects.get().last_used_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_read_only_database_answers():
    key = new_key()
    with read_only():
        assert_answered_at_once(key)
    assert APIKey.objects.get().last_used_at is None
    assert status_and_seconds(key)[0] == 200
    assert APIKey.objects.get().last_used_at is not None


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "state", [DiskFull, InsufficientPrivilege, LockNotAvailable, QueryCanceled, DataCorrupted]
)
def test_what_the_server_refuses_to_write_costs_no_answer(state):
    key = new_key()
    execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"'BEGIN RAISE EXCEPTION USING ERRCODE = $${state.sqlstate}$$; END'"
    )
    execute(
        "CREATE TRIGGER refuse BEFORE UPDATE ON mailmetrics_apikeys_apikey "
        "FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
    try:
        assert_answered_at_once(key)
    finally:
        execute("DROP FUNCTION refuse CASCADE")
    assert APIKey.objects.get().last_used_at is None
    assert status_and_seconds(key)[0] == 200
    assert APIKey.objects.get().last_used_at is not None


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_a_full_disk_costs_no_answer():
    key = new_key()
    execute("CREATE TABLE filler (bytes)")
    execute(
        "CREATE TRIGGER fill AFTER UPDATE ON mailmetrics_apikeys_apikey "
        "BEGIN INSERT INTO filler VALUES (zeroblob(10000000)); END"
    )
    with connection.cursor() as cursor:
        (pages,) = cursor.execute("PRAGMA page_count").fetchone()
        (most,) = cursor.execute("PRAGMA max_page_count").fetchone()
    execute(f"PRAGMA max_page_count = {pages}")
    try:
        with pytest.raises(OperationalError, match="disk is full"):
            APIKey.objects.update(last_used_at=utc_now())
        assert_answered_at_once(key)
    finally:
        execute(f"PRAGMA max_page_count = {most}")
        execute("DROP TRIGGER fill")
        execute("DROP TABLE filler")
    assert APIKey.objects.get().last_used_at is None
    assert status_and_seconds(key)[0] == 200
    assert APIKey.objects.get().last_used_at is not None


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_a_busy_writer_is_not_waited_for():
    key = new_key()
    name = connection.settings_dict["NAME"]
    execute("PRAGMA read_uncommitted = 1")  # tests share one cache, whose readers wait otherwise
    other = sqlite3.connect(name, uri=True)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert_answered_at_once(key)
    finally:
        other.rollback()
        other.close()
        execute("PRAGMA read_uncommitted = 0")
    assert APIKey.objects.get().last_used_at is None
    assert status_and_seconds(key)[0] == 200
    assert APIKey.objects.get().last_used_at is not None
