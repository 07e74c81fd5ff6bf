"""``dumpdata`` and ``loaddata``: the usual way from SQLite to PostgreSQL leaves exact totals."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from analytics.totals.pruning import prune
from campaigns.models import EmailEvent, Workspace
from tests.analytics.world import AS_MADE, MIDNIGHT, SENT, World, event
from tests.commands import run

pytestmark = pytest.mark.django_db(transaction=True)

EXACT = (0, "Every total equals a recount of the events.\n", "")
APPS = ("mailmetrics_campaigns", "mailmetrics_apikeys", "mailmetrics_analytics")


@pytest.fixture(params=[False, True], ids=["unpruned", "pruned"])
def world(request: pytest.FixtureRequest) -> World:
    made = World()
    if request.param:
        assert list(prune(workspace=made.a, before=MIDNIGHT.date()))
    return made


def dump(*apps: str) -> list[dict[str, Any]]:
    out = StringIO()
    call_command("dumpdata", *apps, stdout=out)
    objects = json.loads(out.getvalue())
    assert isinstance(objects, list)
    return objects


def load(objects: list[dict[str, Any]], folder: Path) -> None:
    file = folder / "dump.json"
    file.write_text(json.dumps(objects))
    call_command("loaddata", str(file), verbosity=0)


@pytest.mark.parametrize("apps", [APPS, APPS[::-1]], ids=["as they depend", "the other way round"])
def test_into_an_empty_database(world: World, apps: tuple[str, ...], tmp_path: Path) -> None:
    dumped = dump(*apps)
    call_command("flush", interactive=False, verbosity=0)
    assert not Workspace.objects.exists()

    load(dumped, tmp_path)

    assert run("verify_totals") == EXACT
    assert world.totals() == AS_MADE


@pytest.mark.parametrize("apps", [APPS, APPS[::-1]], ids=["as they depend", "the other way round"])
def test_into_the_database_that_it_is_of(
    world: World, apps: tuple[str, ...], tmp_path: Path
) -> None:
    load(dump(*apps), tmp_path)

    assert run("verify_totals") == EXACT
    assert world.totals() == AS_MADE


def test_into_a_database_that_has_gone_on(world: World, tmp_path: Path) -> None:
    dumped = dump(*APPS)
    EmailEvent.objects.bulk_create([event(world.a2, "new", SENT, MIDNIGHT)])
    EmailEvent.objects.filter(workspace=world.b).delete()

    load(dumped, tmp_path)

    assert run("verify_totals") == EXACT
    campaigns, _ = world.totals()
    assert campaigns == AS_MADE[0] | {"a2": {"sent": 2}}


def test_the_totals_alone_change_nothing(world: World, tmp_path: Path) -> None:
    derived = ("campaigntotals", "dailytotals", "campaigndailytotals")
    dumped = [each for each in dump() if each["model"].partition(".")[2] in derived]
    assert dumped
    for each in dumped:
        each["fields"]["sent"] += 7

    load(dumped, tmp_path)

    assert world.totals() == AS_MADE
