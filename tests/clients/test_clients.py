"""Clients that other people made read the API of a live site.

``make clients`` runs this and ``typescript.py``, which needs npm.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.clients.conftest import API, CAMPAIGNS

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parents[1] / "analytics" / "description" / "openapi.json"

# For time's sake; the answers are the same on both.
pytestmark = pytest.mark.sqlite


def printed(script, *, programs, cwd, **environment):
    ran = subprocess.run(
        [programs / "python", HERE / script],
        env={"PATH": f"{programs}{os.pathsep}{os.defpath}", "PYTHONPATH": str(cwd), **environment},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


def test_the_mcp_server_of_the_page_reads_both_endpoints_unchanged(live, others, tmp_path):
    read = printed(
        "reading_mcp.py",
        programs=others,
        cwd=tmp_path,
        COLDSEND_API_URL=live.url,
        KEY=live.key,
    )
    march = {"from_date": "2026-03-01", "to_date": "2026-03-20"}
    assert read == {
        "good key": True,
        "bad key": "Invalid API key",
        "campaigns": live.answer(CAMPAIGNS),
        "completed": live.answer(CAMPAIGNS, status="COMPLETED", **march),
        "timeline": live.answer(f"{CAMPAIGNS}/timeline"),
        "march": live.answer(f"{CAMPAIGNS}/timeline", **march),
    }
    assert read["completed"]["workspace_kpis"]["total_sends"] == 40
    assert sum(day["sent"] for day in read["march"]["timeline"]) > 0


def test_a_generated_python_client_reads_every_answer(live, others, tmp_path):
    generated = subprocess.run(
        [
            *(others / "openapi-python-client", "generate", "--path", GOLDEN),
            *("--meta", "none", "--output-path", tmp_path / "analytics_client"),
        ],
        env={"PATH": f"{others}{os.pathsep}{os.defpath}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert generated.returncode == 0, generated.stdout + generated.stderr
    compiled = [others / "python", "-m", "compileall", "-q", tmp_path / "analytics_client"]
    subprocess.run(compiled, check=True)

    two = live.two_campaigns()
    read = printed(
        "reading_python.py",
        programs=others,
        cwd=tmp_path,
        API_URL=live.url,
        KEY=live.key,
        CAMPAIGNS=two,
    )
    key = live.answer(f"{API}/me")
    march = {"from_date": "2026-03-01", "to_date": "2026-03-20"}
    page = {"status": "COMPLETED", "sort_by": "open_rate", "page": "1", "limit": "1"}
    page["metrics"] = "clicked,machine_opened"
    expected = {
        "me": key,
        "campaigns": live.answer(CAMPAIGNS),
        "page": live.answer(CAMPAIGNS, **page),
        "chosen": live.answer(CAMPAIGNS, campaign_id=two),
        "timeline": live.answer(f"{CAMPAIGNS}/timeline"),
        "weeks": live.answer(f"{CAMPAIGNS}/timeline", interval="week", **march),
        "refused": live.answer(CAMPAIGNS, page="0"),
    }
    assert _with_plain_utc(read) == _with_plain_utc(expected)
    assert len(read["chosen"]["campaigns"]) == 2
    assert {"total_clicked", "total_machine_opened"} < set(read["page"]["campaigns"][0])
    assert [point["date"] for point in read["weeks"]["timeline"]] == [
        "2026-03-01",
        "2026-03-02",
        "2026-03-09",
        "2026-03-16",
    ]


def _with_plain_utc(answers):
    """It spells UTC its own way; and the first use of the key is noted by the first answer."""
    text = json.dumps(answers).replace("+00:00", "Z")
    plain = json.loads(text)
    del plain["me"]["key"]["last_used_at"]
    return plain
