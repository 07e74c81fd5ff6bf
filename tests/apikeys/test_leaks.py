"""A key and its digest appear nowhere: in no log line, report, page or answer, DEBUG or not."""

import http.client
import itertools
import logging
import sys
from contextlib import closing, suppress
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.db import OperationalError, ProgrammingError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import include, path
from django.views.debug import technical_500_response

from apikeys import crypto
from apikeys.models import APIKey
from apikeys.reporting import KeyFilter, KeylessExceptionReporter
from tests.factories import APIKeyFactory, WorkspaceFactory
from tests.mailing import admins
from tests.server import gunicorn

KEY = crypto.generate()
ROUTES = ("/analytics/campaigns", "/analytics/campaigns/timeline")
DJANGOS = "django.views.debug.ExceptionReporter"
OURS = "apikeys.reporting.KeylessExceptionReporter"
LAST_SECRET = KEY[7:]  # after the hint

pytestmark = pytest.mark.django_db


def careless(request):
    """A host's view that has the key in variables, headers and a message."""
    headers = dict(request.headers)
    padding = ["x" * 4000, headers]
    raise RuntimeError(f"{request.headers['X-API-Key']} of {len(headers)} {len(padding)}")


urlpatterns = [path("careless", careless), path("", include("analytics.urls"))]


def assert_nothing_is_told(text):
    assert KEY[3:20] not in text
    assert LAST_SECRET not in text
    assert crypto.digest(KEY) not in text


def failing(error):
    def fail(execute, sql, params, many, context):
        if "apikey" in sql:
            raise error("It went wrong")
        return execute(sql, params, many, context)

    return fail


@pytest.mark.parametrize("to_log", ["SELECT", "INSERT"])
def test_the_log_of_queries_holds_no_digest(caplog, monkeypatch, to_log):
    caplog.set_level(logging.DEBUG, logger="django.db.backends")
    monkeypatch.setattr(crypto, "generate", lambda: KEY)
    workspace = WorkspaceFactory()

    with CaptureQueriesContext(connection):  # they are logged
        api_key, key = APIKey.objects.create_key(workspace=workspace, name="Key", scopes=["*"])
        answer = Client(headers={"X-API-Key": key}).get("/api/public/v1" + ROUTES[0])

    assert answer.status_code == 200
    logged = [record for record in caplog.records if record.name == "django.db.backends"]
    of_keys = [record for record in logged if f"{to_log} " in record.sql]
    assert any("mailmetrics_apikeys_apikey" in record.sql for record in of_keys)
    assert_nothing_is_told(caplog.text)
    for record in logged:
        assert_nothing_is_told(f"{record.__dict__}")
    # The other queries are logged as they are.
    assert "FROM mailmetrics_campaigns_campaign" in caplog.text
    assert api_key.digest == crypto.digest(KEY)


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    "debug_page",
    [*itertools.product(ROUTES, [DJANGOS, OURS]), ("/careless", OURS)],
)
@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("error", [OperationalError, ProgrammingError, RuntimeError])
def test_an_error_report_holds_no_key(settings, caplog, debug_page, debug, error):
    """With Django's reporter too, as long as the host's own code puts it nowhere."""
    url, reporter = debug_page
    APIKeyFactory(key=KEY)
    settings.DEBUG = debug
    settings.ADMINS = admins("admin@example.com")
    settings.DEFAULT_EXCEPTION_REPORTER = reporter
    handler = _mailing_handler()
    client = Client(headers={"X-API-Key": KEY}, raise_request_exception=False)

    with connection.execute_wrapper(failing(error)):
        answer = client.get(url)
    logging.getLogger("django.request").removeHandler(handler)

    away = error is OperationalError and url != "/careless"
    assert answer.status_code == (503 if away else 500)
    assert ("Traceback" in answer.content.decode()) == (debug and not away)
    assert_nothing_is_told(answer.content.decode())
    (sent,) = mail.outbox
    pages = [sent.body, *(str(content) for content, _ in sent.alternatives)]
    assert len(pages) == 2
    for page in pages:
        assert "HTTP_X_API_KEY" in page
        assert_nothing_is_told(page)
    assert_nothing_is_told(caplog.text if url != "/careless" else "")


def _mailing_handler():
    from django.utils.log import AdminEmailHandler  # noqa: PLC0415 - reads the settings of now

    handler = AdminEmailHandler(include_html=True)
    logging.getLogger("django.request").addHandler(handler)
    return handler


def test_a_report_still_tells_the_hint(rf):
    try:
        raise RuntimeError(f"{KEY} and {KEY[:20]}")
    except RuntimeError:
        request = rf.get("/", headers={"X-API-Key": KEY})
        text = KeylessExceptionReporter(request, *sys.exc_info()).get_traceback_text()
        page = technical_500_response(request, *sys.exc_info()).content.decode()
    assert f"{KEY[:7]}… and {KEY[:7]}…" in text
    assert f"{KEY[:7]}…" in page
    assert_nothing_is_told(text + page)


ODD = {
    "Latin-1": [b"\xe9\xff" + KEY.encode()],
    "100 KB": [KEY.encode() * 2500],
    "two": [KEY.encode(), KEY.encode()],
    "two, one bad": [KEY.encode(), b"x"],
    "NUL": [KEY.encode() + b"\0"],
    "empty": [b""],
    "spaces alone": [b"   "],
    "within quotes": [b'"' + KEY.encode() + b'"'],
    "a second line": [KEY.encode() + b"\r\n folded"],
    "not ASCII": ["ключ".encode() + KEY.encode()],
    "a bare line feed": [KEY.encode() + b"\nX: y"],
}


def test_a_malformed_header_is_a_refusal_and_told_nowhere(database_url, tmp_path):
    """By gunicorn, as in production: 401, or the server's own 400 or 431; never a 500."""
    APIKeyFactory(key=KEY)
    log_file = tmp_path / "log"
    statuses = {}
    with (
        log_file.open("w") as log,
        gunicorn(database_url=database_url, log=log, LOG_LEVEL="DEBUG") as (host, port),
    ):
        spaced = ask(host, port, [b"  \t" + KEY.encode() + b" \t "])
        for name, values in ODD.items():
            statuses[name], body = ask(host, port, values)
            assert_nothing_is_told(body)

    assert spaced[0] == 200
    assert {name: status for name, status in statuses.items() if status == 401}.keys() == {
        "Latin-1",
        "two",
        "two, one bad",
        "empty",
        "spaces alone",
        "within quotes",
        "not ASCII",
    }
    assert {*statuses.values()} <= {400, 401, 431}
    assert "Listening at" in log_file.read_text()
    assert_nothing_is_told(log_file.read_text())


def ask(host, port, values):
    """The status and everything else of the answer, of a request written byte by byte."""
    url = urlsplit("/api/public/v1" + ROUTES[1]).path.encode()
    with closing(http.client.HTTPConnection(host, port, timeout=60)) as connection:
        connection.connect()
        lines = [b"GET " + url + b" HTTP/1.1", f"Host: {host}".encode()]
        lines += [b"X-API-Key:" + value for value in values]
        with suppress(BrokenPipeError, ConnectionResetError):  # refused before its end
            connection.sock.sendall(b"\r\n".join([*lines, b"Connection: close", b"", b""]))
        answer = http.client.HTTPResponse(connection.sock)
        answer.begin()
        return answer.status, f"{answer.headers}{answer.read().decode()}"


class TestKeyFilter:
    @staticmethod
    def written(message, *args, **options):
        record = logging.makeLogRecord({"msg": message, "args": args, **options})
        assert KeyFilter().filter(record)
        return logging.Formatter().format(record)

    def test_a_key_is_cut_to_its_hint_wherever_it_is(self):
        key = crypto.generate()
        assert self.written("Not Found: %s", f"/api/{key}/x") == f"Not Found: /api/{key[:7]}…/x"
        try:
            raise ValueError(f"What is {key}?")
        except ValueError:
            told = self.written("Failed", exc_info=sys.exc_info())
        assert key not in told
        assert told.endswith(f"ValueError: What is {key[:7]}…?")

    def test_other_records_are_left_as_they_are(self):
        record = logging.makeLogRecord({"msg": "%d of %s", "args": (1, "all")})
        KeyFilter().filter(record)
        assert (record.msg, record.args) == ("%d of %s", (1, "all"))
