"""``make demo`` as a newcomer has it: the printed lines work as they stand, again and again."""

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from itertools import takewhile
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

# The demo has a database of its own, so one run of the tests is enough.
pytestmark = pytest.mark.sqlite


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextmanager
def demo(folder):
    """The running demo's port and what it printed before it served."""
    port = free_port()
    environment = os.environ | {"DEMO_FOLDER": str(folder), "PORT": str(port)}
    command = [sys.executable, "-m", "config.demo"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            lines = takewhile(lambda line: not line.startswith("The admin:"), process.stdout)
            yield port, "".join(lines)
        finally:
            process.terminate()


def opened(request):
    """The answer; a server that is not listening yet has some seconds to begin."""
    for _ in range(100):
        try:
            return urlopen(request)
        except URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
            time.sleep(0.1)
    raise AssertionError("the demo does not listen")


def answers(printed):
    """What each printed curl line answers, by doing as curl would."""
    lines = [shlex.split(line) for line in printed.splitlines() if line.startswith("curl")]
    for curl, option, header, url in lines:
        assert (curl, option) == ("curl", "-H")
        with opened(Request(url, headers=dict([header.split(": ")]))) as response:
            yield json.load(response)


def test_the_demo_serves_what_it_prints_and_doubles_nothing(tmp_path):
    with demo(tmp_path / "demo") as (_, printed):
        completed, timeline = answers(printed)
    assert completed["workspace_kpis"]["total_campaigns"] == 6
    assert {row["status"] for row in completed["campaigns"]} == {"COMPLETED"}
    assert 0.3 < completed["workspace_kpis"]["avg_open_rate"] < 0.5
    assert len(timeline["timeline"]) == 90
    assert sum(day["sent"] for day in timeline["timeline"]) > 10_000

    with demo(tmp_path / "demo") as (port, printed_again):
        assert next(answers(printed_again)) == completed
        with opened(f"http://127.0.0.1:{port}/admin/login/") as page:
            assert page.status == 200
    assert re.findall("mm_[0-9A-Za-z]+", printed) == re.findall("mm_[0-9A-Za-z]+", printed_again)

    database = f"sqlite:///{tmp_path / 'demo' / 'demo.sqlite3'}"
    verified = subprocess.run(
        [sys.executable, "manage.py", "verify_totals"],
        env=os.environ | {"DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    assert verified.stdout == "Every total equals a recount of the events.\n"


def test_what_it_prints_last_is_what_a_newcomer_needs(tmp_path):
    port = free_port()
    environment = os.environ | {"DEMO_FOLDER": str(tmp_path), "PORT": str(port)}
    file = tmp_path / "printed"
    with file.open("w+") as printed:
        command = [sys.executable, "-m", "config.demo"]
        with subprocess.Popen(command, env=environment, stdout=printed, stderr=printed) as process:
            while "The admin:" not in file.read_text() and process.poll() is None:
                time.sleep(0.1)
            with opened(f"http://127.0.0.1:{port}/health/live") as response:
                assert response.status == 200
            process.terminate()
        printed.seek(0)
        told = [line.rstrip() for line in printed if "GET /health/live" not in line]
    assert told[-3:] == [
        f"The site: http://127.0.0.1:{port}/ (Ctrl-C ends it)",
        f"The admin: http://127.0.0.1:{port}/admin/ (admin / demo)",
        "",
    ]
    assert len(told) < 12
