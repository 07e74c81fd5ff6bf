"""A login that failed too often is locked, for an address and for a name, and nothing else is."""

import http.client
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import F
from django.test import Client

from tests.factories import new_key
from tests.server import gunicorn

LOGIN = "/admin/login/"
TIMELINE = "/api/public/v1/analytics/campaigns/timeline"
OFFICE, ELSEWHERE, THIRD = "192.0.2.1", "198.51.100.7", "203.0.113.9"
WRONG = "wrong"
LIMIT = 3
MINUTES = 15

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def staff(settings):
    settings.AXES_FAILURE_LIMIT = LIMIT
    for name in ("chief", "clerk"):
        User.objects.create_superuser(name, password=f"of the {name}")


def log_in(name="chief", password=WRONG, address=OFFICE, **headers):
    form = {"username": name, "password": password}
    return Client(REMOTE_ADDR=address).post(LOGIN, form, headers=headers)


def status(*arguments, **options):
    return log_in(*arguments, **options).status_code


def fail(**options):
    """What each of as many failures as lock is answered."""
    return [status(**options) for _ in range(LIMIT)]


def test_some_failures_are_the_forms_own_and_the_last_of_them_locks():
    assert fail() == [200] * (LIMIT - 1) + [429]


def test_the_right_password_is_refused_while_the_lock_lasts():
    fail()
    assert status(password="of the chief") == 429
    assert status(password="of the chief", address=ELSEWHERE) == 429


def test_a_name_is_locked_wherever_the_failures_come_from():
    for address in (OFFICE, ELSEWHERE, THIRD):
        status(address=address)
    assert status(password="of the chief", address="198.51.100.250") == 429


def test_an_address_is_locked_whatever_names_it_tries():
    for name in ("chief", "nobody", "admin"):
        status(name)
    assert status("clerk", "of the clerk") == 429


def test_other_names_from_other_addresses_go_on():
    fail()
    assert status("clerk", "of the clerk", address=ELSEWHERE) == 302


def test_a_lock_ends_by_itself():
    fail()
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=MINUTES))
    assert status(password="of the chief") == 302


def test_a_failure_during_the_lock_does_not_prolong_it():
    fail()
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=MINUTES - 1))
    assert fail() == [429] * LIMIT
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=1))
    assert status(password="of the chief") == 302


def test_what_is_kept_of_a_failure_is_neither_a_password_nor_there_for_long():
    fail(password="a secret of mine")
    log_in("other", "a secret of mine", address=ELSEWHERE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM axes_accessattempt")
        assert "a secret of mine" not in str(cursor.fetchall())
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=MINUTES))
    log_in("clerk", "of the clerk", address=THIRD)
    assert not AccessAttempt.objects.exists()


def test_a_lock_leaves_alone_who_is_logged_in_and_who_has_a_key():
    chief = Client(REMOTE_ADDR=OFFICE)
    assert chief.post(LOGIN, {"username": "chief", "password": "of the chief"}).status_code == 302
    key = new_key()
    fail()
    assert chief.get("/admin/").status_code == 200
    assert Client(REMOTE_ADDR=OFFICE, headers={"X-API-Key": key}).get(TIMELINE).status_code == 200


def test_the_page_is_the_same_whether_or_not_there_is_such_a_user():
    pages = []
    for name in ("chief", "nobody"):
        AccessAttempt.objects.all().delete()
        fail(name=name)
        pages.append(log_in(name))
    known, unknown = pages
    assert known.content == unknown.content
    told = ({k: v for k, v in page.headers.items() if k != "Expires"} for page in pages)
    assert next(told) == next(told)


def test_the_page_says_when_to_come_back_and_is_kept_by_nobody():
    fail()
    for headers in ({}, {"X-Requested-With": "XMLHttpRequest"}):
        page = log_in(**headers)
        assert page.status_code == 429
        assert page.headers["Retry-After"] == str(60 * MINUTES)
        assert "no-store" in page.headers["Cache-Control"]
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "Wait 15 minutes, and try again." in page.text


@pytest.mark.parametrize(
    ("language", "title"),
    [("de", "Zu viele fehlgeschlagene Anmeldungen"), ("ar", "محاولات تسجيل دخول فاشلة كثيرة جدًا")],
)
def test_the_page_speaks_the_readers_language(language, title):
    fail()
    page = log_in(**{"Accept-Language": language})
    assert f"<h1>{title}</h1>" in page.text
    assert f'lang="{language}"' in page.text
    assert "Wait" not in page.text


@pytest.mark.parametrize(
    ("addresses", "is_one"),
    [
        (["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:DB8:1:2::3"], True),
        (["2001:db8:1:2::1", "2001:db8:1:3::1", "2001:db8:1:4::1"], False),
        (["192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201"], True),
        (["", "unix:", "nonsense"], True),
    ],
)
def test_an_address_is_an_address(addresses, is_one):
    answers = [status(f"name {n}", address=address) for n, address in enumerate(addresses)]
    assert answers == [200, 200, 429 if is_one else 200]


@pytest.mark.parametrize("name", ["x" * 5000, "naïve \N{SNOWMAN}", "'; DROP TABLE", "%(a)s {b}"])
def test_a_name_of_any_length_and_letters_is_counted(name):
    assert fail(name=name) == [200] * (LIMIT - 1) + [429]
    assert status("clerk", "of the clerk", address=ELSEWHERE) == 302


def test_a_name_that_is_none_is_refused_by_the_form():
    assert {status(name, "of the chief") for name in ("", "a\x00b")} == {200}
    assert not AccessAttempt.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_all_workers_count_together_by_what_the_proxy_says(settings, database_url, tmp_path):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    User.objects.create_superuser("boss", password="of the boss")
    environment = {"NUM_PROXIES": "1", "LOGIN_FAILURES": "4", "DEBUG": "1"}
    with (
        (tmp_path / "log").open("w") as log,
        gunicorn(database_url=database_url, log=log, workers=3, **environment) as (host, port),
    ):

        def ask(name, password, forwarded):
            """A proxy adds the address that it sees to what the client claims."""
            server = http.client.HTTPConnection(host, port, timeout=60)
            token = "t" * 32
            form = {"username": name, "password": password, "csrfmiddlewaretoken": token}
            server.request(
                "POST",
                LOGIN,
                urlencode(form),
                {
                    "Content-Type": "application/x-www-form-urlencoded",
                    "Cookie": f"csrftoken={token}",
                    "X-Forwarded-For": forwarded,
                },
            )
            answer = server.getresponse()
            answer.read()
            server.close()
            return answer.status

        claimed = [f"203.0.113.{n}, {OFFICE}" for n in range(4)]
        assert [ask(f"n{n}", "wrong", each) for n, each in enumerate(claimed)] == [200] * 3 + [429]
        assert ask("boss", "of the boss", f"{ELSEWHERE}, {OFFICE}") == 429
        assert ask("boss", "of the boss", f"{OFFICE}, {ELSEWHERE}") == 302
    written = (tmp_path / "log").read_text()
    assert OFFICE in written
    assert "wrong" not in written
