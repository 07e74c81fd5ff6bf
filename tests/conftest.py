"""Which tests run on which database, and where SQLite keeps its own."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, connections
from django.test import override_settings
from django.utils import translation
from hypothesis import HealthCheck, settings

from apikeys.audit import noting
from apikeys.audit.seldom import Seldom
from apikeys.authentication import plain_http

VENDORS = frozenset({"postgresql", "sqlite"})

# How long an example takes tells of the machine alone, which others may keep busy.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, rather than skip, the tests marked for the other database alone."""
    chosen, left_out = [], []
    for item in items:
        marked = VENDORS.intersection(mark.name for mark in item.iter_markers())
        (chosen if not marked or connection.vendor in marked else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = chosen


def pytest_report_header() -> str:
    return f"database: {connection.vendor}"


@pytest.fixture(autouse=True)
def _nothing_was_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key's text may come again in another test: what was done for it is done anew."""
    for module in (noting, plain_http):
        monkeypatch.setattr(module, "seldom", Seldom())


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SQLite's test database is a file: in memory it would be one thread's alone."""
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(
            tmp_path_factory.mktemp("database") / "test.sqlite3"
        )


@pytest.fixture(autouse=True)
def _site_language() -> Iterator[None]:
    """The middleware leaves its thread in the last request's language, as the next one sets it."""
    yield
    translation.deactivate()


@pytest.fixture
def database_url(transactional_db: None) -> str:
    """The test database as a ``DATABASE_URL``, for a process that a test starts."""
    known = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{known['NAME']}"
    return (
        f"postgresql://{known['USER']}:{known['PASSWORD']}"
        f"@{known['HOST']}:{known['PORT']}/{known['NAME']}"
    )


@pytest.fixture
def second_alias(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Another alias of the test database, so with a connection of its own."""
    monkeypatch.setitem(connections.settings, "second", connections.settings["default"])
    # It takes itself for the default's: Django's test case refuses every other alias.
    connections["second"] = connection.copy()
    yield "second"
    connections["second"].close()
    del connections["second"]


def _renew_zone() -> None:
    """What Django does itself on a change of TIME_ZONE or USE_TZ, but not of DATABASES."""
    for name in ("timezone", "timezone_name"):
        connection.__dict__.pop(name, None)
    connection.ensure_timezone()


@pytest.fixture(
    params=[(True, "UTC"), (False, "UTC"), (True, "Europe/Berlin"), (False, "Europe/Berlin"), None],
    ids=["tz utc", "naive utc", "tz berlin", "naive berlin", "database in berlin"],
)
def site(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each kind of site that an app may find itself in."""
    if request.param:
        use_tz, time_zone = request.param
        with override_settings(USE_TZ=use_tz, TIME_ZONE=time_zone):
            yield
        return
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "TIME_ZONE", "Europe/Berlin")
        _renew_zone()
        yield
    _renew_zone()


@pytest.fixture
def new_database(db: None) -> Iterator[dict[str, Any] | None]:
    """A new database on the server that the tests run on; None for SQLite's own default."""
    if connection.vendor == "sqlite":
        yield None
        return
    known, name = connection.settings_dict, f"site_{secrets.token_hex(4)}"
    parts = {key: known[key] for key in ("ENGINE", "USER", "PASSWORD", "HOST", "PORT")}
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        yield parts | {"NAME": name}
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
