"""docs/files.md: each export that it shows is imported by the command that it shows, and comes of
the program that it shows."""

import csv
import json
import shlex
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection

from tests.commands import run
from tests.documents import blocks, steps
from tests.factories import CampaignFactory

DOCUMENT = (Path(__file__).parents[2] / "docs" / "files.md").read_text()
BLOCKS = blocks(DOCUMENT)
SHOWN = {block.file: block.text for block in BLOCKS if block.file}
FILES = [block for block in BLOCKS if block.file.endswith((".csv", ".jsonl"))]
COMMANDS = [step for block in BLOCKS if block.language == "console" for step in steps(block.text)]
CAMPAIGN = "550e8400-e29b-41d4-a716-446655440000"
FIRST = datetime(2024, 3, 1, 9, tzinfo=UTC)


@pytest.mark.django_db
@pytest.mark.parametrize("dry", [True, False])
@pytest.mark.parametrize(
    ("file", "step"), list(zip(FILES, COMMANDS, strict=True)), ids=[each.file for each in FILES]
)
def test_an_export_is_imported_as_shown(file, step, tmp_path, dry):
    CampaignFactory(id=CAMPAIGN, workspace__name="Acme")
    path = tmp_path / file.file
    path.write_text(file.text)
    assert len(file.text.splitlines()) == (10 if path.suffix == ".jsonl" else 11)
    command = shlex.split(step.command)
    assert command[:5] == ["python", "manage.py", "mailmetrics_import_events", "Acme", file.file]
    options = [*command[5:], *(["--dry-run"] if dry else [])]
    ended = run("mailmetrics_import_events", "Acme", path, *options)
    told = "Dry run: nothing was written.\n" if dry else ""
    assert (ended.status, ended.err + ended.out) == (0, step.output.strip("\n") + "\n" + told)


def filtered(name, folder, inputs):
    """What the document's program makes of these files."""
    program = folder / name
    program.write_text(SHOWN[name])
    paths = []
    for number, each in enumerate(inputs):
        paths.append(folder / f"{number}.json")
        paths[-1].write_text(json.dumps(each, indent=2))
    command = ["jq", "--null-input", "--raw-output", "--from-file", program, *paths]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def rows(name):
    header, *lines = csv.reader(SHOWN[name].splitlines())
    return [dict(zip(header, line, strict=True)) for line in lines]


def test_mailguns_events_become_the_file(tmp_path):
    """As https://documentation.mailgun.com/docs/mailgun/user-manual/events has them."""
    events = []
    for row in rows("mailgun.csv"):
        is_bot = row["event"] == "machine_opened"
        events.append(
            {
                "event": "opened" if is_bot else row["event"],
                "id": "Ase7i2zsRYeDXztHGENqRA",
                "timestamp": datetime.fromisoformat(row["timestamp"]).timestamp() + 0.908181,
                "recipient": row["recipient"],
                "message": {"headers": {"message-id": row["Message-ID"], "subject": "News"}},
                "client-info": {"bot": "apple" if is_bot else "", "client-name": "unknown"},
            }
        )
        if row["event"] == "failed":
            events[-1]["severity"] = "permanent"
        if row["event"] == "delivered":
            del events[-1]["client-info"]
            events.append({**events[-1], "event": "failed", "severity": "temporary"})
    pages = [{"items": events[:5], "paging": {}}, {"items": events[5:]}, {"items": []}]
    assert filtered("mailgun.jq", tmp_path, pages) == SHOWN["mailgun.csv"]


def test_postmarks_details_become_the_file(tmp_path):
    """As https://postmarkapp.com/developer/api/messages-api has them."""
    messages = {}
    for row in rows("postmark.csv"):
        message = {"MessageID": row["MessageID"], "Status": "Sent", "MessageEvents": []}
        happened = messages.setdefault(row["MessageID"], message)["MessageEvents"]
        happened.append(
            {
                **{name: row[name] for name in ("Recipient", "Type", "ReceivedAt")},
                "Details": {"Summary": "smtp;250 OK"},
            }
        )
        if row["Type"] == "SubscriptionChanged":
            happened[-1]["Details"] = {"Origin": "Recipient", "SuppressSending": "True"}
            for origin, stopped in (("System", "True"), ("Recipient", "False")):
                details = {"Origin": origin, "SuppressSending": stopped}
                happened.append({**happened[-1], "Details": details})
    assert filtered("postmark.jq", tmp_path, messages.values()) == SHOWN["postmark.csv"]


LISTMONK = """
    CREATE SCHEMA listmonk;
    SET search_path TO listmonk;
    CREATE TABLE subscribers (id serial PRIMARY KEY, email text);
    CREATE TABLE campaigns (id serial PRIMARY KEY, uuid uuid, sent int, started_at timestamptz);
    CREATE TABLE campaign_views (campaign_id int, subscriber_id int, created_at timestamptz);
    CREATE TABLE link_clicks (campaign_id int, subscriber_id int, created_at timestamptz);
    CREATE TABLE bounces (campaign_id int, subscriber_id int, created_at timestamptz);
    INSERT INTO subscribers (email) SELECT format('reader%s@example.org', n)
      FROM generate_series(0, 3) AS n;
"""
TABLES = {"view": "campaign_views", "click": "link_clicks", "bounce": "bounces"}


@pytest.mark.postgresql
@pytest.mark.django_db
def test_listmonks_tables_become_the_file():
    """The tables of its schema.sql, with the columns that matter."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW search_path")
        (search_path,) = cursor.fetchone()
        cursor.execute(LISTMONK)
        shown = rows("listmonk.csv")
        cursor.execute(
            "INSERT INTO campaigns (uuid, sent, started_at) VALUES (%s, 4, %s)",
            [CAMPAIGN, shown[0]["created_at"]],
        )
        for row in shown:
            if table := TABLES.get(row["event"]):
                cursor.execute(
                    f"INSERT INTO {table} (campaign_id, subscriber_id, created_at)"
                    " SELECT 1, id, %s FROM subscribers WHERE email = %s",
                    [row["created_at"], row["email"]],
                )
        untracked = FIRST + timedelta(hours=1)
        cursor.execute("INSERT INTO campaign_views VALUES (1, NULL, %s)", [untracked])
        with cursor.copy(SHOWN["listmonk.sql"]) as copy:
            made = b"".join(copy).decode()
        cursor.execute(f"SET search_path TO {search_path}")
    assert made == SHOWN["listmonk.csv"]
