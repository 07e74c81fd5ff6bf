"""Nodes of a Citus cluster that a test may crash: PostgreSQL servers of this machine."""

import os
import signal
import subprocess
import time
from pathlib import Path

import psycopg

MAY_CRASH = os.environ.get("CITUS_MAY_CRASH", "") == "1"
WITHOUT = "CITUS_MAY_CRASH=1 says that the cluster's nodes run here, and may be killed"
START_SECONDS = 60


class Node:
    """The server behind a URL; started again with its own configuration, as its data's owner."""

    def __init__(self, url: str) -> None:
        self.url = url
        with psycopg.connect(url) as connection:
            row = connection.execute(
                "SELECT current_setting('data_directory'), setting FROM pg_config "
                "WHERE name = 'BINDIR'"
            ).fetchone()
        assert row is not None
        self._data, self._bin = map(Path, row)

    def kill(self) -> None:
        """As a power cut would: the server and all of its processes at once."""
        server = int((self._data / "postmaster.pid").read_text().split("\n")[0])
        children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        for process in (server, *map(int, children)):
            os.kill(process, signal.SIGKILL)

    def start(self) -> None:
        """Answer once it accepts connections."""
        owner = self._data.stat()
        deadline = time.monotonic() + START_SECONDS
        command = [self._bin / "pg_ctl", f"--pgdata={self._data}", "--wait", "start"]
        while True:
            # What was killed may hold its memory for a moment more.
            started = subprocess.run(
                [*command, f"--log={self._data / 'log of tests'}"],
                check=False,
                capture_output=True,
                text=True,
                cwd=self._data,
                user=owner.st_uid,
                group=owner.st_gid,
                extra_groups=[],
            )
            if started.returncode == 0:
                return
            assert time.monotonic() < deadline, started.stdout + started.stderr
            time.sleep(0.2)
