"""The roles of docs/operations.md, made by its own SQL: what each can do, and what it can't."""

from contextlib import contextmanager
from types import SimpleNamespace
from uuid import uuid4

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege, NotNullViolation

from tests.citus import CITUS_URL, WITHOUT, temporary_database
from tests.documents import blocks
from tests.postgres import temporary_server
from tests.site import CAMPAIGN, ROOT, Site

# The server is the test's own: one database's run is enough.
pytestmark = pytest.mark.sqlite

SQL = {block.file: block.text for block in blocks((ROOT / "docs" / "operations.md").read_text())}
CLUSTER = pytest.mark.skipif(not CITUS_URL, reason=WITHOUT)
ROLES = ("mail_serve", "mail_record", "mail_site")
EVENTS = "mailmetrics_campaigns_emailevent"
WORKSPACES = "mailmetrics_campaigns_workspace"
TOTALS = [
    f"mailmetrics_analytics_{name}"
    for name in ("campaigntotals", "campaigndailytotals", "dailytotals", "prunedtotals")
]
FOREIGN = "1d7f2a90-54c6-4b0e-8a3b-6f5f0d7c9e22"
HEADER = "campaign_id,message_id,kind,occurred_at\n"
CLIENT = """
from django.test import Client
from django.test.utils import setup_test_environment
setup_test_environment()
"""
ASK = """
client = Client(headers={"X-API-Key": "KEY"})
for path in ("analytics/campaigns", "analytics/campaigns/timeline?to_date=2024-01-31", "me"):
    print(client.get(f"/api/public/v1/{path}").status_code)
answer = client.get("/api/public/v1/analytics/campaigns").json()
print(answer["workspace_kpis"]["total_sends"], client.get("/health/ready").json()["status"])
"""
READY = """
print(Client().get("/health/ready").json())
"""
WRITE = """
import json
client = Client(headers={"X-API-Key": "KEY"})
def send(method, path, data):
    answer = getattr(client, method)(f"/api/public/v1/{path}", json.dumps(data), "application/json")
    print(answer.status_code)
send("put", "campaigns/CAMPAIGN", {"name": "Summer", "status": "PAUSED"})
event = {"campaign_id": "CAMPAIGN", "message_id": "m1", "kind": "sent"}
send("post", "events", [{**event, "occurred_at": "2023-12-01T00:00:00Z"}])
"""
ADMINISTER = """
from django.contrib.auth import get_user_model
from tests.routes import ADMIN, routes_under
chief = get_user_model().objects.create_superuser("chief", password="chief")
client = Client()
form = {"username": "chief", "password": "chief"}
wrong = {**form, "password": "wrong"}
print(client.post("/admin/login/?next=/admin/", wrong).status_code)
print(client.post("/admin/login/?next=/admin/", form).status_code)
pages = [path for path, _ in routes_under(ADMIN) if "<" not in path and "logout" not in path]
# Nobody adds to the audit trail.
others = ("autocomplete", "auditentry/add")
pages = [path for path in pages if not any(each in path for each in others)]
answers = {path: client.get(path).status_code for path in pages}
print({path: code for path, code in answers.items() if code not in (200, 302)})
base = "/admin/mailmetrics_campaigns"
made = {"name": "Beta", "time_zone": "Europe/Berlin"}
print(client.post(f"{base}/workspace/add/", made).status_code)
from campaigns.models import Workspace
beta = Workspace.objects.get(name="Beta")
print(client.post(f"{base}/workspace/{beta.pk}/delete/", {"post": "yes"}).status_code)
print(Workspace.objects.filter(name="Beta").exists())
chief.delete()
"""


class Mail(Site):
    """A site whose commands run as the role that a test names, in a new database.

    ``superuser`` is its URL.
    """

    def __init__(self, superuser, folder):
        self.superuser, self.database = superuser, superuser.rpartition("/")[2]
        self.sql("CREATE ROLE mail_owner LOGIN PASSWORD 'change me'")
        self.sql(f"ALTER DATABASE {self.database} OWNER TO mail_owner")
        super().__init__(SimpleNamespace(url=self.url("mail_owner")), folder)
        arguments = ("--name=writer", "--scope=*")
        self.writing_key = self.manage("create_api_key", "acme", *arguments).strip()
        (folder / "foreign.csv").write_text(f"id,name,status\n{FOREIGN},Other,ACTIVE\n")
        self.manage("import_campaigns", "other", folder / "foreign.csv", "--create")

    def url(self, role):
        if role is None:
            return self.superuser
        host = self.superuser.rpartition("@")[2]
        return f"postgresql://{role}:change%20me@{host}"

    def sql(self, statement, *parameters, role=None):
        with psycopg.connect(self.url(role) if role else self.superuser) as connection:
            done = connection.execute(statement, parameters or None)
            return done.fetchall() if done.description else None

    def as_(self, role, *arguments, status=0):
        self.environment["DATABASE_URL"] = self.url(role)
        try:
            return self.manage(*arguments, status=status)
        finally:
            self.environment["DATABASE_URL"] = self.url("mail_owner")

    def python(self, role, code, key=""):
        code = CLIENT + code.replace("KEY", key or self.key).replace("CAMPAIGN", CAMPAIGN)
        return self.as_(role, "shell", "-v", "0", "--settings=tests.settings", "-c", code)

    def events_file(self, name, *, campaign=CAMPAIGN, messages):
        file = self.folder / name
        lines = [f"{campaign},{message},sent,2024-01-05T00:00:00Z\n" for message in messages]
        file.write_text(HEADER + "".join(lines))
        return file


@pytest.fixture(
    scope="module",
    params=[
        "one server",
        # The owner distributes the tables, or a superuser does once they have row security.
        pytest.param("cluster, then roles", marks=CLUSTER),
        pytest.param("roles, then cluster", marks=CLUSTER),
    ],
)
def mail(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    with of_a_cluster() if "cluster" in request.param else of_one_server() as superuser:
        mail = Mail(superuser, folder)
        mail.is_cluster = "cluster" in request.param
        if request.param == "cluster, then roles":
            mail.manage("distribute_tables")
        for file in ("roles.sql", "one_workspace.sql"):
            mail.sql(SQL[file].replace("DATABASE mail ", f"DATABASE {mail.database} "))
        if request.param == "roles, then cluster":
            mail.as_(None, "distribute_tables")
        yield mail


@contextmanager
def of_one_server():
    with temporary_server() as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE mail")
        yield f"{server.url.rpartition('/')[0]}/mail"


@contextmanager
def of_a_cluster():
    """Its roles are gone at the end, too."""
    try:
        with temporary_database() as database:
            yield database.url
    finally:
        with psycopg.connect(CITUS_URL, autocommit=True) as connection:
            connection.execute(f"DROP ROLE IF EXISTS mail_owner, acme, {', '.join(ROLES)}")


@pytest.fixture
def exact(mail):
    """The totals equal the events after the test; then there are none."""
    yield
    mail.as_("mail_record", "verify_totals")
    mail.sql(f"TRUNCATE {EVENTS}", role="mail_owner")


@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize("role", ["mail_record", "mail_site"])
def test_events_are_recorded_in_batches_large_and_small_whether_known_or_not(mail, role):
    some = mail.events_file("some.csv", messages=[f"m{n}" for n in range(0, 400, 2)])
    told = mail.as_(role, "import_events", "acme", some)
    assert told == "events: 200 new, 0 moved earlier, 0 known; 0 lines refused\n"

    all_ = mail.events_file("all.csv", messages=[f"m{n}" for n in range(400)])
    told = mail.as_(role, "import_events", "acme", all_)
    assert told == "events: 200 new, 0 moved earlier, 200 known; 0 lines refused\n"

    few = mail.events_file("few.csv", messages=["m1", "new"])
    told = mail.as_(role, "import_events", "acme", few)
    assert told == "events: 1 new, 0 moved earlier, 1 known; 0 lines refused\n"
    assert mail.count() == 401


@pytest.mark.parametrize("role", ["mail_record", "mail_site"])
def test_campaigns_are_imported_and_workspaces_created(mail, role):
    campaigns = mail.folder / "campaigns.csv"
    assert mail.as_(role, "import_campaigns", "acme", campaigns).startswith("campaigns: 0 new, 1")
    more = mail.folder / "more_campaigns.csv"
    more.write_text(f"id,name,status\n{uuid4()},New,ACTIVE\n")
    told = mail.as_(role, "import_campaigns", f"of {role}", more, "--create")
    assert told == "campaigns: 1 new, 0 updated; 0 lines refused\n"


@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize("role", ["mail_serve", "mail_site"])
def test_the_api_answers_and_notes_that_a_key_is_used(mail, role):
    file = mail.events_file("file.csv", messages=[f"m{n}" for n in range(7)])
    mail.as_("mail_record", "import_events", "acme", file)
    mail.sql("UPDATE mailmetrics_apikeys_apikey SET last_used_at = NULL")

    assert mail.python(role, ASK).split() == ["200"] * 3 + ["7", "ready"]

    used = "SELECT count(*) FROM mailmetrics_apikeys_apikey WHERE last_used_at IS NOT NULL"
    assert mail.sql(used) == [(1,)]
    assert len(mail.as_(role, "list_api_keys").splitlines()) == 2


@pytest.mark.usefixtures("exact")
def test_the_site_records_over_http(mail):
    assert mail.python("mail_site", WRITE, mail.writing_key).split() == ["200", "200"]
    assert mail.count() == 1


def test_the_site_has_its_admin(mail):
    told = mail.python("mail_site", ADMINISTER).splitlines()
    assert "WARNING axes" in told.pop(0)  # of the login that failed
    assert told == ["200", "302", "{}", "302", "302", "False"]
    key = mail.as_("mail_site", "create_api_key", "acme", "--name=k", "--scope=campaigns:read")
    assert key.startswith("mm_")
    told = mail.as_("mail_site", "revoke_api_key", "--name=k", "--workspace=acme")
    assert told.split("\t")[1] == "revoked"


FORBIDDEN = [
    "CREATE TEMPORARY TABLE t (id int)",
    "CREATE TABLE t (id int)",
    *(f"INSERT INTO {table} DEFAULT VALUES" for table in TOTALS),
    *(f"UPDATE {table} SET sent = 0" for table in TOTALS),
    *(f"DELETE FROM {table}" for table in TOTALS),
    *(f"TRUNCATE {table}" for table in [*TOTALS, EVENTS]),
    "SELECT mailmetrics_recount(1)",
    f"ALTER TABLE {EVENTS} DISABLE TRIGGER USER",
    f"ALTER TABLE {EVENTS} NO FORCE ROW LEVEL SECURITY",
    "DROP TRIGGER mailmetrics_events_inserted ON mailmetrics_campaigns_emailevent",
    "SET session_replication_role = replica",
]


@pytest.mark.parametrize("role", [*ROLES, "acme"])
def test_no_role_owns_or_makes_anything_or_writes_totals(mail, role):
    for statement in FORBIDDEN:
        with pytest.raises(InsufficientPrivilege):
            mail.sql(statement, role=role)


def test_who_serves_sees_no_event_and_writes_no_key(mail):
    for statement in (
        f"SELECT count(*) FROM {EVENTS}",
        f"INSERT INTO {EVENTS} DEFAULT VALUES",
        "UPDATE mailmetrics_apikeys_apikey SET scopes = '[\"*\"]'",
        "UPDATE mailmetrics_apikeys_apikey SET revoked_at = NULL",
        "DELETE FROM mailmetrics_campaigns_campaign",
    ):
        with pytest.raises(InsufficientPrivilege):
            mail.sql(statement, role="mail_serve")


def test_who_records_sees_no_key(mail):
    with pytest.raises(InsufficientPrivilege):
        mail.sql("SELECT digest FROM mailmetrics_apikeys_apikey", role="mail_record")
    told = mail.as_("mail_record", "list_api_keys", status=1)
    reason = "permission denied for table mailmetrics_apikeys_apikey"
    assert told == f"CommandError: The database failed: {reason}\n"


@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize("size", [2, 300])
def test_a_role_kept_to_one_workspace_records_there_alone(mail, size):
    own = mail.events_file("own.csv", messages=[f"m{n}" for n in range(size)])
    mail.as_("mail_record", "import_events", "acme", own)
    more = mail.events_file("more.csv", messages=[f"m{n}" for n in range(size + 5)])

    told = mail.as_("acme", "import_events", "acme", more)

    assert told == f"events: 5 new, 0 moved earlier, {size} known; 0 lines refused\n"
    theirs = mail.events_file("theirs.csv", campaign=FOREIGN, messages=["m1", "m2"])
    assert mail.as_("acme", "import_events", "other", theirs, status=1) == (
        "CommandError: There is no workspace 'other'.\n"
    )
    mail.as_("mail_record", "import_events", "other", theirs)
    assert mail.sql(f"SELECT DISTINCT workspace_id FROM {EVENTS}", role="acme") == [(1,)]
    for workspace in (1, 2):
        # Of the other workspace, or of its campaign: row security or the trigger refuses.
        with pytest.raises(psycopg.Error, match=r"row-level security|campaign_in_workspace"):
            mail.sql(
                f"INSERT INTO {EVENTS} (workspace_id, campaign_id, message_id, kind, occurred_at) "
                "VALUES (%s, %s, 'forged', 1, now())",
                *(workspace, FOREIGN),
                role="acme",
            )


@pytest.mark.usefixtures("exact")
def test_an_owner_whom_row_security_lets_see_no_workspace_counts_nothing_wrong(mail):
    file = mail.events_file("file.csv", messages=[f"m{n}" for n in range(300)])
    mail.sql(f"ALTER POLICY ours ON {WORKSPACES} TO mail_serve, mail_record")
    try:
        told = mail.as_("mail_record", "import_events", "acme", file, status=1)
        assert told.startswith("CommandError: The database failed: null value in column")
        with pytest.raises(NotNullViolation):
            mail.sql(
                f"INSERT INTO {EVENTS} (workspace_id, campaign_id, message_id, kind, occurred_at) "
                "VALUES (1, %s, 'm', 1, now())",
                CAMPAIGN,
                role="mail_record",
            )
    finally:
        mail.sql(f"ALTER POLICY ours ON {WORKSPACES} TO mail_owner, mail_serve, mail_record")
    assert mail.count() == 0


def test_a_role_whom_no_policy_lets_see_a_total_is_not_ready(mail):
    totals = "mailmetrics_analytics_campaigntotals"
    mail.sql(f"ALTER POLICY ours ON {totals} TO mail_owner, mail_record")
    try:
        told = mail.as_("mail_serve", "check", "--database=default", status=1)
        assert f"(mailmetrics.E008) Row security hides all rows of {totals} in the database" in told
        told = mail.python("mail_serve", READY).splitlines()[-1]
        assert told == "{'status': 'not ready', 'failed': 'checks'}"
    finally:
        mail.sql(f"ALTER POLICY ours ON {totals} TO mail_owner, mail_serve, mail_record")
    assert "no issues" in mail.as_("mail_serve", "check", "--database=default")


def test_the_site_may_read_every_table_that_there_is(mail):
    """Else a table of an update is missing in the document."""
    unread = mail.sql(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "AND relkind = 'r' AND NOT has_table_privilege('mail_site', oid, 'SELECT')"
    )
    # That one is for SQLite.
    assert unread == [("mailmetrics_campaigns_openbatch",)]


INSTALL = """
from django.db import connection
from analytics.totals import triggers
triggers.remove(connection)
triggers.install(connection)
"""


OWNERS = """
    SELECT string_agg(DISTINCT owner::regrole::text, ' ')
      FROM (SELECT proowner FROM pg_proc WHERE starts_with(proname, 'mailmetrics_')
             UNION ALL
            SELECT typowner FROM pg_type WHERE starts_with(typname, 'mailmetrics_')) made (owner)
"""


def test_the_triggers_are_the_owner_s_whoever_installs_them(mail):
    for role in (None, "mail_owner"):
        mail.as_(role, "shell", "-v", "0", "-c", INSTALL)
        nodes = f"SELECT result FROM run_command_on_all_nodes($${OWNERS}$$)"
        owners = mail.sql(nodes if mail.is_cluster else OWNERS)
        assert set(owners) == {("mail_owner",)}
    mail.as_("mail_owner", "rebuild_totals")
