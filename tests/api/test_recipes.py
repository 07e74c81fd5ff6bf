"""Each recipe of docs/recipes.md, run as it stands against a site with the demo's campaigns."""

import csv
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client

from campaigns.models import EventKind
from campaigns.recording import Event, record_events
from tests.documents import blocks
from tests.factories import CampaignFactory, WorkspaceFactory, new_key
from tests.server import gunicorn

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "recipes.md"
RECIPES = {block.file: block for block in blocks(DOCUMENT.read_text()) if block.file}
CAMPAIGNS = "/api/public/v1/analytics/campaigns"

# For time's sake; the answers are the same on both.
pytestmark = pytest.mark.sqlite


@pytest.fixture
def key(db):
    workspace = WorkspaceFactory()
    now = datetime.now(UTC)
    for number, name in enumerate(["Welcome series", "Webinar invitation"], start=1):
        campaign = CampaignFactory(workspace=workspace, name=name, launched_at=now)
        events = [
            Event(campaign.id, f"{number}-{n}", kind, now - timedelta(days=n))
            for n in range(40)
            for kind in (EventKind.SENT, *[EventKind.OPENED] * (n % (number + 1) == 0))
        ]
        record_events(workspace=workspace, events=events)
    return new_key(workspace=workspace)


@pytest.fixture
def run(database_url, key, tmp_path):
    """What a recipe prints."""
    with (
        (tmp_path / "log").open("w") as log,
        gunicorn(database_url=database_url, log=log) as (host, port),
    ):

        def run(name, *arguments):
            (tmp_path / name).write_text(RECIPES[name].text)
            command = [sys.executable] if name.endswith(".py") else ["sh", "-e"]
            ran = subprocess.run(
                [*command, name, *arguments],
                cwd=tmp_path,
                env=os.environ | {"KEY": key, "API": f"http://{host}:{port}/api/public/v1"},
                capture_output=True,
                text=True,
                check=False,
            )
            assert (ran.returncode, ran.stderr) == (0, "")
            return ran.stdout

        yield run


def answer(key, path=CAMPAIGNS, **parameters):
    return Client(headers={"X-API-Key": key}).get(path, parameters).json()


def test_every_recipe_is_run_here():
    assert sorted(RECIPES) == [
        "best.py",
        "frame.py",
        "months.py",
        "poller.py",
        "spreadsheet.sh",
        "weeks.sh",
    ]


def test_last_weeks_best_campaigns(run, key):
    today = datetime.now(UTC).date()
    monday = today - timedelta(days=today.weekday() + 7)
    window = {"activity_from": str(monday), "activity_to": str(monday + timedelta(days=6))}
    rows = answer(key, **window, sort_by="open_rate")["campaigns"]
    assert [row["total_sent"] for row in rows] == [7, 7]
    assert run("best.py").splitlines() == [
        f"{row['open_rate']:.1%} of 7: {row['campaign_name']}" for row in rows
    ]


def test_one_campaign_by_week(run, key):
    (row,) = answer(key, search="Welcome")["campaigns"]
    asked = {"campaign_id": row["campaign_id"], "interval": "week"}
    weeks = answer(key, f"{CAMPAIGNS}/timeline", **asked)
    assert json.loads(run("weeks.sh")) == weeks
    assert sum(week["sent"] for week in weeks["timeline"]) == 40


def test_this_month_against_the_last(run, key):
    today = datetime.now(UTC).date()
    first = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    asked = {"from_date": str(first), "to_date": str(today), "interval": "month"}
    last, this = answer(key, f"{CAMPAIGNS}/timeline", **asked)["timeline"]
    assert run("months.py").splitlines() == [
        f"sent {this['sent']} after {last['sent']}",
        f"opened {this['open_rate']:.1%} after {last['open_rate']:.1%}",
    ]


def test_into_a_spreadsheet(run, key, tmp_path):
    assert run("spreadsheet.sh") == ""
    for name, rows in (
        ("campaigns", answer(key, sort_by="total_sent")["campaigns"]),
        ("days", answer(key, f"{CAMPAIGNS}/timeline")["timeline"]),
    ):
        with (tmp_path / f"{name}.csv").open(newline="") as file:
            read = list(csv.DictReader(file))
        assert read == [{field: str(row[field]) for field in read[0]} for row in rows]


def test_a_pandas_frame(run):
    lines = run("frame.py").splitlines()
    assert lines[0].split() == ["sent", "opened", "replied"]
    assert sum(int(line.split()[1]) for line in lines[2:]) == 80


def test_a_poller_is_told_what_is_unchanged(run, key):
    assert run("poller.py", "3", "0").splitlines() == [
        str(answer(key)["workspace_kpis"]),
        "unchanged",
        "unchanged",
    ]
