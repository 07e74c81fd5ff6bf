"""The tests' own temporary PostgreSQL: both sources, faults, and nothing left behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.postgres import temporary_server

ROOT = Path(__file__).resolve().parents[2]
PRINT_URL = (sys.executable, "-c", "import os; print(os.environ['DATABASE_URL'], flush=True)")
PRINT_URL_AND_WAIT = (*PRINT_URL[:2], PRINT_URL[2] + "; input()")
# One database's run is enough: the servers here are not the one that the tests run on.
pytestmark = pytest.mark.sqlite


@pytest.fixture(autouse=True)
def no_other_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The developer's shell may name a server of its own, and options for it."""
    for name in os.environ:
        if name.startswith("PG"):
            monkeypatch.delenv(name)


def answer(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    return row and row[0]


def start(*command: str, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.postgres", *command],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": "", **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # What runs the tests may ignore a Ctrl-C, as a shell's background job does.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads
    )


@pytest.mark.parametrize("pip", [False, True])
def test_what_is_committed_outlives_a_crash_of_the_server(pip: bool) -> None:
    with temporary_server(pip=pip) as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS row")
        server.restart("immediate")

        assert answer(server.url, "SELECT count(*) FROM kept") == 1
        assert server.version >= 15

    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url)


def test_a_durable_server_waits_for_the_disk() -> None:
    with temporary_server(durable=True) as server:
        assert answer(server.url, "SHOW fsync") == "on"
        assert answer(server.url, "SHOW full_page_writes") == "on"


def test_the_command_runs_on_a_server_named_by_the_environment() -> None:
    with start(*PRINT_URL, DATABASE_URL="postgres://mine/db") as process:
        assert process.communicate()[0] == "postgres://mine/db\n"


def test_the_exit_status_is_the_commands() -> None:
    with start(sys.executable, "-c", "raise SystemExit(7)", DATABASE_URL="postgres://x/y") as ran:
        assert ran.wait() == 7


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_and_the_server(number: signal.Signals) -> None:
    with start(*PRINT_URL_AND_WAIT) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        data = Path(str(answer(url, "SHOW data_directory")))
        # To both processes, as a terminal's Ctrl-C.
        os.killpg(process.pid, number)

        assert process.wait() == 128 + number
    assert not data.parent.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
