"""The API's description: true to the API, and the one that is served."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import include, path
from openapi_spec_validator import OpenAPIV31SpecValidator

from campaigns.models import EventKind
from campaigns.recording import Event, record_events
from tests.factories import CampaignFactory, WorkspaceFactory, new_key
from tests.server import gunicorn

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "analytics" / "description" / "openapi.json"
SCHEMA, DOCS = "/api/public/v1/schema", "/api/public/v1/docs"

# For each endpoint, and at least in all: what is invalid runs out sooner with some seeds.
CASES = {"positive": 900, "negative": 300}
LEAST = {"positive": 1800, "negative": 300}

urlpatterns = [path(f"{name}/", include(("analytics.urls", name))) for name in ("api", "our/api")]


def test_the_description_is_the_one_that_the_code_gives(tmp_path):
    made = tmp_path / "openapi.json"
    call_command(
        "spectacular",
        "--validate",
        "--fail-on-warn",
        custom_settings="analytics.description.openapi.SETTINGS",
        urlconf="analytics.urls",
        format="openapi-json",
        file=str(made),
    )
    same = made.read_text() == GOLDEN.read_text()
    assert same, "The API or its description has changed: run `make openapi` and read the diff."


def test_the_served_description_is_valid_and_open_to_all(client):
    served = client.get(SCHEMA)
    assert (served.status_code, served["Content-Type"]) == (200, "application/json")
    description = served.json()
    OpenAPIV31SpecValidator(description).validate()
    assert description["openapi"] == "3.1.0"
    assert list(description["paths"]) == [
        "/analytics/campaigns",
        "/analytics/campaigns/timeline",
        "/campaigns/{campaign_id}",
        "/events",
        "/me",
    ]
    assert description["servers"] == [{"url": "/api/public/v1"}]


@pytest.mark.urls(__name__)
def test_its_paths_start_where_the_host_mounts_the_api(client):
    assert client.get("/api/schema").json()["servers"] == [{"url": "/api"}]
    assert client.get("/our/api/schema").json()["servers"] == [{"url": "/our/api"}]


@pytest.mark.parametrize("url", [SCHEMA, DOCS])
def test_the_description_is_only_read(client, url):
    response = client.post(url)
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert client.head(url).status_code == 200


def operations():
    description = json.loads(GOLDEN.read_text())
    return [
        pytest.param(description, of["get"], id=of["get"]["operationId"])
        for of in description["paths"].values()
        if "get" in of
    ]


@pytest.mark.parametrize(("description", "operation"), operations())
def test_every_parameter_answer_and_error_is_described_with_examples(description, operation):
    assert operation["summary"]
    assert operation["description"]
    assert operation["security"] == [{"apiKey": []}]
    # Without examples of dates, which would be of a time that a site has nothing of.
    for parameter in operation.get("parameters", []):
        assert parameter["description"]
    statuses = {200, 304, 400, 401, 403, 405, 406, 429, 503}
    assert set(map(int, operation["responses"])) == statuses
    for status, answer in operation["responses"].items():
        assert answer["description"]
        if status == "304":
            assert "content" not in answer
            continue
        content = answer["content"]
        csv = ["text/csv"] if status == "200" and operation["operationId"] != "me" else []
        assert sorted(content) == ["application/json", *csv]
        shape = content["application/json"]["schema"] | {"components": description["components"]}
        examples = [each["value"] for each in content["application/json"]["examples"].values()]
        assert examples
        for example in examples:
            jsonschema.validate(example, shape)


@pytest.fixture
def key(db):
    """A key of a workspace that has something in every answer."""
    workspace = WorkspaceFactory()
    now = datetime.now(UTC)
    for status in ("ACTIVE", "COMPLETED", "COMPLETED"):
        campaign = CampaignFactory(workspace=workspace, status=status, launched_at=now)
        events = [Event(campaign.id, f"{campaign.id}", kind, now) for kind in EventKind]
        record_events(workspace=workspace, events=events)
    return new_key(workspace=workspace, scopes=["*"])


@pytest.mark.parametrize(("description", "operation"), operations())
def test_an_answer_has_the_described_fields_and_no_others(key, description, operation):
    url = "/api/public/v1" + next(
        path for path, of in description["paths"].items() if of.get("get") == operation
    )
    answer = Client(headers={"X-API-Key": key}).get(url).json()
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    closed = {
        name: shape | ({"additionalProperties": False} if shape["type"] == "object" else {})
        for name, shape in description["components"]["schemas"].items()
    }
    jsonschema.validate(answer, schema | {"components": {"schemas": closed}})


@pytest.mark.sqlite  # for time's sake; the answers are the same on both
@pytest.mark.parametrize("mode", CASES)
def test_schemathesis_finds_nothing(database_url, key, tmp_path, mode):
    """All of its checks over its examples, its coverage phase and some thousand cases."""
    with (
        (tmp_path / "log").open("w") as log,
        gunicorn(database_url=database_url, log=log, threads=2) as (host, port),
    ):
        url = f"http://{host}:{port}{SCHEMA}"
        found = schemathesis(tmp_path, url, key, f"--mode={mode}", f"--max-examples={CASES[mode]}")
    assert found.returncode == 0, found.stdout + found.stderr
    generated, passed = map(int, re.search(r"(\d+) generated, (\d+) passed", found.stdout).groups())
    assert generated == passed
    assert generated > LEAST[mode]


def schemathesis(cwd, url, key, *options):
    return subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", url),
            *("-H", f"X-API-Key: {key}", "--checks", "all"),
            # By one thread: on Python 3.11 two that parse source at once break each other.
            *("--workers", "1", "--seed", "1", *options),
        ],
        cwd=cwd,
        env=os.environ
        | {
            "NO_COLOR": "1",
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.schemathesis_hooks",
            "DJANGO_SETTINGS_MODULE": "tests.settings",
        },
        capture_output=True,
        text=True,
        check=False,
    )


class TestPage:
    def test_it_loads_the_sites_own_files_alone(self, client):
        page = client.get(DOCS)
        assert page.status_code == 200
        loaded = re.findall(r'(?:src|href)="([^"]*)"', page.content.decode())
        assert [url for url in loaded if not url.startswith("/static/")] == ["schema"]
        assert len(loaded) == 6
        scripts = re.findall(r"<script[^>]*>(.*?)</script>", page.content.decode(), re.DOTALL)
        assert scripts == ["", ""]
