"""A live site with something in every answer, and the answers that Django's own client gets."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.test import Client

from campaigns.models import EventKind
from campaigns.recording import Event, record_events
from tests.factories import CampaignFactory, WorkspaceFactory, new_key
from tests.server import gunicorn

API = "/api/public/v1"
CAMPAIGNS = f"{API}/analytics/campaigns"
LAUNCHED = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Live(NamedTuple):
    """A site that runs, and a key to a workspace of it."""

    url: str
    key: str

    def answer(self, path: str, **parameters: str) -> Any:
        """What a client has to read."""
        return Client(headers={"X-API-Key": self.key}).get(path, parameters).json()

    def two_campaigns(self) -> str:
        """Their ids, as the parameter has them."""
        rows = self.answer(CAMPAIGNS)["campaigns"]
        return ",".join(row["campaign_id"] for row in rows[:2])


@pytest.fixture
def live(database_url: str, tmp_path: Path) -> Iterator[Live]:
    key = _key_to_some_events()
    with (
        (tmp_path / "log").open("w") as log,
        gunicorn(database_url=database_url, log=log) as (host, port),
    ):
        yield Live(f"http://{host}:{port}{API}", key)


def _key_to_some_events() -> str:
    workspace = WorkspaceFactory()
    for number, status in enumerate(("ACTIVE", "COMPLETED", "COMPLETED"), start=1):
        campaign = CampaignFactory(workspace=workspace, status=status, launched_at=LAUNCHED)
        events = [
            Event(campaign.id, f"{number}-{kind}-{each}", kind, LAUNCHED + timedelta(days=each))
            for kind in EventKind
            for each in range(number * (9 - kind))
        ]
        record_events(workspace=workspace, events=events)
    return new_key(workspace=workspace)


@pytest.fixture(scope="session")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with what other people made.

    Of its own, for it brings a web server and some thirty packages that the site has no use for.
    """
    folder = tmp_path_factory.mktemp("others")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    programs = folder / "bin"
    subprocess.run(
        [
            *(programs / "python", "-m", "pip", "install", "-qq", "--disable-pip-version-check"),
            *("coldsend-mcp-server==0.2.2", "openapi-python-client>=0.29,<0.30"),
        ],
        check=True,
    )
    return programs
