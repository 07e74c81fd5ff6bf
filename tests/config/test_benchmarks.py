"""Benchmarks with commands of their own, with few events; their figures mean nothing here."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.citus import CITUS_URL, WITHOUT

# The servers are the commands' own: one database's run is enough.
pytestmark = pytest.mark.sqlite


def benchmark(name, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", *arguments],
        cwd=Path(__file__).parents[2],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_a_workspace_that_grows_tells_its_rates_and_times():
    ended = benchmark("growing", "--events=8000")

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("8,000 events of 10,000 campaigns over 1,095 days take about ")
    assert re.findall(r"^\| ([\d,]+) \| [\d,]+ \|$", ended.stdout, re.M) == [
        "0",
        "2,000",
        "4,000",
        "6,000",
    ]
    for row in ("campaigns, 10,000", "timeline, 3 years", "verify_totals", "prune_events"):
        assert re.search(rf"^\| {row}.* \| [\d.]+ \|", ended.stdout, re.M), ended.stdout
    assert "| storage of all totals, of that of the events | " in ended.stdout


def test_it_does_not_begin_without_the_disk_that_it_needs():
    ended = benchmark("growing", f"--events={10**13}")

    assert ended.returncode == 2
    assert "take about 4000000 GB in " in ended.stdout
    assert ended.stderr == "That is too little: TMPDIR names another folder.\n"


def test_a_cluster_that_there_is_none_of_is_told():
    ended = benchmark("cluster", CITUS_URL="")

    assert (ended.returncode, ended.stdout) == (0, f"Not measured: {WITHOUT}.\n")


@pytest.mark.skipif(not CITUS_URL, reason=WITHOUT)
def test_a_cluster_is_measured_beside_one_server():
    ended = benchmark("cluster", "--events=2000", "--rounds=1")

    assert ended.returncode == 0, ended.stderr
    for row in ("recording in bulk", "recording one event a call", "timeline, 90 days: SQL asked"):
        assert re.search(rf"^\| {row}.* \| [\d.]+ \| [<>]= ", ended.stdout, re.M), ended.stdout
