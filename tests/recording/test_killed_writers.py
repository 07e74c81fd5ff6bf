"""An import that is killed leaves whole batches and exact totals; the next one completes it."""

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection

from analytics.totals.recount import differences
from campaigns.models import EmailEvent
from tests.commands import run
from tests.factories import CampaignFactory, WorkspaceFactory
from tests.recount import assert_totals_exact
from tests.together import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

MANAGE = Path(__file__).parents[2] / "manage.py"
NAME = "killed import"  # by which PostgreSQL knows its connections
LINES, BATCH = 50_000, 2_500
KINDS = ("sent", "opened", "replied", "bounced")


@pytest.fixture
def file(tmp_path):
    workspace = WorkspaceFactory(name="acme")
    campaigns = [str(CampaignFactory(workspace=workspace).pk) for _ in range(5)]
    start = datetime(2024, 1, 1, tzinfo=UTC)
    file = tmp_path / "events.csv"
    with file.open("w") as lines:
        lines.write("campaign_id,message_id,kind,occurred_at\n")
        for n in range(LINES):
            at = (start + timedelta(minutes=n)).isoformat()
            lines.write(f"{campaigns[n % 5]},m{n // 4},{KINDS[n % 4]},{at}\n")
    return file


@pytest.fixture
def start_import(file, database_url):
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PGAPPNAME": NAME,
    }
    command = [sys.executable, MANAGE, "import_events", "acme", file, f"--batch-size={BATCH}"]

    def start_import():
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    return start_import


def is_connected():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [NAME])
        return cursor.fetchone()[0] > 0


def is_gone():
    """Whether the server has noticed that its client is no more."""
    return connection.vendor != "postgresql" or not is_connected()


def kill_beyond(process, reached, pause):
    """Let it commit more than so many events, and a part of the next batch."""
    wait_until(lambda: EmailEvent.objects.count() > reached or process.poll() is not None)
    time.sleep(pause)
    process.send_signal(signal.SIGKILL)
    output, _ = process.communicate()
    assert process.returncode == -signal.SIGKILL, output
    wait_until(is_gone)


def test_an_import_killed_at_several_moments_is_completed_by_the_next(start_import, file):
    stored = 0
    for beyond, pause in ((0, 0), (2, 0.02), (5, 0.05)):
        before = stored
        # One that is begun again passes over what is known and then goes on.
        kill_beyond(start_import(), before + beyond * BATCH, pause)
        assert_totals_exact()
        stored = EmailEvent.objects.count()
        assert stored % BATCH == 0
        assert before + beyond * BATCH < stored < LINES

    new = LINES - stored
    ended = run("import_events", "acme", file)
    assert ended.out == (f"events: {new} new, 0 moved earlier, {stored} known; 0 lines refused\n")
    assert EmailEvent.objects.count() == LINES
    assert_totals_exact()
    assert run("verify_totals").out == "Every total equals a recount of the events.\n"
    again = run("import_events", "acme", file)
    assert again.out == f"events: 0 new, 0 moved earlier, {LINES} known; 0 lines refused\n"
    assert_totals_exact()


@pytest.mark.postgresql
def test_an_import_may_be_killed_at_any_moment(start_import, file):
    """Fifty random ones, from its first query to its end; nothing that was there is lost."""
    stored = killed = 0
    while killed < 50:
        process = start_import()
        wait_until(lambda process=process: is_connected() or process.poll() is not None)
        time.sleep(random.uniform(0, 0.7))
        process.kill()
        process.communicate()
        wait_until(is_gone)
        before, stored = stored, EmailEvent.objects.count()
        assert stored >= before
        assert stored % BATCH == 0
        assert not list(differences(using="default"))
        killed += process.returncode == -signal.SIGKILL
        if stored == LINES:
            assert_totals_exact()
            EmailEvent.objects.all().delete()
            stored = 0

    new = LINES - stored
    ended = run("import_events", "acme", file)
    assert ended.out == (f"events: {new} new, 0 moved earlier, {stored} known; 0 lines refused\n")
    assert_totals_exact()
