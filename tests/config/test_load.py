"""The load test, short: ``make load`` runs it for a minute with 200 clients."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

# The server and the site are processes of the test's own: one database's run is enough.
pytestmark = pytest.mark.sqlite


def test_no_answer_is_torn_or_refused_while_writers_record():
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", "--seconds=3", "--clients=20"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    told = r"status \{200: \d+\}; .* ms; [1-9]\d* batches .* torn: 0; totals that differ: 0\n"
    assert re.search(told, ended.stdout), ended.stdout
