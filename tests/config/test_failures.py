"""A page of the site whose database fails is a 503 that says so; a fault of ours stays a 500."""

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, InternalError, OperationalError, ProgrammingError, connection
from django.test import Client

from tests.factories import new_key
from tests.sql import execute, read_only

pytestmark = pytest.mark.django_db


def answer_if_every_query_raises(error, path="/admin/", **headers):
    client = Client(raise_request_exception=False, headers=headers)
    client.force_login(User.objects.create_superuser("chief"))

    def fail(*args):
        raise error

    with connection.execute_wrapper(fail):
        return client.get(path)


@pytest.mark.parametrize("kind", [OperationalError, InternalError, DatabaseError])
def test_a_page_without_its_database_is_a_503(kind, caplog):
    page = answer_if_every_query_raises(kind("The server is away"))
    assert page.status_code == 503
    assert page.headers["Retry-After"] == "5"
    assert "no-store" in page.headers["Cache-Control"]
    assert "Temporarily unavailable" in page.text
    assert "The server is away" not in page.text
    (record,) = [each for each in caplog.records if each.name == "django.request"]
    assert record.levelname == "ERROR"
    assert "The server is away" in str(record.exc_info[1])


@pytest.mark.parametrize("error", [ProgrammingError("wrong"), ValueError("wrong")])
def test_a_fault_of_ours_is_a_500(error):
    assert answer_if_every_query_raises(error).status_code == 500


@pytest.mark.parametrize(
    ("language", "title"), [("de", "Vorübergehend nicht erreichbar"), ("ar", "غير متاح مؤقتًا")]
)
def test_it_speaks_the_readers_language(language, title):
    page = answer_if_every_query_raises(OperationalError("x"), **{"Accept-Language": language})
    assert f"<h1>{title}</h1>" in page.text


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("password", ["right", "wrong"])
def test_a_login_that_nothing_can_be_written_of_is_a_503(password):
    """Neither a session nor a failure can be kept then."""
    User.objects.create_superuser("chief", password="right")
    client = Client(raise_request_exception=False)
    with read_only():
        form = {"username": "chief", "password": password}
        assert client.post("/admin/login/", form).status_code == 503
        assert client.get("/admin/login/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_login_before_its_table_is_there_is_a_503():
    User.objects.create_superuser("chief", password="right")
    execute("ALTER TABLE axes_accessattempt RENAME TO axes_elsewhere")
    try:
        client = Client(raise_request_exception=False)
        form = {"username": "chief", "password": "wrong"}
        assert client.post("/admin/login/", form).status_code == 503
        key = new_key()
        path = "/api/public/v1/analytics/campaigns/timeline"
        assert Client(headers={"X-API-Key": key}).get(path).status_code == 200
    finally:
        execute("ALTER TABLE axes_elsewhere RENAME TO axes_accessattempt")
