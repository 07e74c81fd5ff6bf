"""Which tests run on which database, and where SQLite keeps its own."""

from collections.abc import Iterator

import pytest
from django.db import connection, connections

VENDORS = frozenset({"postgresql", "sqlite"})


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


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SQLite's test database is a file: in memory it would be one thread's alone."""
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(
            tmp_path_factory.mktemp("database") / "test.sqlite3"
        )


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
