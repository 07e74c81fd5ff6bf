"""Each parameter's example in the README, asked of the demo's campaigns."""

import json
import re
from pathlib import Path

import pytest
from django.test import Client

from campaigns.models import Campaign, Workspace
from config.demo import WORKSPACE, fill
from tests.factories import new_key

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
CAMPAIGNS = "/api/public/v1/analytics/campaigns"
ROW = re.compile(r"^\| (?P<names>`[a-z_`, ]+`) \|.*\| (?P<example>[^|]*) \|$", re.MULTILINE)

# The demo is on SQLite.
pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]


def examples(path):
    """From a question of the section on ``path`` to what is told of its answer."""
    section = README.split(f"### `GET {path}`\n")[1].split("\n### ")[0]
    found = [match["example"] for match in ROW.finditer(section)]
    return dict(example.replace("`", "", 2).split(": ", 1) for example in found)


def told(question, answer):
    """What the README would tell of it."""
    rows = answer["campaigns"]
    if "limit" in question:
        return f'`"pagination":{json.dumps(answer["pagination"], separators=(",", ":"))}`'
    if "metrics" in question:
        row = rows[0]
        return f'`"total_clicked":{row["total_clicked"]},"click_rate":{row["click_rate"]}`'
    if "activity" in question:
        kpis = answer["workspace_kpis"]
        return f"{kpis['total_campaigns']} campaigns, {kpis['total_sends']} sends"
    if "sort_by" in question:
        return f'"{rows[0]["campaign_name"]}" first'
    return ", ".join(f'"{row["campaign_name"]}"' for row in rows) or "no campaign"


@pytest.fixture
def client():
    fill()
    return Client(headers={"X-API-Key": new_key(workspace=Workspace.objects.get(name=WORKSPACE))})


def test_the_examples_are_true(client):
    campaigns = examples(CAMPAIGNS)
    assert len(campaigns) == 9
    name = "Partner programme"
    found = client.get(CAMPAIGNS, {"campaign_id": Campaign.objects.get(name=name).pk}).json()
    assert campaigns.pop(f'the id of "{name}"') == "that one"
    assert [row["campaign_name"] for row in found["campaigns"]] == [name]
    assert campaigns == {
        question: told(question, client.get(f"{CAMPAIGNS}?{question}").json())
        for question in campaigns
    }

    days = examples(f"{CAMPAIGNS}/timeline")

    def ask(question):
        return client.get(f"{CAMPAIGNS}/timeline?{question}").json()["timeline"]

    months = "from_date=2026-01-01&to_date=2026-03-31&interval=month"
    zeros = ask("status=DRAFT")
    assert {day["sent"] + day["opened"] for day in zeros} == {0}
    clicks = ask("metrics=clicked")[0]
    assert days == {
        "none": f"{len(ask(''))} days",
        "status=DRAFT": f"{len(zeros)} days of zeros",
        months: f"{len(ask(months))} rows",
        "metrics=clicked": f'`"clicked":{clicks["clicked"]},"click_rate":{clicks["click_rate"]}`',
    }
