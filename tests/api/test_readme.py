"""Each parameter's example and each answer in the README, asked of the demo's campaigns."""

import json
import re
import shlex
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
        "metrics=clicked": "`clicked` and `click_rate` in each row",
    }
    assert list(clicks)[-2:] == ["clicked", "click_rate"]


def shown(path):
    """The curl line of a section, and the answer under it."""
    section = README.split(f"### `{path}`\n")[1].split("\n### ")[0]
    curl, answer = re.search(r"```\n(curl.*?)```\n```json\n(.*?)```", section, re.DOTALL).groups()
    return shlex.split(curl.replace("\\\n", " ")), json.loads(answer)


def answered(curl, key):
    """What the line gets, by doing as curl would."""
    (url,) = [word for word in curl if word.startswith("http://")]
    method = "put" if "PUT" in curl else "post" if "-d" in curl else "get"
    body = {"data": curl[curl.index("-d") + 1]} if "-d" in curl else {}
    send = getattr(Client(headers={"X-API-Key": key}), method)
    path = url.removeprefix("http://127.0.0.1:8000")
    return send(path, **body, **({"content_type": "application/json"} if body else {})).json()


def test_the_answers_are_those_of_the_demo(client):
    workspace = Workspace.objects.get(name=WORKSPACE)
    key = new_key(workspace=workspace, name="Demo")
    writer = new_key(workspace=workspace, scopes=["events:create", "campaigns:update"])

    curl, told = shown(f"GET {CAMPAIGNS}")
    failed = answered(curl, key)
    # The demo's days count back from the day of its first start.
    for answer in (told, failed):
        del answer["campaigns"][0]["created_at"]
    assert told == failed

    curl, told = shown(f"GET {CAMPAIGNS}/timeline")
    days = answered(curl, key)
    assert [list(day) for day in told["timeline"]] == [list(day) for day in days["timeline"]]

    curl, told = shown("GET /api/public/v1/me")
    answer = answered(curl, key)
    assert type(answer["key"]["last_used_at"]) is type(told["key"].pop("last_used_at"))
    del answer["key"]["last_used_at"]
    told["key"]["hint"] = f"{key[:7]}…"
    assert told == answer

    for path in ("POST /api/public/v1/events", "PUT /api/public/v1/campaigns/{campaign_id}"):
        curl, told = shown(path)
        assert told == answered(curl, writer)
