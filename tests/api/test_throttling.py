"""Many requests at once, to several gunicorn workers that share a cache."""

import http.client
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from django.core.management import call_command
from django.db import connection, connections

from apikeys.throttling.caches import DatabaseCache
from tests.factories import new_key
from tests.server import gunicorn

TIMELINE = "/api/public/v1/analytics/campaigns/timeline"
TABLE = "counts"


@pytest.fixture
def table(transactional_db, settings):
    """A table for a database cache, which Django makes outside of its migrations."""
    backend = "apikeys.throttling.caches.DatabaseCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": TABLE}}
    call_command("createcachetable")
    yield TABLE
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {TABLE}")


def at_once(count, work):
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(work, range(count)))


def test_of_many_at_once_exactly_so_many_get_through(table, database_url, tmp_path):
    key = new_key()
    limits = {"THROTTLE_KEY": "50/day", "THROTTLE_ADDRESS": "20/day"}
    with (
        (tmp_path / "log").open("w") as log,
        gunicorn(
            database_url=database_url,
            log=log,
            workers=3,
            CACHE_URL=f"dbcache://{table}",
            **limits,
        ) as (host, port),
    ):

        def status(number):
            headers = {"X-API-Key": key} if number % 2 else {}
            with closing(http.client.HTTPConnection(host, port, timeout=60)) as connection:
                connection.request("GET", TIMELINE, headers=headers)
                return connection.getresponse().status

        statuses = at_once(200, status)

    assert Counter(statuses[1::2]) == {200: 50, 429: 50}
    assert Counter(statuses[0::2]) == {401: 20, 429: 80}


def test_no_count_is_lost(table):
    cache = DatabaseCache(TABLE, {})
    cache.set("count", 7, 600)

    def count(_):
        try:
            return DatabaseCache(TABLE, {}).incr("count", 2)
        finally:
            connections.close_all()

    assert sorted(at_once(100, count)) == list(range(9, 209, 2))
    assert cache.get("count") == 207


def test_a_count_keeps_its_end_and_is_not_made_of_nothing(table):
    cache = DatabaseCache(TABLE, {})
    cache.set("count", 1, 600)
    cache.set("over", 1, -1)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT expires FROM {TABLE} WHERE cache_key = ':1:count'")
        before = cursor.fetchone()
        assert cache.incr("count") == 2
        cursor.execute(f"SELECT expires FROM {TABLE} WHERE cache_key = ':1:count'")
        assert cursor.fetchone() == before
    for name in ("over", "nothing"):
        with pytest.raises(ValueError, match="not found"):
            cache.incr(name)
