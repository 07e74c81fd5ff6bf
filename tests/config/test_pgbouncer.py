"""The site behind a real pgbouncer in transaction mode, as docs/operations.md sets it up."""

import os
import re
import shutil
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest

from tests.config.test_nginx import accepts
from tests.documents import blocks
from tests.freshsite import free_port
from tests.postgres import temporary_server
from tests.postgres_binaries import as_owner, find_owner, give, home_of
from tests.site import LINES, ROOT, Site, wait_until

# The server is the test's own: one database's run is enough.
pytestmark = pytest.mark.sqlite

DOCUMENT = (ROOT / "docs" / "operations.md").read_text()
(INI,) = (block.text for block in blocks(DOCUMENT) if block.file == "pgbouncer.ini")
(OPTIONS,) = re.findall(r"^DATABASE_URL=.*:6432/mail(\?\S+)$", DOCUMENT, re.M)
POOL = 2


@contextmanager
def pgbouncer(server):
    """The URL of the server's database through it."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, "pgbouncer is not installed: Debian's package of that name has it"
    user, password, port, database = re.fullmatch(
        r"postgresql://(\w+):(\w+)@127.0.0.1:(\d+)/(\w+)", server.url
    ).groups()
    listening, owner = free_port(), find_owner()
    with home_of(owner) as home:
        ini = INI
        for written, real in (
            ("port=5432 dbname=mail", f"port={port} dbname={database}"),
            ("listen_port = 6432", f"listen_port = {listening}"),
            ("/etc/pgbouncer", str(home)),
            ("default_pool_size = 20", f"default_pool_size = {POOL}"),
        ):
            assert written in ini
            ini = ini.replace(written, real)
        (home / "pgbouncer.ini").write_text(f"{ini}unix_socket_dir =\n")
        (home / "userlist.txt").write_text(f'"{user}" "{password}"\n')
        give(home, owner)
        process = subprocess.Popen(
            [program, "--quiet", home / "pgbouncer.ini"],
            stderr=subprocess.DEVNULL,
            **as_owner(owner, home),
        )
        try:
            wait_until(lambda: accepts(listening))
            yield f"postgresql://{user}:{password}@127.0.0.1:{listening}/mail{OPTIONS}"
        finally:
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """All that it does goes through pgbouncer, from its migrations on."""
    with temporary_server() as server, pgbouncer(server) as url:
        site = Site(replace(server, url=url), tmp_path_factory.mktemp("site"))
        site.direct = server.url
        yield site


def asked(site, query):
    with psycopg.connect(site.direct) as connection:
        return connection.execute(query).fetchone()[0]


EVENTS = "SELECT count(*) FROM mailmetrics_campaigns_emailevent"
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
ADVISORY = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"


def test_writers_and_readers_share_the_servers_few_sessions(site):
    answers, stopped = [], threading.Event()

    def ask():
        while not stopped.is_set():
            answers.append(site.ask()[0])

    with site.served():
        readers = [threading.Thread(target=ask) for _ in range(4)]
        for reader in readers:
            reader.start()
        arguments = ("manage.py", "import_events", "acme", site.events, "--batch-size=2000")
        writers = [site.start(*arguments) for _ in range(3)]
        told = [writer.communicate(timeout=300)[0] for writer in writers]
        sessions = asked(site, SESSIONS) - 1  # its own
        stopped.set()
        for reader in readers:
            reader.join()

    assert [writer.returncode for writer in writers] == [0, 0, 0], told
    counts = [re.match(r"events: (\d+) new, 0 moved earlier, (\d+) known", text) for text in told]
    assert sum(int(count[1]) for count in counts) == LINES
    assert {int(count[1]) + int(count[2]) for count in counts} == {LINES}
    assert asked(site, EVENTS) == LINES
    assert set(answers) == {200}
    assert sessions <= POOL
    assert asked(site, ADVISORY) == 0
    site.manage("verify_totals")


def test_every_command_works_through_it(site):
    site.manage("import_campaigns", "acme", site.folder / "campaigns.csv")
    site.manage("import_events", "acme", site.events)
    site.manage("create_api_key", "acme", "--name=other", "--scope=*")
    assert len(site.manage("list_api_keys").splitlines()) == 2
    site.manage("revoke_api_key", "--name=other")
    site.manage("set_time_zone", "acme", "Asia/Kolkata")
    site.manage("verify_totals")
    site.manage("rebuild_totals")
    site.manage("prune_events", "--before=2024-01-15", "--batch-size=5000")
    site.manage("verify_totals")
    assert 0 < asked(site, EVENTS) < LINES
    site.manage("check", "--database=default")
    assert asked(site, ADVISORY) == 0


def test_a_batch_with_few_events_and_many_leaves_nothing_in_the_session(site):
    header, *lines = site.events.read_text().splitlines(keepends=True)
    last = [line for line in lines if "2024-01-2" in line]
    few = site.folder / "few.csv"
    few.write_text("".join([header, *last[:50]]))
    told = site.manage("import_events", "acme", few)
    assert told == "events: 0 new, 0 moved earlier, 50 known; 0 lines refused\n"
    tables = "SELECT count(*) FROM pg_class WHERE relpersistence = 't'"
    assert asked(site, tables) == 0
    prepared = "SELECT count(*) FROM pg_prepared_statements"
    with psycopg.connect(site.server.url.partition("?")[0], prepare_threshold=None) as through:
        assert through.execute(prepared).fetchone()[0] == 0
