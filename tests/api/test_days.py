"""Every day that the API and the dashboard tell is a day of the workspace's zone."""

import csv
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from campaigns.models import EventKind
from campaigns.recording import Event, record_events
from tests.analytics.dashboards import API as CAMPAIGNS
from tests.analytics.dashboards import PAGE, viewer
from tests.factories import CampaignFactory, WorkspaceFactory, new_key

TIMELINE = f"{CAMPAIGNS}/timeline"
# Around 8 March 2026, which has 23 hours in New York.
HAPPENED = [
    ("sent", "2026-03-08T04:59:59Z"),
    ("sent", "2026-03-08T05:00:00Z"),
    ("opened", "2026-03-09T03:59:59Z"),
    ("opened", "2026-03-09T04:00:00Z"),
]
LAUNCHED = "2026-03-09T03:59:59Z"
IN_NEW_YORK = {"2026-03-07": (1, 0), "2026-03-08": (1, 1), "2026-03-09": (0, 1)}
IN_UTC = {"2026-03-07": (0, 0), "2026-03-08": (2, 0), "2026-03-09": (0, 2)}
WINDOW = {"from_date": "2026-03-07", "to_date": "2026-03-09"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace():
    workspace = WorkspaceFactory(time_zone="America/New_York")
    launched = datetime.fromisoformat(LAUNCHED)
    campaign = CampaignFactory(workspace=workspace, launched_at=launched, created_at=launched)
    events = [
        Event(campaign.pk, f"m{n}", EventKind[kind.upper()], datetime.fromisoformat(instant))
        for n, (kind, instant) in enumerate(HAPPENED)
    ]
    record_events(workspace=workspace, events=events)
    return workspace


@pytest.fixture
def get(workspace):
    client = Client(headers={"X-API-Key": new_key(workspace=workspace)})
    return lambda url, **parameters: client.get(url, parameters).json()


def counts(rows):
    return {row["date"]: (int(row["sent"]), int(row["opened"])) for row in rows}


def test_a_day_of_the_timeline_and_of_its_files(workspace, get, django_user_model):
    assert counts(get(TIMELINE, **WINDOW)["timeline"]) == IN_NEW_YORK
    asked = {"workspace": workspace.pk, **WINDOW}
    key = new_key(workspace=workspace)
    files = [
        Client(headers={"X-API-Key": key, "Accept": "text/csv"}).get(TIMELINE, WINDOW),
        viewer(django_user_model).get(f"{PAGE}timeline.csv", asked),
    ]
    for file in files:
        lines = file.getvalue().decode("utf-8-sig").splitlines()
        assert counts(csv.DictReader(lines)) == IN_NEW_YORK


def test_a_week_begins_with_the_zone_s_monday(get):
    weeks = get(TIMELINE, **WINDOW, interval="week")["timeline"]
    assert counts(weeks) == {"2026-03-07": (2, 1), "2026-03-09": (0, 1)}


@pytest.mark.parametrize("day", IN_NEW_YORK)
def test_a_day_of_activity(get, day):
    [row] = get(CAMPAIGNS, activity_from=day, activity_to=day)["campaigns"]
    assert (row["total_sent"], row["total_opened"]) == IN_NEW_YORK[day]


@pytest.mark.parametrize(("day", "listed"), [("07", 0), ("08", 1), ("09", 0)])
def test_the_day_of_a_launch(get, day, listed):
    day = f"2026-03-{day}"
    assert len(get(CAMPAIGNS, from_date=day, to_date=day)["campaigns"]) == listed


def test_an_instant_is_in_utc_in_every_zone(get):
    assert get(CAMPAIGNS)["campaigns"][0]["created_at"] == LAUNCHED
    assert get("/api/public/v1/me")["workspace"]["time_zone"] == "America/New_York"


def test_another_zone_cuts_the_days_anew(workspace, get):
    workspace.time_zone = "UTC"
    workspace.save()
    assert counts(get(TIMELINE, **WINDOW)["timeline"]) == IN_UTC
    assert len(get(CAMPAIGNS, from_date="2026-03-09")["campaigns"]) == 1


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])  # never of one date
def test_the_window_ends_today_unless_it_is_given(zone):
    client = Client(headers={"X-API-Key": new_key(workspace=WorkspaceFactory(time_zone=zone))})
    before = datetime.now(ZoneInfo(zone)).date()
    answer = client.get(TIMELINE).json()
    after = datetime.now(ZoneInfo(zone)).date()
    assert str(before) <= answer["to_date"] <= str(after)
    assert answer["from_date"] == str(
        datetime.fromisoformat(answer["to_date"]).date() - timedelta(days=89)
    )
