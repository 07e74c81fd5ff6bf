"""Two workspaces full of data: nothing that one is shown tells of the other."""

import io
import itertools
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.test import Client

from campaigns.models import Campaign, CampaignStatus, EmailEvent, EventKind
from campaigns.recording import Event, record_events
from tests.factories import CampaignFactory, WorkspaceFactory, new_key
from tests.routes import ADMIN, API, WRITING, routes_under

FIRST = datetime(2024, 1, 1, 12, tzinfo=UTC)
APPS = {"campaigns", "apikeys", "analytics"}
OPEN = {"/api/public/v1/docs", "/api/public/v1/schema"}
ANYTHING = "/api/public/v1/<mailmetrics_anything:path>"  # a 404 for whoever asks

pytestmark = pytest.mark.django_db


class Tenant:
    """A workspace whose every text has its own mark."""

    def __init__(self, mark):
        self.mark = mark
        self.name = f"{mark} Ltd."
        self.workspace = WorkspaceFactory(name=self.name)
        self.keys = [
            new_key(workspace=self.workspace, name=f"{mark} {scope}", scopes=[scope])
            for scope in ("campaigns:read", "campaigns:all", "*", "orders:read")
        ]

    def fill(self, sent):
        """A campaign in each status, with so many messages on each of some days."""
        for number, status in enumerate(CampaignStatus.values):
            launched_at = FIRST + timedelta(days=number)
            campaign = CampaignFactory(
                workspace=self.workspace,
                name=f"{self.mark} {status}",
                status=status,
                total_leads=sent,
                launched_at=launched_at,
            )
            events = [
                # The same message ids in both, which only the workspace tells apart.
                Event(campaign.id, f"{status}{n}", kind, launched_at + timedelta(days=n))
                for n in range(sent)
                for kind in EventKind
            ]
            record_events(workspace=self.workspace, events=events)

    def texts(self):
        """What must not be seen elsewhere."""
        campaigns = Campaign.objects.filter(workspace=self.workspace)
        ids = [str(pk) for pk in campaigns.values_list("id", flat=True)]
        return [self.mark, *ids, *(pk.replace("-", "") for pk in ids), *self.keys]

    def answers(self):
        """Every answer on every route: one key's to every parameter, the others' to none."""
        asked = [*((self.keys[0], query) for query in QUERIES), *((key, "") for key in self.keys)]
        return {
            (path, query, key): _told(Client(headers={"X-API-Key": key}).get(path + query))
            for path, _ in routes_under(API)
            if path not in [*OPEN, *WRITING, ANYTHING]
            for key, query in asked
        }


DAYS = ["2023-12-31", "2024-01-03", "2024-02-01", "today"]
QUERIES = [
    *(f"?status={status}" for status in [*CampaignStatus.values, "X"]),
    *(f"?status=ACTIVE&{name}={day}" for name in ("from_date", "to_date") for day in DAYS),
    *(f"?from_date={first}&to_date={last}" for first, last in itertools.product(DAYS, DAYS)),
]


def _told(response):
    return response.status_code, dict(response.headers), response.content.decode()


@pytest.fixture
def ours():
    tenant = Tenant("Quokka")
    tenant.fill(sent=2)
    return tenant


@pytest.fixture
def theirs():
    return Tenant("Axolotl")


def test_nothing_that_another_does_changes_any_answer(ours, theirs):
    alone = ours.answers()
    assert {status for status, _, _ in alone.values()} == {200, 400, 403}
    theirs.fill(sent=3)
    assert ours.answers() == alone
    for tenant, other in ((ours, theirs), (theirs, ours)):
        everything = "".join(map(str, tenant.answers().values()))
        assert tenant.mark in everything
        assert [text for text in other.texts() if text in everything] == []


@pytest.mark.parametrize("name", ["workspace", "workspace_id", "campaign", "campaign_id", "key"])
def test_no_parameter_leads_to_another(ours, theirs, name):
    theirs.fill(sent=1)
    campaign = Campaign.objects.filter(workspace=theirs.workspace).first()
    for path, _ in routes_under(API):
        if path in [*OPEN, *WRITING, ANYTHING]:
            continue
        for value in (theirs.name, theirs.workspace.pk, campaign.pk, theirs.keys[0]):
            client = Client(headers={"X-API-Key": ours.keys[2]})
            response = client.get(path, {name: value})
            # A campaign's id is a parameter, and one of another workspace finds nothing.
            narrowed = name == "campaign_id" and value == campaign.pk and path.count("analytics")
            assert response.status_code == (200 if narrowed else 400)
            answer = str(_told(response)).replace(str(value), "")  # as asked for
            assert [text for text in theirs.texts() if text in answer] == []


def test_a_key_opens_no_page_of_the_admin(ours, theirs):
    theirs.fill(sent=1)
    campaign = Campaign.objects.filter(workspace=theirs.workspace).first()
    client = Client(headers={"X-API-Key": ours.keys[2]})
    paths = [path for path, _ in routes_under(ADMIN)]
    assert len(paths) > 10
    for path in paths:
        for pk in (theirs.workspace.pk, campaign.pk):
            concrete = re.sub(r"\(\?P<\w+>.*?\)\$?|<[^>]+>", str(pk), path).replace("^", "")
            response = client.get(concrete)
            told = str(_told(response)).replace(str(pk), "")  # as asked for
            assert [text for text in theirs.texts() if text in told] == []
            # The pages for strangers.
            if response.status_code == 200:
                assert path in {"/admin/login/", "/admin/jsi18n/"}


def _commands_of_one_workspace():
    for name, app in get_commands().items():
        if app in APPS:
            parser = load_command_class(app, name).create_parser("manage.py", name)
            if "workspace" in {action.dest for action in parser._actions}:
                yield name


# A new command that is about one workspace is to be tried here as well.
CALLS = {
    "mailmetrics_create_api_key": ["NAME", "--name", "New", "--scope", "*"],
    "mailmetrics_erase_messages": ["NAME", "--message-id", "DRAFT0"],
    "mailmetrics_import_campaigns": ["NAME", "campaigns.csv"],
    "mailmetrics_import_events": ["NAME", "events.csv"],
    "mailmetrics_prune_events": ["--workspace", "NAME", "--before", "2024-01-04"],
    "mailmetrics_list_api_keys": ["--workspace", "NAME"],
    "mailmetrics_revoke_api_key": ["--workspace", "NAME", "--all", "--no-input"],
    "mailmetrics_rotate_api_key": ["--workspace", "NAME"],
    "mailmetrics_set_time_zone": ["NAME", "Europe/Berlin"],
}


def test_every_command_of_one_workspace_is_tried():
    assert set(_commands_of_one_workspace()) == CALLS.keys()


@pytest.mark.parametrize("name", CALLS)
def test_a_command_for_one_workspace_tells_and_changes_nothing_of_another(
    ours, theirs, name, tmp_path, monkeypatch
):
    theirs.fill(sent=2)
    before = theirs.answers()
    stranger = Campaign.objects.filter(workspace=theirs.workspace).first().pk
    (tmp_path / "campaigns.csv").write_text(f"id,name,status\n{stranger},Mine,DRAFT\n")
    (tmp_path / "events.csv").write_text(
        "campaign_id,message_id,kind,occurred_at\n"
        f"{stranger},new,sent,2024-01-01T00:00:00Z\n{stranger},DRAFT0,sent,2020-01-01T00:00:00Z\n"
    )
    monkeypatch.chdir(tmp_path)

    events = EmailEvent.objects.filter(workspace=theirs.workspace)
    stored = set(events.values_list("message_id", "kind", "campaign_id", "occurred_at"))

    arguments = [ours.name if each == "NAME" else each for each in CALLS[name]]
    told = _output_of(name, *arguments)

    allowed = {str(stranger), stranger.hex}  # the file's own
    assert [text for text in theirs.texts() if text in told and text not in allowed] == []
    assert theirs.answers() == before
    assert set(events.values_list("message_id", "kind", "campaign_id", "occurred_at")) == stored


@pytest.mark.parametrize("name", ["verify_totals", "rebuild_totals"])
def test_a_command_for_all_names_none(ours, theirs, name):
    theirs.fill(sent=2)
    told = _output_of(name)
    assert [text for text in (*ours.texts(), *theirs.texts()) if text in told] == []


def _output_of(name, *arguments):
    output = io.StringIO()
    try:
        call_command(name, *arguments, stdout=output, stderr=output)
    except (CommandError, SystemExit) as error:
        output.write(str(error))
    return output.getvalue()
