"""Each migration forwards, and back, with data in place: the totals stay exact."""

from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from analytics.totals import triggers
from analytics.totals.pruning import prune
from campaigns.models import EmailEvent, Workspace
from tests.analytics.world import AS_MADE, BOUNCED, MIDNIGHT, World, event
from tests.commands import run

pytestmark = pytest.mark.django_db(transaction=True)

APPS = ("mailmetrics_campaigns", "mailmetrics_apikeys", "mailmetrics_analytics")


def ours():
    """Our migrations in the order in which they apply."""
    graph = MigrationExecutor(connection).loader.graph
    order = [node for leaf in graph.leaf_nodes() for node in graph.forwards_plan(leaf)]
    return [node for node in dict.fromkeys(order) if node[0] in APPS]


def before(app, name):
    """The target that has all but this migration and what rests on it."""
    names = [own for label, own in ours() if label == app]
    position = names.index(name)
    return names[position - 1] if position else "zero"


@pytest.fixture
def migrated_at_the_end():
    yield
    call_command("migrate", verbosity=0)


def test_every_migration_goes_back_and_forth(migrated_at_the_end):
    """One that makes a table takes its rows with it; what is left is as exact as before."""
    for app, name in ours():
        world = World()
        list(prune(workspace=world.a, before=date(2024, 1, 2)))
        assert world.totals() == AS_MADE
        call_command("migrate", app, before(app, name), verbosity=0)
        applied = MigrationExecutor(connection).loader.applied_migrations
        assert (app, name) not in applied
        call_command("migrate", verbosity=0)
        assert set(ours()) <= set(MigrationExecutor(connection).loader.applied_migrations)
        assert run("verify_totals").status == 0
        horizons = set(Workspace.objects.values_list("name", "events_pruned_before"))
        kept = (app, name) != ("mailmetrics_campaigns", "0001_initial")
        assert horizons == ({("A", MIDNIGHT), ("B", None)} if kept else set())
        Workspace.objects.all().delete()


def test_events_written_without_triggers_are_found_and_mended():
    world = World()
    triggers.remove(connection)
    EmailEvent.objects.bulk_create([event(world.a1, "late", BOUNCED)])
    triggers.install(connection)
    with pytest.raises(CommandError, match="Totals that differ: 3"):
        run("verify_totals")
    run("rebuild_totals")
    campaigns, days = world.totals()
    assert campaigns == {**AS_MADE[0], "a1": {"sent": 2, "opened": 1, "bounced": 1}}
    assert days == {**AS_MADE[1], ("A", "Mon"): {"sent": 3, "bounced": 1}}


def test_events_written_during_a_migration_are_counted_at_its_end(migrated_at_the_end):
    world = World()
    call_command("migrate", "mailmetrics_analytics", "0004", verbosity=0)
    EmailEvent.objects.bulk_create([event(world.a1, "late", BOUNCED)])
    call_command("migrate", verbosity=0)
    campaigns, days = world.totals()
    assert campaigns == {**AS_MADE[0], "a1": {"sent": 2, "opened": 1, "bounced": 1}}
    assert days == {**AS_MADE[1], ("A", "Mon"): {"sent": 3, "bounced": 1}}


def test_backwards_days_are_those_of_utc_again(migrated_at_the_end):
    """The migrations before the zones' know no other."""
    world = World()
    Workspace.objects.filter(pk=world.a.pk).update(time_zone="Pacific/Kiritimati")
    assert world.totals()[1] == {
        ("A", "Tue"): {"sent": 3},
        ("A", "Wed"): {"opened": 1},
        ("B", "Mon"): {"sent": 1},
    }
    call_command("migrate", "mailmetrics_analytics", "0004", verbosity=0)
    call_command("migrate", verbosity=0)
    assert world.totals() == AS_MADE
