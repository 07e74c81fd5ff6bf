"""The site under gunicorn, as in production, on the test database."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def gunicorn(
    *,
    database_url: str,
    log: IO[str],
    port: int = 0,
    workers: int = 1,
    threads: int = 1,
    **environment: str,
) -> Iterator[tuple[str, int]]:
    """Its host and port; all that it writes goes to ``log``. Ended at the end of the block.

    The settings are those of production, save that plain HTTP is answered and nothing throttled.
    """
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--limit-request-line=8190"]
    with socket.create_server(("127.0.0.1", port), backlog=512) as listening:
        bound = f"fd://{listening.fileno()}"
        server = subprocess.Popen(
            [
                *command,
                *(f"--workers={workers}", f"--threads={threads}"),
                *(f"--bind={bound}", "--log-level=debug"),
            ],
            cwd=ROOT,
            env={
                "PATH": os.defpath,
                "ALLOWED_HOSTS": "127.0.0.1",
                "DATABASE_URL": database_url,
                "SECRET_KEY": "only-for-tests",
                "SECURE_SSL_REDIRECT": "0",
                "THROTTLE_ADDRESS": "",
                "THROTTLE_BYTES": "",
                "THROTTLE_EVENTS": "",
                "THROTTLE_KEY": "",
                **environment,
            },
            pass_fds=[listening.fileno()],
            stdout=log,
            stderr=log,
        )
        try:
            # Requests wait in the socket's queue until a worker is there.
            yield listening.getsockname()
        finally:
            server.terminate()
            server.wait(timeout=30)
