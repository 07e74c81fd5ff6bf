"""``python -m tests.both_databases COMMAND...``: on PostgreSQL and on SQLite.

Where there are two processors both run at once. PostgreSQL's output is shown as it comes, then
SQLite's from its beginning. The status is 0 if both have succeeded.
"""

import argparse
import os
import shutil
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path
from signal import SIGINT
from subprocess import STDOUT, Popen
from tempfile import NamedTemporaryFile
from typing import Any

from tests.postgres import running, status_of, stopped_by_signals

# More seconds than `tests.postgres` takes to end its command and its server.
PATIENCE = 20


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.both_databases", description=__doc__)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    command = parser.parse_args().command
    if not command:
        parser.error("name the command to run")
    run = _at_once if (os.cpu_count() or 1) > 1 else _one_by_one
    try:
        with stopped_by_signals():
            return run(command)
    except KeyboardInterrupt:
        return 128 + SIGINT


def _one_by_one(command: list[str]) -> int:
    _say("On PostgreSQL:")
    with _on_postgresql(command) as child:
        first = status_of(child)
    _say("On SQLite:")
    with _on_sqlite(command) as child:
        return status_of(child) or first


def _at_once(command: list[str]) -> int:
    with NamedTemporaryFile() as log, _on_sqlite(command, stdout=log, stderr=STDOUT) as beside:
        _say("On PostgreSQL (SQLite runs at the same time, and is shown below):")
        with _on_postgresql(command) as child:
            first = status_of(child)
        _say("On SQLite:")
        _show(Path(log.name), beside)
        return status_of(beside) or first


def _on_postgresql(command: list[str]) -> AbstractContextManager[Popen[bytes]]:
    return running([sys.executable, "-m", "tests.postgres", *command], patience=PATIENCE)


def _on_sqlite(command: list[str], **output: Any) -> AbstractContextManager[Popen[bytes]]:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return running(command, patience=PATIENCE, env=environment, **output)


def _show(log: Path, child: Popen[bytes]) -> None:
    """Print what is written to the log until the child has ended."""
    with log.open("rb") as written:
        ended = False
        while not ended:
            # Asked first: what it writes after this is there the next time.
            ended = child.poll() is not None
            shutil.copyfileobj(written, sys.stdout.buffer)
            sys.stdout.flush()
            time.sleep(0 if ended else 0.2)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
