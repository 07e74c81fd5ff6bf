"""A management command in a process of its own, with its time and its peak of memory:
``python -m benchmarks.command NAME ARGUMENTS...`` writes both as JSON to standard error's end.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import NamedTuple


class Ran(NamedTuple):
    seconds: float  # from its start to its end, as a shell sees it
    megabytes: float  # resident at most


def run(*arguments: str, url: str = "") -> Ran:
    """On the database that ``url`` names, or the one of this process."""
    environment = os.environ | ({"DATABASE_URL": url} if url else {})
    start = perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.command", *arguments],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return Ran(perf_counter() - start, json.loads(done.stderr.splitlines()[-1]))


def peak_megabytes() -> float:
    # Of this program alone: what getrusage tells also remembers the process that started it.
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.findall(r"VmHWM:\s+(\d+)", status.read_text())[0]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def main() -> None:
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", *sys.argv[1:]])
    print(json.dumps(peak_megabytes()), file=sys.stderr)


if __name__ == "__main__":
    main()
