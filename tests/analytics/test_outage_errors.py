"""Which errors of a database are an outage, and which are a fault of ours."""

import psycopg
import pytest
from django.db import (
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


def status_if_reading_raises(error, cause=None):
    client = Client(headers={"X-API-Key": new_key()}, raise_request_exception=False)

    def fail(execute, sql, *args):
        if "dailytotals" in sql:
            raise error from cause
        return execute(sql, *args)

    with connection.execute_wrapper(fail):
        return client.get(TIMELINE).status_code


@pytest.mark.parametrize("kind", [OperationalError, InterfaceError, InternalError])
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
