"""Real caches in processes of their own, and how they fail; all of it on loopback."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

REDIS, MEMCACHED = "redis", "memcached"
SCHEMES = {REDIS: "redis", MEMCACHED: "pymemcache"}  # of CACHE_URL


@contextmanager
def store_server(kind: str, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The server's process and its ``host:port``."""
    name = "redis-server" if kind == REDIS else "memcached"
    program = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/bin")
    assert program, f"{name} is not installed: Debian's package of that name has it"
    port = _free_port()
    options = (
        ["--port", str(port), "--save", "", "--dir", str(folder), "--bind", "127.0.0.1"]
        if kind == REDIS
        else ["-p", str(port), "-l", "127.0.0.1", "-u", "nobody", "-U", "0"]
    )
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield process, f"127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait()


def hang(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGSTOP)


@contextmanager
def silence(port: int) -> Iterator[None]:
    """The port as of a machine that is gone: who connects there hears nothing at all."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(0)
        # With its queue full, the kernel leaves those who come later without an answer.
        for _ in range(10):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0.1)
            try:
                waiting.connect(listening.getsockname())
            except TimeoutError:
                break
        else:
            raise AssertionError("The queue does not fill.")
        yield


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("The server did not start.")
