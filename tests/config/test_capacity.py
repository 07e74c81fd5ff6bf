"""The costs of an event and of an answer, with few events: docs/scale.md has those of a million."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

# The server is the command's own: one database's run is enough.
pytestmark = pytest.mark.sqlite


def test_it_measures_the_bytes_and_the_processor_time_of_each_operation() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.capacity", "--events=20000"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("20,000 events of 1,000 campaigns over a year\n")
    assert re.search(r"^\| mailmetrics_campaigns_emailevent \| 20,000 \| ", ended.stdout, re.M)
    for operation in ("an event, 10,000 a call", "a key", "a timeline of 90 days"):
        figures = re.search(rf"^\| {operation} \|(.*)\|$", ended.stdout, re.MULTILINE)
        assert figures, ended.stdout
        assert all(float(each.replace(",", "")) > 0 for each in figures[1].split("|"))
