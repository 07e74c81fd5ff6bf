"""A client typed by openapi-typescript compiles, strictly, and reads both endpoints.

Run by ``make clients`` alone, for it needs Node.js and npm.
"""

import json
import subprocess

from tests.clients.conftest import CAMPAIGNS
from tests.clients.test_clients import GOLDEN, HERE

PACKAGES = ["openapi-typescript@7", "openapi-fetch@0.17", "typescript@5", "@types/node@20"]


def run(*command, cwd):
    ran = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_a_generated_typescript_client_reads_both_endpoints(live, tmp_path):
    (tmp_path / "package.json").write_text('{"private": true, "type": "module"}')
    (tmp_path / "reading.ts").write_text((HERE / "reading.ts").read_text())
    run("npm", "install", "--no-audit", "--no-fund", *PACKAGES, cwd=tmp_path)
    run("npx", "openapi-typescript", str(GOLDEN), "--output", "schema.d.ts", cwd=tmp_path)
    options = ["--strict", "--target", "es2022", "--module", "nodenext"]
    run("npx", "tsc", *options, "reading.ts", cwd=tmp_path)

    two = live.two_campaigns()
    read = json.loads(run("node", "reading.js", live.url, live.key, two, cwd=tmp_path))
    page = {"status": "COMPLETED", "sort_by": "open_rate", "page": "1", "limit": "1"}
    march = {"from_date": "2026-03-01", "to_date": "2026-03-31", "interval": "week"}
    assert read == {
        "campaigns": live.answer(CAMPAIGNS),
        "page": live.answer(CAMPAIGNS, **page),
        "metrics": live.answer(CAMPAIGNS, metrics="clicked,machine_opened", campaign_id=two),
        "weeks": live.answer(f"{CAMPAIGNS}/timeline", **march),
        "refused": live.answer(CAMPAIGNS, page="0"),
    }
