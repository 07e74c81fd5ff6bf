"""What requests cost while something optional is away: docs/operations.md has longer runs."""

import subprocess
import sys

import pytest

from tests.site import ROOT

# The servers are the command's own: one database's run is enough.
pytestmark = pytest.mark.sqlite

OF_A_STORE = (" stopped", " hanging", " gone", ", no such host")
CASES = [
    *(f"{kind}{case}" for kind in ("redis", "memcached") for case in OF_A_STORE),
    "the cache's table dropped",
    "PostgreSQL read-only",
    "SQLite's file read-only",
]


def test_nothing_optional_costs_an_answer_or_seconds():
    options = ("--requests=40", "--seconds=0.5", "--patience=1")
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.outages", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    rows = [line.strip("| ").split(" | ") for line in ended.stdout.splitlines()[2:-2]]
    assert [row[0] for row in rows] == CASES
    # All of them are answered: the site chose to go on.
    assert {row[-1] for row in rows} == {"200: 40"}
