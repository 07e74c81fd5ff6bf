import http.client
import logging
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from django.core.signals import got_request_exception
from django.db import OperationalError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import path
from django.views.debug import ExceptionReporter
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from apikeys import crypto
from apikeys.authentication import APIKeyAuthentication
from apikeys.models import APIKey
from campaigns.fields import utc_now
from tests.factories import APIKeyFactory, WorkspaceFactory

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

KEY = crypto.generate()
MOMENT = timedelta(microseconds=1)
SOON, EARLIER = timedelta(minutes=1), -timedelta(minutes=1)
REFUSED = (401, {"detail": "The API key is not valid."}, 'ApiKey realm="api"')


class Caller(APIView):
    """Says who calls; open to all, so that only a key that was sent can be refused."""

    authentication_classes = [APIKeyAuthentication]
    permission_classes = []
    renderer_classes = [JSONRenderer]

    def get(self, request):
        key = request.auth
        return Response(
            {
                "anonymous": request.user.is_anonymous,
                "key": key and key.name,
                "workspace": key and key.workspace_id,
            }
        )


urlpatterns = [path("caller", Caller.as_view())]


@pytest.fixture
def ask(client):
    def ask(key):
        answer = client.get("/caller", headers={"X-API-Key": key})
        return answer.status_code, answer.json(), answer.headers.get("WWW-Authenticate")

    return ask


def test_a_good_key_tells_its_workspace(ask):
    APIKeyFactory()
    own = APIKeyFactory(key=KEY, name="Dashboard", expires_at=utc_now() + SOON)

    body = {"anonymous": True, "key": "Dashboard", "workspace": own.workspace_id}
    assert ask(KEY) == (200, body, None)


def test_without_the_header_nobody_is_authenticated(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/caller")

    assert answer.json() == {"anonymous": True, "key": None, "workspace": None}


@pytest.mark.parametrize(
    "state",
    [
        {"expires_at": datetime(2024, 1, 1, tzinfo=UTC)},
        {"revoked_at": datetime(2024, 1, 1, tzinfo=UTC)},
        {"revoked_at": datetime(2999, 1, 1, tzinfo=UTC)},
        {"key": crypto.generate()},
    ],
    ids=["expired", "revoked", "revoked with a clock ahead", "unknown"],
)
def test_a_key_that_is_not_usable_costs_one_query_and_is_not_used(
    ask, state, django_assert_num_queries
):
    APIKeyFactory(**{"key": KEY} | state)
    ask(KEY)  # which goes into the audit trail

    with django_assert_num_queries(1):
        assert ask(KEY) == REFUSED
    assert APIKey.objects.get().last_used_at is None


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        f" {KEY}",
        f"{KEY} ",
        f"{KEY},{KEY}",
        f"{KEY}, {KEY}",
        f"{KEY}\0",
        f"ApiKey {KEY}",
        KEY[:-1],
        KEY[:-1] + ("0" if KEY[-1] != "0" else "1"),
        KEY.swapcase(),
        "\0",
        "\xe9\xff\x80",
        "\ud800",
        "k" * 100_000,
        KEY + "k" * 100_000,
    ],
    ids=range(16),
)
def test_a_malformed_key_is_refused_without_a_query(ask, header, django_assert_num_queries):
    APIKeyFactory(key=KEY)

    with django_assert_num_queries(0):
        assert ask(header) == REFUSED


@pytest.mark.django_db(transaction=True)
def test_a_real_server_answers_odd_headers_with_a_refusal(live_server):
    APIKeyFactory(key=KEY, last_used_at=utc_now())
    good = KEY.encode()

    def status(*values):
        server = live_server.thread
        with closing(http.client.HTTPConnection(server.host, server.port)) as connection:
            connection.putrequest("GET", "/caller")
            for value in values:
                connection.putheader("X-API-Key", value)
            connection.endheaders()
            with connection.getresponse() as answer:
                return answer.status

    assert [status(good), status(b"  " + good + b" ")] == [200, 200]
    odd = [b"", b"\xe9\xff", b"\0", good + b"\0", "ключ".encode(), b"k" * 60_000]
    assert [status(value) for value in odd] == [401] * len(odd)
    assert status(good, good) == 401


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestAConnectionThatTheServerHasClosed:
    @pytest.fixture
    def close(self, second_alias):
        def close():
            with connections[second_alias].cursor() as cursor:
                own = connection.connection.info.backend_pid
                cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [own])

        return close

    def test_is_replaced_by_another(self, ask, close):
        APIKeyFactory(key=KEY)
        close()
        assert ask(KEY)[0] == 200

    def test_is_an_error_within_a_transaction(self, ask, close):
        APIKeyFactory(key=KEY)

        @transaction.atomic
        def ask_within():
            close()
            ask(KEY)

        with pytest.raises(OperationalError):
            ask_within()


@pytest.mark.parametrize("networks", [[], ["10.0.0.0/8", "127.0.0.1"]])
def test_a_key_in_steady_use_costs_one_query(ask, networks, django_assert_num_queries):
    used_at = utc_now() - timedelta(minutes=4, seconds=50)
    APIKeyFactory(key=KEY, last_used_at=used_at, networks=networks)
    ask(KEY)  # which finds out whether the address is new

    with django_assert_num_queries(1):
        assert ask(KEY)[0] == 200
    assert APIKey.objects.get().last_used_at == used_at


@pytest.mark.parametrize("used_ago", [None, timedelta(minutes=5, seconds=1), timedelta(days=400)])
def test_the_use_of_a_key_is_noted_once_in_some_minutes(ask, used_ago, django_assert_num_queries):
    before = utc_now()
    APIKeyFactory(key=KEY, last_used_at=used_ago and before - used_ago)
    other = APIKeyFactory()

    with CaptureQueriesContext(connection) as first:
        assert ask(KEY)[0] == 200
    with django_assert_num_queries(1):
        assert ask(KEY)[0] == 200

    assert [query["sql"][:6] for query in first].count("UPDATE") == 1
    assert before <= APIKey.objects.exclude(pk=other.pk).get().last_used_at <= utc_now()
    other.refresh_from_db()
    assert other.last_used_at is None


def test_a_clock_that_was_ahead_does_not_freeze_the_last_use(ask):
    before = utc_now()
    APIKeyFactory(key=KEY, last_used_at=before + timedelta(days=1))

    assert ask(KEY)[0] == 200

    assert before <= APIKey.objects.get().last_used_at <= utc_now()


def test_a_write_that_fails_does_not_decide_the_answer(ask):
    """A read-only database, a full disk: whatever the reason, the key is as good as before."""
    APIKeyFactory(key=KEY)

    def fail(execute, sql, *args):
        return _fail() if sql.startswith("UPDATE") else execute(sql, *args)

    with connection.execute_wrapper(fail):
        assert ask(KEY)[0] == 200

    assert APIKey.objects.get().last_used_at is None


def test_a_site_chooses_how_often_use_is_noted(ask, settings, django_assert_num_queries):
    settings.MAILMETRICS = {"LAST_USED_MINUTES": 60}
    APIKeyFactory(key=KEY, last_used_at=utc_now() - timedelta(minutes=59))
    ask(KEY)

    with django_assert_num_queries(1):
        assert ask(KEY)[0] == 200


def test_noting_the_use_undoes_nothing_that_another_wrote_meanwhile(ask):
    APIKeyFactory(key=KEY, name="Old")
    changed = {"name": "New", "last_used_at": utc_now()}

    def meanwhile(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and changed not in APIKey.objects.values(*changed):
            APIKey.objects.filter(name="Old").update(**changed)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(_once(meanwhile)):
        assert ask(KEY)[0] == 200

    assert APIKey.objects.values(*changed).get() == changed


def _once(wrapper):
    """The wrapper, save for the queries that it makes itself."""
    inside = []

    def wrapped(execute, *args):
        if inside:
            return execute(*args)
        inside.append(True)
        try:
            return wrapper(execute, *args)
        finally:
            inside.pop()

    return wrapped


@pytest.mark.postgresql
def test_a_statement_that_timed_out_is_not_tried_again(ask, second_alias, monkeypatch):
    """Only a connection that is lost is opened again: a locked table costs one timeout, not two."""
    APIKeyFactory(key=KEY)
    statements = []

    def count(execute, sql, *args):
        statements.append(APIKey._meta.db_table in sql)
        return execute(sql, *args)

    options = connection.settings_dict["OPTIONS"] | {"options": "-c statement_timeout=100ms"}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    connection.close()
    assert ask(crypto.generate())[0] == 401
    with transaction.atomic(using=second_alias), connections[second_alias].cursor() as locking:
        locking.execute(f"LOCK TABLE {APIKey._meta.db_table} IN ACCESS EXCLUSIVE MODE")
        with connection.execute_wrapper(count), pytest.raises(OperationalError, match="timeout"):
            ask(KEY)
    connection.close()

    assert statements.count(True) == 1


def test_neither_key_nor_digest_is_logged(ask, caplog):
    caplog.set_level(logging.DEBUG)
    APIKeyFactory(key=KEY)

    for header in (KEY, KEY[:-1], crypto.generate(), f"{KEY},{KEY}"):
        ask(header)

    assert "Unauthorized: /caller" in caplog.text
    assert KEY[3:-1] not in caplog.text
    assert crypto.digest(KEY) not in caplog.text


def _reports(request=None):
    """What Django would show or mail of the exception at hand."""
    reporter = ExceptionReporter(request, *sys.exc_info())
    return [reporter.get_traceback_text(), reporter.get_traceback_html()]


def _fail(*args):
    raise OperationalError("The server is away")


def _assert_nothing_is_told(reports):
    assert len(reports) == 2
    for report in reports:
        assert "The server is away" in report
        assert KEY[3:] not in report
        assert crypto.digest(KEY) not in report


def test_neither_key_nor_digest_is_in_the_error_report_of_a_request(client):
    APIKeyFactory(key=KEY)
    client.raise_request_exception = False
    reports = []

    def receive(request, **kwargs):
        reports.extend(_reports(request))

    def fail(execute, sql, *args):
        return _fail() if sql.startswith("SELECT") else execute(sql, *args)

    got_request_exception.connect(receive)
    with connection.execute_wrapper(fail):
        answer = client.get("/caller", headers={"X-API-Key": KEY})
    got_request_exception.disconnect(receive)

    assert answer.status_code == 500
    _assert_nothing_is_told(reports)


def test_neither_key_nor_digest_is_in_the_error_report_of_a_key_not_made(monkeypatch):
    monkeypatch.setattr(crypto, "generate", lambda: KEY)
    workspace = WorkspaceFactory()

    try:
        with connection.execute_wrapper(_fail):
            APIKey.objects.create_key(workspace=workspace, name="Dashboard", scopes=["*"])
    except OperationalError:
        _assert_nothing_is_told(_reports())
    else:
        pytest.fail("The key was made.")
