"""docs/embedding.md, followed line by line in a fresh site; and that it lists what there is."""

import doctest
import json
import re
import shlex
from ast import literal_eval
from dataclasses import fields
from pathlib import Path
from typing import Any

from campaigns.base.settings import Configuration
from tests.distributions import APPS, ROOT, build
from tests.documents import Block, blocks, steps
from tests.freshsite import Answer, Browser, FreshSite
from tests.mistakes import invalid

DOCUMENT = (ROOT / "docs" / "embedding.md").read_text()
FOLLOWED, LEAVING = DOCUMENT.split("\n## Leaving\n")
CHANGING = {"Date", "Expires", "Set-Cookie"}
KEYED = "/api/public/v1/analytics/campaigns"
DOCTEST = "import doctest, sys; sys.exit(doctest.testfile({!r}, False, optionflags=8).failed)"
assert doctest.ELLIPSIS == 8

CAMPAIGN = {
    "id": "550e8400-e29b-41d4-a716-446655440000",
    "name": "Q1 Outreach",
    "status": "COMPLETED",
    "total_leads": 500,
    "launched_at": "2024-01-15T12:00:00Z",
    "created_at": "2024-01-15T10:00:00Z",
}
SENT = {
    "2024-01-15": {"sent": 120, "opened": 41, "replied": 9, "bounced": 1},
    "2024-01-16": {"sent": 85, "opened": 30, "replied": 7},
}


def follow(site: FreshSite, block: Block) -> None:
    if block.language == "console":
        for command, output in steps(block.text):
            shown = curl(site, command) if command.startswith("curl ") else site.run(command)
            assert matches(output, shown), f"{command}\n{shown}"
    elif block.language == "pycon":
        path = site.folder.parent / "session.txt"
        path.write_text(block.text)
        site.run(f"python manage.py shell -v 0 -c {shlex.quote(DOCTEST.format(str(path)))}")
    elif block.file in {"settings.py", "urls.py"}:
        site.append(f"mysite/{block.file}", block.text)
    elif block.file:
        site.append(block.file, block.text)


def curl(site: FreshSite, command: str) -> str:
    """``curl -H HEADER URL`` of the documented address, from Django's own server."""
    expanded = re.sub(r"\$(\w+)", lambda name: site.environment[name[1]], command)
    _, option, header, url = shlex.split(expanded)
    assert option == "-H"
    name, _, value = header.partition(": ")
    with site.served() as port:
        answer = Browser(port).ask(url.removeprefix("http://127.0.0.1:8000"), **{name: value})
    return json.dumps(json.loads(answer.body), indent=2) + "\n"


def matches(expected: str, shown: str) -> bool:
    """An empty expectation is none; JSON is compared as such."""
    if expected.startswith("{"):
        texts = (json.dumps(json.loads(text), indent=2) for text in (expected, shown))
        expected, shown = texts
    return not expected or doctest.OutputChecker().check_output(expected, shown, doctest.ELLIPSIS)


def answers_of_the_host(site: FreshSite) -> dict[str, Answer]:
    """Its view, its API as JSON and as a page, and its admin, as a clerk sees them."""
    with site.served() as port:
        visitor, clerk = Browser(port), Browser(port)
        clerk.log_in("clerk", "clerk")
        found = {
            "view": visitor.ask("/"),
            "api": visitor.ask("/orders/"),
            "error": visitor.ask("/orders/8/"),
            "browsable": visitor.ask("/orders/", Accept="text/html"),
            "options": visitor.ask("/orders/", method="OPTIONS"),
            "admin": clerk.ask("/admin/"),
            "list": clerk.ask("/admin/shop/order/"),
            "form": clerk.ask("/admin/shop/order/1/change/"),
        }
    assert [answer.status for answer in found.values()] == [200, 200, 404, 200, 200, 200, 200, 200]
    return {name: without_chance(answer) for name, answer in found.items()}


def without_chance(answer: Answer) -> Answer:
    """Less the time and Django's tokens against forgery, which are new in each answer."""
    kept = {name: value for name, value in answer.headers.items() if name not in CHANGING}
    return Answer(answer.status, kept, re.sub(r"\b[A-Za-z0-9]{64}\b", "token", answer.body))


def traces_in_the_database(site: FreshSite) -> str:
    return site.run(
        "python manage.py shell --no-imports -c "
        "'from django.db import connection as c; print(sorted(c.introspection.table_names()))\n"
        "from django.contrib.contenttypes.models import ContentType as T\n"
        'print(sorted(T.objects.values_list("app_label", "model")))\n'
        "from django.db.migrations.recorder import MigrationRecorder as R\n"
        "print(sorted(R(c).applied_migrations()))'"
    )


def import_the_page_example(site: FreshSite) -> None:
    lines = [
        {
            "campaign_id": CAMPAIGN["id"],
            "message_id": f"{day}-{number}",
            "kind": kind,
            "occurred_at": f"{day}T08:00:00Z",
        }
        for day, counts in SENT.items()
        for kind, count in counts.items()
        for number in range(count)
    ]
    site.append("page.jsonl", json.dumps(CAMPAIGN) + "\n")
    site.append("events.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    site.run("python manage.py mailmetrics_import_campaigns Page page.jsonl --create")
    site.run("python manage.py mailmetrics_import_events Page events.jsonl")


def assert_the_contract_holds(site: FreshSite) -> None:
    import_the_page_example(site)
    create = "python manage.py mailmetrics_create_api_key Page --name k --scope"
    key = site.run(f"{create} campaigns:read").strip()
    orders = site.run(f"{create} orders:read").strip()
    with site.served() as port:
        ask = Browser(port).ask
        campaigns = ask(f"{KEYED}?status=COMPLETED&from_date=2024-01-01", **{"X-API-Key": key})
        window = "from_date=2024-01-15&to_date=2024-01-16"
        timeline = ask(f"{KEYED}/timeline?{window}", **{"X-API-Key": key})
        refused = {
            "no key": ask(KEYED),
            "bad key": ask(KEYED, **{"X-API-Key": "mm_1"}),
            "no scope": ask(KEYED, **{"X-API-Key": orders}),
            "bad day": ask(f"{KEYED}?to_date=1-1-1", **{"X-API-Key": key}),
            "method": ask(KEYED, method="DELETE"),
        }
    assert (campaigns.status, campaigns.body) == (
        200,
        '{"workspace_kpis":{"total_campaigns":1,"total_sends":205,"avg_open_rate":0.3463,'
        '"avg_reply_rate":0.078,"avg_bounce_rate":0.0049},"campaigns":[{'
        '"campaign_id":"550e8400-e29b-41d4-a716-446655440000","campaign_name":"Q1 Outreach",'
        '"status":"COMPLETED","total_leads":500,"total_sent":205,"total_opened":71,'
        '"total_replied":16,"total_bounced":1,"open_rate":0.3463,"reply_rate":0.078,'
        '"bounce_rate":0.0049,"created_at":"2024-01-15T10:00:00Z"}]}',
    )
    assert (timeline.status, timeline.body) == (
        200,
        '{"timeline":[{"date":"2024-01-15","sent":120,"opened":41,"replied":9,"bounced":1,'
        '"open_rate":0.3417,"reply_rate":0.075,"bounce_rate":0.0083},'
        '{"date":"2024-01-16","sent":85,"opened":30,"replied":7,"bounced":0,'
        '"open_rate":0.3529,"reply_rate":0.0824,"bounce_rate":0.0}],'
        '"from_date":"2024-01-15","to_date":"2024-01-16"}',
    )
    assert {name: (each.status, json.loads(each.body)) for name, each in refused.items()} == {
        "no key": (401, {"detail": "Authentication credentials were not provided."}),
        "bad key": (401, {"detail": "The API key is not valid."}),
        "no scope": (
            403,
            {
                "detail": 'The API key lacks the scope "campaigns:read".',
                "error": "insufficient_scopes",
                "required": ["campaigns:read"],
                "granted": ["orders:read"],
            },
        ),
        "bad day": (
            400,
            invalid(("to_date", "invalid_date", "Enter a date as YYYY-MM-DD, not '1-1-1'.")),
        ),
        "method": (405, {"detail": 'Method "DELETE" not allowed.'}),
    }


def test_a_fresh_site_that_follows_the_document_has_the_api_and_leaves_without_a_trace(
    tmp_path: Path, new_database: dict[str, Any] | None
) -> None:
    site = FreshSite(tmp_path, database=new_database)
    files = {path: path.read_bytes() for path in site.folder.rglob("*.py")}
    host, traces = answers_of_the_host(site), traces_in_the_database(site)

    # So that the document's own command finds it there and adds what it needs.
    site.run(f"python -m pip install --no-deps {build('wheel', into=tmp_path / 'dist')}")
    for block in blocks(FOLLOWED):
        follow(site, block)
    assert_the_contract_holds(site)
    assert answers_of_the_host(site) == host

    unmigrate, uninstall = blocks(LEAVING)
    follow(site, unmigrate)
    for path, content in files.items():
        path.write_bytes(content)
    follow(site, uninstall)
    assert "mailmetrics" not in site.run("python -m pip list")
    assert traces_in_the_database(site) == traces
    assert answers_of_the_host(site) == host


def test_every_setting_is_listed_with_its_default() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| `(.+?)` \| \w", DOCUMENT, flags=re.M)

    assert [(name, literal_eval(default)) for name, default in rows] == [
        (field.name, field.default) for field in fields(Configuration)
    ]


def test_every_system_check_is_listed() -> None:
    listed = re.findall(r"^\| `(mailmetrics\.\w+)` \|", DOCUMENT, flags=re.M)
    modules = [path.read_text() for app in APPS for path in (ROOT / app).rglob("*.py")]

    assert listed == sorted(
        {id_ for text in modules for id_ in re.findall(r"mailmetrics\.[EW]\d+", text)}
    )
