"""verify_totals and rebuild_totals, after somebody has written the totals by hand."""

from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.models import CampaignDailyTotals, CampaignTotals, DailyTotals
from analytics.totals import recount
from tests.analytics.world import AS_MADE, World
from tests.commands import run
from tests.recount import KINDS
from tests.sql import CAMPAIGN_DAILY_TOTALS, CAMPAIGN_TOTALS, DAILY_TOTALS, EVENTS, execute
from tests.together import background, wait_until_blocked

pytestmark = pytest.mark.django_db

FINE = (0, "Every total equals a recount of the events.\n", "")


@pytest.fixture
def world():
    return World()


def tamper(world):
    CampaignTotals.objects.filter(campaign=world.a1).update(sent=5, bounced=1)
    CampaignTotals.objects.filter(campaign=world.b1).delete()
    DailyTotals.objects.filter(workspace=world.a, day=date(2024, 1, 2)).update(opened=0)
    DailyTotals.objects.create(workspace=world.b, day=date(2024, 2, 29), replied=3)
    CampaignDailyTotals.objects.filter(campaign=world.a2).update(day=date(2024, 1, 3))


def told(world):
    a, b = world.a.pk, world.b.pk
    return [
        f"{CAMPAIGN_TOTALS} of workspace {a}, {world.a1.pk}: "
        "5 sent, 1 opened, 1 bounced; the events give 2 sent, 1 opened",
        f"{CAMPAIGN_TOTALS} of workspace {b}, {world.b1.pk}: nothing; the events give 1 sent",
        f"{CAMPAIGN_DAILY_TOTALS} of workspace {a}, {world.a2.pk}, 2024-01-01: "
        "nothing; the events give 1 sent",
        f"{CAMPAIGN_DAILY_TOTALS} of workspace {a}, {world.a2.pk}, 2024-01-03: "
        "1 sent; the events give nothing",
        f"{DAILY_TOTALS} of workspace {a}, 2024-01-02: nothing; the events give 1 opened",
        f"{DAILY_TOTALS} of workspace {b}, 2024-02-29: 3 replied; the events give nothing",
    ]


def verify_and_fail(capsys, **options):
    """What the command printed and said at its end; manage.py makes that an exit status of 1."""
    with pytest.raises(CommandError) as raised:
        call_command("verify_totals", **options)
    assert raised.value.returncode == 1
    return capsys.readouterr().out.splitlines(), str(raised.value)


def test_totals_that_are_a_recount_are_fine(world):
    assert run("verify_totals") == FINE


def test_no_totals_of_no_events_are_fine():
    assert run("verify_totals") == FINE


def test_totals_of_zero_are_as_good_as_none(world):
    DailyTotals.objects.create(workspace=world.a, day=date(2024, 2, 29))
    assert run("verify_totals") == FINE


def test_each_difference_is_printed(world, capsys):
    tamper(world)
    assert verify_and_fail(capsys) == (
        told(world),
        "Totals that differ: 6. mailmetrics_rebuild_totals mends them.",
    )


def test_one_count_that_is_one_too_high_is_found(world, capsys):
    for model in (CampaignTotals, CampaignDailyTotals, DailyTotals):
        for count in KINDS:
            totals_before = model.objects.order_by("pk").first()
            model.objects.filter(pk=totals_before.pk).update(
                **{count: getattr(totals_before, count) + 1}
            )
            lines, _ = verify_and_fail(capsys)
            assert len(lines) == 1
            model.objects.filter(pk=totals_before.pk).update(
                **{count: getattr(totals_before, count)}
            )


def test_rebuilding_mends_every_total(world):
    tamper(world)
    assert run("rebuild_totals") == (0, "The totals of 2 workspaces are made anew.\n", "")
    assert run("verify_totals") == FINE
    assert world.totals() == AS_MADE


def test_rebuilding_tells_of_each_workspace_as_it_is_done(world):
    done = []

    def on_workspace():
        done.append(set(DailyTotals.objects.values_list("workspace_id", flat=True)))

    recount.rebuild(using="default", on_workspace=on_workspace)
    assert done == [{world.a.pk}, {world.a.pk, world.b.pk}]


def test_the_database_may_be_named(world, second_alias, capsys):
    tamper(world)
    with CaptureQueriesContext(connection) as default:
        lines, _ = verify_and_fail(capsys, database=second_alias)
        call_command("rebuild_totals", database=second_alias)
        call_command("verify_totals", database=second_alias)
    assert len(default) == 0
    assert lines == told(world)
    assert world.totals() == AS_MADE


@pytest.mark.parametrize("command", ["verify_totals", "rebuild_totals"])
def test_an_unknown_database_is_refused(command):
    with pytest.raises(CommandError, match="invalid choice: 'nowhere'"):
        call_command(command, "--database", "nowhere")


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_while_rebuilding_writers_wait_and_readers_see_the_old_totals(world):
    tamper(world)
    old = list(DailyTotals.objects.order_by("pk").values_list())
    futures = []

    with background() as start:

        def during():
            if not futures:
                writer = start(execute, f"DELETE FROM {EVENTS} WHERE message_id = 'm3'")
                wait_until_blocked(1)
                reader = start(lambda: list(DailyTotals.objects.order_by("pk").values_list()))
                reader.result(timeout=20)
                futures.extend([reader, writer])

        recount.rebuild(using="default", on_workspace=during)
    assert [future.result() for future in futures] == [old, 1]
    assert world.totals() == (
        {"a1": {"sent": 2, "opened": 1}, "b1": {"sent": 1}},
        {("A", "Mon"): {"sent": 2}, ("A", "Tue"): {"opened": 1}, ("B", "Mon"): {"sent": 1}},
    )
