"""docs/operations.md: its "Start" in a fresh environment, outside a clone."""

from pathlib import Path

from tests.distributions import build
from tests.quickstart import STARTED, follow_start, statuses


def test_the_start_works_as_it_is_written(tmp_path: Path, database_url: str) -> None:
    wheel = build("wheel", into=tmp_path / "dist")

    answers = follow_start(tmp_path, wheel, database_url=database_url)

    assert statuses(answers) == STARTED
    assert answers["ready"].body == '{"status": "ready", "throttle_store": "works"}'
