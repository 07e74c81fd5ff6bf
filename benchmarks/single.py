"""A writer of events one a call: ``python -m benchmarks.single NAME WORKSPACE COUNT``.

It says that it is ready, waits for a line, records, and ends.
"""

import os
import subprocess
import sys
from datetime import UTC, datetime
from itertools import cycle, islice
from time import perf_counter
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    from benchmarks.before import Before

# Set where the triggers are disabled, and recording would refuse.
WITHOUT_TOTALS = "BENCH_WITHOUT_TOTALS"


def events_per_second(
    *, writers: int, workspace: str, count: int, name: str, before: "Before | None" = None
) -> float:
    """Of so many writers at once, each a process; every event is of today.

    With ``before`` they run the code of an earlier commit.
    """
    command = [sys.executable, "-m", "benchmarks.single"]
    running = [
        subprocess.Popen(
            [*command, f"{name}-{number}", workspace, str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=before.folder if before else None,
            env=before.environment if before else None,
        )
        for number in range(writers)
    ]
    for process in running:
        cast(IO[str], process.stdout).readline()
    start = perf_counter()
    for process in running:
        process.communicate("\n")
    taken = perf_counter() - start
    if any(process.returncode for process in running):
        raise RuntimeError("A writer failed.")
    return writers * count / taken


def main() -> None:
    import django

    django.setup()
    from campaigns.models import Campaign, EventKind, Workspace
    from campaigns.recording import Event, counting, record_events

    if os.environ.get(WITHOUT_TOTALS):
        counting._requirements.clear()
    name, workspace_name, count = sys.argv[1:]
    workspace = Workspace.objects.get(name=workspace_name)
    campaigns = list(Campaign.objects.filter(workspace=workspace).values_list("pk", flat=True)[:20])
    now = datetime.now(UTC)
    events = [
        Event(campaign, f"<{name}.{number}@mail.example.com>", EventKind.OPENED, now)
        for number, campaign in enumerate(islice(cycle(campaigns), int(count)))
    ]
    print("ready", flush=True)
    sys.stdin.readline()
    for event in events:
        record_events(workspace=workspace, events=[event])


if __name__ == "__main__":
    main()
