"""Which errors of a database are an outage, and which are a fault of ours."""

import sqlite3
from contextlib import closing

import psycopg
import pytest
from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
    connection,
)
from django.test import Client

from tests.factories import new_key

TIMELINE = "/api/public/v1/analytics/campaigns/timeline"

pytestmark = pytest.mark.django_db


def status_if_reading(fail):
    """``fail`` is called for the report's query, with what executes it and its SQL."""
    client = Client(headers={"X-API-Key": new_key()}, raise_request_exception=False)

    def instead(execute, sql, *args):
        if "dailytotals" in sql:
            return fail(lambda changed: execute(changed, *args), sql)
        return execute(sql, *args)

    with connection.execute_wrapper(instead):
        return client.get(TIMELINE).status_code


def status_if_reading_raises(error, cause=None):
    def fail(*args):
        raise error from cause

    return status_if_reading(fail)


def status_if_replaced(old, new):
    """Of a query that the database itself refuses."""
    return status_if_reading(lambda execute, sql: execute(sql.replace(old, new)))


@pytest.mark.parametrize("kind", [OperationalError, InterfaceError, InternalError, DatabaseError])
def test_an_outage_is_a_503(kind):
    assert status_if_reading_raises(kind("The server is away")) == 503


@pytest.mark.parametrize(
    "cause",
    [
        psycopg.errors.UndefinedTable,
        psycopg.errors.InvalidSchemaName,
        psycopg.errors.InsufficientPrivilege,
        psycopg.errors.UndefinedFunction,
    ],
)
def test_a_database_that_is_being_restored_is_a_503(cause):
    assert status_if_reading_raises(ProgrammingError("not there"), cause("not there")) == 503


@pytest.mark.parametrize("kind", [ProgrammingError, DataError, IntegrityError, ValueError])
def test_a_fault_of_ours_is_a_500(kind):
    assert status_if_reading_raises(kind("wrong")) == 500


def test_a_wrong_statement_is_a_fault_of_ours():
    wrong = psycopg.errors.SyntaxError("wrong")
    assert status_if_reading_raises(ProgrammingError("wrong"), wrong) == 500


def test_a_table_that_is_missing_is_a_503():
    assert status_if_replaced("dailytotals", "dailytotals_elsewhere") == 503


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SELECT", "SELEKT"),
        ("SELECT", "SELECT no_such_column,"),
        ("SELECT", "SELECT no_such_function(),"),
    ],
    ids=["syntax", "column", "function"],
)
def test_what_the_database_calls_wrong_is_a_fault_of_ours(old, new):
    # PostgreSQL lacks a function as well while it is restored.
    restoring = connection.vendor == "postgresql" and "function" in new
    assert status_if_replaced(old, new) == (503 if restoring else 500)


@pytest.mark.sqlite
def test_a_damaged_file_is_a_503(tmp_path):
    damaged = tmp_path / "damaged.sqlite3"
    damaged.write_bytes(b"nonsense" * 1000)

    def read_that(execute, sql):
        with connection.wrap_database_errors, closing(sqlite3.connect(damaged)) as opened:
            opened.execute("SELECT 1 FROM t")

    assert status_if_reading(read_that) == 503


@pytest.mark.parametrize("error", [ProgrammingError("wrong"), ValueError("wrong")])
def test_a_fault_of_ours_is_logged_with_where_it_was(error, caplog):
    status_if_reading_raises(error)
    (record,) = [each for each in caplog.records if each.name == "django.request"]
    assert (record.levelname, record.exc_info[1]) == ("ERROR", error)


def test_an_outage_is_logged_in_a_line(caplog):
    status_if_reading_raises(OperationalError("The server is away\nand more"))
    (record,) = [each for each in caplog.records if each.name == "django.request"]
    assert record.getMessage() == f"{TIMELINE}: The server is away"
    assert (record.levelname, record.exc_info) == ("ERROR", None)
