"""``python -m tests.both_databases``: two runs at once, each shown wholly, neither left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.distributions import ROOT

pytestmark = pytest.mark.sqlite  # it runs what it is given on both by itself
SERVER = "postgresql://mine/db"  # which nothing here connects to
DATABASE = "import os, sys; database = os.environ.get('DATABASE_URL', 'SQLite'); "
NEITHER_ALONE = """
import os, sys, time
from pathlib import Path
folder = Path(sys.argv[1])
Path(folder, "sqlite" if "DATABASE_URL" not in os.environ else "postgresql").touch()
deadline = time.monotonic() + 30
while len(list(folder.iterdir())) < 2:
    if time.monotonic() > deadline:
        sys.exit("alone")
    time.sleep(0.02)
"""
NOTE_AND_WAIT = """
import os, sys, time
from pathlib import Path
url = os.environ.get("DATABASE_URL")
Path(sys.argv[1], "postgresql" if url else "sqlite").write_text(f"{os.getpid()} {url}")
time.sleep(300)
"""


def start(code: str, *arguments: object, server: str = SERVER) -> "subprocess.Popen[str]":
    command = ("-m", "tests.both_databases", sys.executable, "-c", code, *map(str, arguments))
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": server},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # What runs the tests may ignore a Ctrl-C, as a shell's background job does.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads
    )


def ran(code: str, *arguments: object) -> tuple[int, str]:
    """The status, and all that was shown."""
    with start(code, *arguments) as process:
        shown = process.communicate(timeout=60)[0]
    return process.returncode, shown


def test_each_has_its_database_and_is_shown_wholly_in_its_turn() -> None:
    code = f"{DATABASE}print(database, flush=True); sys.exit('long ' * 99_999 + database)"

    status, shown = ran(code)

    heading, *lines = shown.splitlines()
    assert (status, heading[:14]) == (1, "On PostgreSQL ")
    told = [(name, "long " * 99_999 + name) for name in (SERVER, "SQLite")]
    assert lines == [*told[0], "On SQLite:", *told[1]]


@pytest.mark.parametrize(("failing", "status"), [(SERVER, 3), ("SQLite", 3), ("neither", 0)])
def test_it_succeeds_if_both_do(failing: str, status: int) -> None:
    assert ran(f"{DATABASE}sys.exit(3 * (database == {failing!r}))")[0] == status


def test_a_command_that_is_killed_has_failed() -> None:
    assert ran("import os; os.kill(os.getpid(), 9)")[0] == 128 + signal.SIGKILL


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor runs one after the other")
def test_both_run_at_once(tmp_path: Path) -> None:
    assert ran(NEITHER_ALONE, tmp_path)[0] == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_both_and_the_server(tmp_path: Path, number: signal.Signals) -> None:
    with start(NOTE_AND_WAIT, tmp_path, server="") as process:
        notes = {name: _note(tmp_path / name) for name in ("postgresql", "sqlite")}
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # to all of them, as a terminal's Ctrl-C
        else:
            process.send_signal(number)
        assert process.wait(timeout=60) == 128 + number

    for pid, _ in notes.values():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(notes["postgresql"][1])


def _note(file: Path) -> list[str]:
    """The process's number and its database, once it has begun."""
    deadline = time.monotonic() + 60
    while not (file.exists() and len(file.read_text().split()) == 2):
        assert time.monotonic() < deadline, "it has not begun"
        time.sleep(0.05)
    return file.read_text().split()
