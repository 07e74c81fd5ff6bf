"""A Citus cluster gains a node, moves shards and loses nodes while writers and readers go on."""

import http.client
import json
import random
import threading
import time
import traceback
from collections import Counter, defaultdict
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import InterfaceError, InternalError, OperationalError, connections
from django.test import Client, override_settings
from environ import Env

from analytics.totals.recount import differences
from apikeys import crypto
from apikeys.models import APIKey
from campaigns.models import Campaign, EmailEvent, EventKind, Workspace
from campaigns.recording import Event, record_events
from tests.citus import CITUS_URL, temporary_database
from tests.citus import WITHOUT as WITHOUT_CLUSTER
from tests.citus_nodes import MAY_CRASH, WITHOUT, Node
from tests.commands import run
from tests.server import gunicorn

pytestmark = [
    pytest.mark.sqlite,  # the databases are the test's own: one run is enough
    pytest.mark.skipif(not CITUS_URL, reason=WITHOUT_CLUSTER),
]

WORKSPACES, CAMPAIGNS, WRITERS, READERS = 12, 4, 4, 2
START = datetime(2024, 1, 1, tzinfo=UTC)
ZONES = ("UTC", "America/New_York", "Asia/Tokyo")
KEYS = {number: crypto.generate() for number in range(1, WORKSPACES + 1)}
API = "/api/public/v1/analytics/campaigns"
QUESTIONS = (API, f"{API}/timeline?from_date=2023-12-30&to_date=2024-02-10")
ADMIN = "/admin"
PAGES = (
    f"{ADMIN}/mailmetrics_analytics/dashboard/?workspace={{}}",
    f"{ADMIN}/mailmetrics_analytics/dashboard/campaigns.csv?workspace={{}}",
    f"{ADMIN}/mailmetrics_campaigns/campaign/?workspace__id__exact={{}}",
    f"{ADMIN}/mailmetrics_campaigns/workspace/",
    f"{ADMIN}/mailmetrics_campaigns/workspace/{{}}/change/",
)
AWAY = (503, "5")
# What docs/operations.md says that record_events raises, and to call it again.
LOST = (OperationalError, InterfaceError)
PATIENCE = 240


@pytest.fixture(scope="module")
def cluster(django_db_blocker):
    """Distributed over all workers but the last."""
    with django_db_blocker.unblock(), temporary_database(without_last=True) as citus:
        name = urlsplit(citus.url).path[1:]
        with psycopg.connect(citus.url, autocommit=True) as connection:
            # Few shards, so that moving them takes seconds.
            connection.execute(f"ALTER DATABASE {name} SET citus.shard_count = 8")
        known = connections.settings["default"]
        connections.settings["cluster"] = known | {"OPTIONS": {}} | Env.db_url_config(citus.url)
        call_command("migrate", database="cluster", verbosity=0)
        _make()
        run("distribute_tables", "--database=cluster")
        yield citus
        connections["cluster"].close()
        del connections["cluster"], connections.settings["cluster"]


def _make():
    User.objects.db_manager("cluster").create_superuser("chief")
    Workspace.objects.using("cluster").bulk_create(
        Workspace(pk=number, name=f"w{number}", created_at=START) for number in KEYS
    )
    Campaign.objects.using("cluster").bulk_create(
        Campaign(pk=_campaign(number, n), workspace_id=number, name=f"c{n}")
        for number in KEYS
        for n in range(CAMPAIGNS)
    )
    APIKey.objects.using("cluster").bulk_create(
        APIKey(
            workspace_id=number,
            name="key",
            scopes=["campaigns:read"],
            digest=crypto.digest(key),
            hint=crypto.hint(key),
        )
        for number, key in KEYS.items()
    )


def _campaign(workspace_id, number):
    return UUID(int=workspace_id * 10 + number)


class OnlyToTheCluster:
    def db_for_read(self, model, **hints):
        return "cluster"

    db_for_write = db_for_read


class Motion:
    """Writers, readers and one who changes time zones, until it is stopped."""

    def __init__(self, address):
        self.address = address
        self.stopped = threading.Event()
        self.acknowledged = []  # of each batch, its workspace and events
        # By status and Retry-After.
        self.answers, self.pages = Counter(), Counter()
        self.calls_again = self.zones_changed = 0
        self.slowest = 0.0
        self.wrong = []
        tasks = [(self.write, seed) for seed in range(WRITERS)]
        tasks += [(self.read, seed) for seed in range(READERS)]
        tasks += [(self.change_zones, 0), (self.look_at_pages, 0)]
        self.threads = [threading.Thread(target=self._noted, args=task) for task in tasks]

    def __str__(self):
        return (
            f"{len(self.acknowledged)} batches, {self.calls_again} calls again, slowest "
            f"{self.slowest:.2f} s; {self.zones_changed} zones changed; "
            f"API {dict(self.answers)}, pages {dict(self.pages)}"
        )

    def _noted(self, task, seed):
        try:
            task(random.Random(seed))
        except Exception:
            self.wrong.append(traceback.format_exc())
        finally:
            connections.close_all()

    def write(self, choose):
        workspaces = Workspace.objects.using("cluster").in_bulk()
        while not self.stopped.is_set():
            workspace_id = choose.choice(list(KEYS))
            events = [
                Event(
                    _campaign(workspace_id, choose.randrange(CAMPAIGNS)),
                    f"m{choose.randrange(1500)}",
                    choose.choice(list(EventKind)),
                    START + timedelta(minutes=choose.randrange(60 * 24 * 30)),
                )
                for _ in range(choose.choice([1, 1, 1, 20, 200]))
            ]
            self._until_recorded(workspaces[workspace_id], events)
            self.acknowledged.append((workspace_id, events))

    def _until_recorded(self, workspace, events):
        deadline, began = time.monotonic() + PATIENCE, time.monotonic()
        while True:
            try:
                record_events(workspace=workspace, events=events, using="cluster")
            except LOST:
                assert time.monotonic() < deadline, "the cluster did not come back"
                self.calls_again += 1
                time.sleep(0.1)
            else:
                self.slowest = max(self.slowest, time.monotonic() - began)
                return

    def read(self, choose):
        sums = defaultdict(int)
        while not self.stopped.is_set():
            asked = choose.choice(list(KEYS)), choose.choice(QUESTIONS)
            status, retry_after, answer = self.ask(*asked)
            self.answers[status, retry_after] += 1
            if status != 200:
                continue
            # Nothing is deleted, so a sum that falls has lost something.
            if (total := sum(_sums(answer).values())) < sums[asked]:
                self.wrong.append((asked, sums[asked], total))
            sums[asked] = total

    def ask(self, workspace_id, question):
        connection = http.client.HTTPConnection(*self.address, timeout=60)
        try:
            connection.request("GET", question, headers={"X-API-Key": KEYS[workspace_id]})
            answer = connection.getresponse()
            return answer.status, answer.headers["Retry-After"], json.loads(answer.read())
        finally:
            connection.close()

    def change_zones(self, choose):
        while not self.stopped.wait(0.5):
            workspaces = Workspace.objects.using("cluster").filter(pk=choose.choice(list(KEYS)))
            try:
                workspaces.update(time_zone=choose.choice(ZONES))
                self.zones_changed += 1
            except (*LOST, InternalError):  # Django's own, of an UPDATE that loses a node
                connections["cluster"].close()

    def look_at_pages(self, choose):
        staff = Client(raise_request_exception=False)
        staff.force_login(User.objects.get(username="chief"))
        while not self.stopped.wait(0.05):
            page = choose.choice(PAGES).format(choose.choice(list(KEYS)))
            answer = staff.get(page)
            answer.close()
            self.pages[answer.status_code, answer.headers.get("Retry-After")] += 1
            if answer.status_code != 200:
                connections["cluster"].close()  # as at the end of a request that is no test's

    def wait_for(self, *, batches=0, good=0, away=0, pages_away=0):
        """Until there have been so many more of them."""
        deadline = time.monotonic() + PATIENCE

        def seen():
            answers = self.answers[200, None], self.answers[AWAY]
            return len(self.acknowledged), *answers, self.pages[AWAY]

        start = seen()
        wanted = batches, good, away, pages_away

        def is_enough():
            return all(
                now - then >= least for now, then, least in zip(seen(), start, wanted, strict=True)
            )

        while not is_enough():
            assert self.wrong == [], "\n".join(self.wrong)
            assert time.monotonic() < deadline, (seen(), start, self.answers)
            time.sleep(0.02)


def _sums(answer):
    """What an answer counts in all, by kind."""
    if "timeline" in answer:
        return {kind: sum(day[kind] for day in answer["timeline"]) for kind in _CORE}
    return {kind: sum(each[f"total_{kind}"] for each in answer["campaigns"]) for kind in _CORE}


_CORE = ("sent", "opened", "replied", "bounced")
_told = {}  # the earliest of each event by workspace, message and kind, of all tests so far


@contextmanager
def in_motion(cluster, tmp_path, *, nodes_are_lost=False):
    with (
        override_settings(DATABASE_ROUTERS=[OnlyToTheCluster()]),  # for the pages
        (tmp_path / "gunicorn.log").open("w") as log,
        gunicorn(database_url=cluster.url, log=log, workers=2) as address,
    ):
        motion = Motion(address)
        for thread in motion.threads:
            thread.start()
        try:
            motion.wait_for(batches=40, good=20)
            yield motion
            motion.wait_for(batches=40, good=20)
        finally:
            motion.stopped.set()
            for thread in motion.threads:
                thread.join()
            # Seen with pytest -s.
            print(f"\n{motion}")
        assert motion.wrong == [], "\n".join(motion.wrong)
        usual = {(200, None), *([AWAY] if nodes_are_lost else [])}
        assert motion.answers.keys() <= usual
        assert (200, None) in motion.pages
        assert motion.pages.keys() <= usual
        assert_exact(cluster, motion)


def assert_exact(cluster, motion):
    for workspace_id, events in motion.acknowledged:
        for campaign_id, message_id, kind, occurred_at in events:
            key = workspace_id, message_id, int(kind)
            told = occurred_at, campaign_id
            _told[key] = min(told, _told.get(key, told))
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute("SELECT recover_prepared_transactions()")
    connections["cluster"].close()  # its server may have been killed
    events = EmailEvent.objects.using("cluster")
    assert {
        (workspace_id, message_id, kind): told
        for workspace_id, message_id, kind, *told in map(
            tuple,
            events.values_list("workspace_id", "message_id", "kind", "occurred_at", "campaign_id"),
        )
    } == {key: list(told) for key, told in _told.items()}
    assert list(differences(using="cluster")) == []
    counted = Counter((workspace_id, kind) for workspace_id, _, kind in _told)
    for workspace_id in KEYS:
        expected = {kind: counted[workspace_id, EventKind[kind.upper()]] for kind in _CORE}
        for question in QUESTIONS:
            status, _, answer = motion.ask(workspace_id, question)
            assert (status, answer and _sums(answer)) == (200, expected)


def _shards(connection):
    return connection.execute(
        "SELECT shardid, nodename, nodeport FROM citus_shards "
        "WHERE table_name = %s::regclass ORDER BY shardid",
        [EmailEvent._meta.db_table],
    ).fetchall()


def test_a_worker_is_added_and_gets_its_share_of_the_shards(cluster, tmp_path):
    with (
        in_motion(cluster, tmp_path),
        psycopg.connect(cluster.url, autocommit=True) as connection,
    ):
        before = {shard[1:] for shard in _shards(connection)}
        cluster.add(cluster.workers[-1])
        connection.execute("SELECT citus_rebalance_start()")
        connection.execute("SELECT citus_rebalance_wait()")
        after = {shard[1:] for shard in _shards(connection)}
        assert len(after) == len(before) + 1


def test_shards_are_moved(cluster, tmp_path):
    with (
        in_motion(cluster, tmp_path),
        psycopg.connect(cluster.url, autocommit=True) as connection,
    ):
        nodes = sorted({shard[1:] for shard in _shards(connection)})
        for shard, *place in _shards(connection)[:3]:
            (target, *_) = (node for node in nodes if node != tuple(place))
            connection.execute(
                "SELECT citus_move_shard_placement(%s, %s, %s, %s, %s)", [shard, *place, *target]
            )
            assert (shard, *target) in _shards(connection)


@pytest.mark.skipif(not MAY_CRASH, reason=WITHOUT)
def test_a_worker_is_killed_and_comes_back(cluster, tmp_path):
    worker = Node(cluster.workers[0])
    with in_motion(cluster, tmp_path, nodes_are_lost=True) as motion:
        for _ in range(3):
            worker.kill()
            try:
                # Its workspaces are away, the others are answered.
                motion.wait_for(away=5, good=5, pages_away=2)
            finally:
                worker.start()
            motion.wait_for(batches=20, good=20)


@pytest.mark.skipif(not MAY_CRASH, reason=WITHOUT)
def test_the_coordinator_is_killed_and_comes_back(cluster, tmp_path):
    coordinator = Node(cluster.url)
    with in_motion(cluster, tmp_path, nodes_are_lost=True) as motion:
        coordinator.kill()
        try:
            motion.wait_for(away=5, pages_away=2)
        finally:
            coordinator.start()
