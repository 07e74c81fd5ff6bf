"""Writing down that a key is used waits for nothing and decides nothing."""

import sqlite3
import time

import pytest
from django.db import connection
from django.test import Client

from apikeys.models import APIKey
from tests.factories import new_key
from tests.sql import execute
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


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_read_only_database_answers():
    key = new_key()
    execute("SET default_transaction_read_only = on")
    try:
        assert status_and_seconds(key)[0] == 200
    finally:
        execute("SET default_transaction_read_only = off")
    assert APIKey.objects.get().last_used_at is None


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
