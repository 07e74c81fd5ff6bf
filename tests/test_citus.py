"""A Citus cluster answers, keeps and refuses what one PostgreSQL server does."""

import random
import re
from datetime import UTC, date, datetime, timedelta
from threading import Thread
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import IntegrityError, NotSupportedError, connections, transaction
from django.test import Client, override_settings
from environ import Env

from analytics.models import CampaignDailyTotals, CampaignTotals, DailyTotals, PrunedTotals
from analytics.totals import triggers
from analytics.totals.checks import check_distribution, check_triggers
from analytics.totals.pruning import prune
from analytics.totals.recount import differences
from apikeys import crypto
from apikeys.models import APIKey
from campaigns.base.citus import set_for_transaction
from campaigns.models import Campaign, EmailEvent, EventKind, Workspace
from campaigns.recording import Event, postgresql, record_events
from campaigns.recording.counting import NotCounted
from tests.analytics.dashboards import PAGE
from tests.citus import CITUS_URL, WITHOUT, temporary_database
from tests.commands import run
from tests.postgres import temporary_server

pytestmark = [
    pytest.mark.sqlite,  # the databases are the test's own: one run is enough
    pytest.mark.skipif(not CITUS_URL, reason=WITHOUT),
]

PLACES = ("plain", "cluster")
WORKSPACES, WRITERS = 50, 4
START = datetime(2024, 1, 1, tzinfo=UTC)
KEYS = [crypto.generate() for _ in range(WORKSPACES)]
WINDOW = {"from_date": "2023-12-30", "to_date": "2024-02-10"}
QUESTIONS = (
    "campaigns",
    "campaigns?metrics=clicked,machine_opened&sort_by=open_rate&limit=2",
    "campaigns?activity_from=2024-01-03&activity_to=2024-01-20",
    "campaigns/timeline?from_date=2023-12-30&to_date=2024-02-10",
    "campaigns/timeline?from_date=2024-01-01&to_date=2024-02-10&interval=week&metrics=clicked",
)


class OnlyTo:
    def __init__(self, alias):
        self.alias = alias

    def db_for_read(self, model, **hints):
        return self.alias

    db_for_write = db_for_read


@pytest.fixture(scope="module")
def places(django_db_blocker):
    """Two migrated databases with the same workspaces, campaigns and keys."""
    known = connections.settings["default"]
    with django_db_blocker.unblock(), temporary_server() as server, temporary_database() as citus:
        for alias, place in zip(PLACES, (server.url, citus.url), strict=True):
            connections.settings[alias] = {**known, "OPTIONS": {}, **Env.db_url_config(place)}
            call_command("migrate", database=alias, verbosity=0)
            _make(alias)
        yield
        for alias in PLACES:
            connections[alias].close()
            del connections[alias], connections.settings[alias]


def _make(alias):
    User.objects.using(alias).create(
        pk=1, username="staff", is_staff=True, is_superuser=True, date_joined=START
    )
    Workspace.objects.using(alias).bulk_create(
        Workspace(pk=n, name=f"w{n}", created_at=START) for n in range(1, WORKSPACES + 1)
    )
    Campaign.objects.using(alias).bulk_create(
        Campaign(
            pk=_campaign(n, m), workspace_id=n, name=f"c{m}", created_at=START + timedelta(days=m)
        )
        for n in range(1, WORKSPACES + 1)
        for m in range(4)
    )
    APIKey.objects.using(alias).bulk_create(
        APIKey(
            workspace_id=n,
            name="key",
            scopes=["campaigns:read"],
            digest=crypto.digest(key),
            hint=crypto.hint(key),
        )
        for n, key in enumerate(KEYS, 1)
    )


def _campaign(workspace_id, number):
    return UUID(int=workspace_id * 10 + number)


def _batches(seed):
    """Repeats, moves, single events and some of another writer's."""
    choose = random.Random(seed)
    for _ in range(60):
        workspace_id = choose.randint(1, WORKSPACES)
        yield (
            workspace_id,
            [
                Event(
                    _campaign(workspace_id, choose.randrange(4)),
                    f"m{choose.randrange(400)}",
                    choose.choice(list(EventKind)),
                    START + timedelta(minutes=choose.randrange(60 * 24 * 30)),
                )
                for _ in range(choose.choice([1, 1, 20, 200]))
            ],
        )


def _write(alias, seed, failed):
    try:
        for workspace_id, events in _batches(seed):
            workspace = Workspace.objects.using(alias).get(pk=workspace_id)
            record_events(workspace=workspace, events=events, using=alias)
    except Exception as error:
        failed.append(error)
    finally:
        connections.close_all()


def _told(alias, meanwhile=lambda: None):
    failed = []
    threads = [Thread(target=_write, args=(alias, seed, failed)) for seed in range(WRITERS)]
    for thread in threads:
        thread.start()
    meanwhile()
    for thread in threads:
        thread.join()
    assert failed == []


def _rows(alias):
    return {
        model.__name__: sorted(
            tuple(map(_as_erased, row))
            for row in model.objects.using(alias).values_list(*_columns(model))
            if model not in COUNTED or any(row[-8:])
        )
        for model in (EmailEvent, Campaign, Workspace, *COUNTED)
    }


def _as_erased(value):
    """A message's id, which is random once it was erased."""
    return "erased" if str(value).startswith("erased-") else value


COUNTED = (CampaignTotals, CampaignDailyTotals, DailyTotals, PrunedTotals)


def _columns(model):
    names = [field.attname for field in model._meta.concrete_fields if field.attname != "pk"]
    counts = ("sent", "opened", "replied", "bounced")
    last = [name for name in names if name in (*counts, "clicked", "unsubscribed")]
    rest = [name for name in names if name in ("complained", "machine_opened")]
    optional = ("events_pruned_before", "launched_at", "has_recipients", "has_ids_alone")
    keys = [name for name in names if name not in (*last, *rest, *optional)]
    return [*keys, *last, *rest]


def _answers(alias):
    with override_settings(DATABASE_ROUTERS=[OnlyTo(alias)]):
        client = Client()
        return [
            (answer.status_code, answer.content)
            for key in KEYS
            for question in QUESTIONS
            for answer in [
                client.get(f"/api/public/v1/analytics/{question}", headers={"X-API-Key": key})
            ]
        ]


def _dashboards(alias):
    """Each page of the dashboard, but for the tokens of its forms."""
    with override_settings(DATABASE_ROUTERS=[OnlyTo(alias)]):
        client = Client()
        client.force_login(User.objects.get(username="staff"))
        return [
            re.sub(rb'(csrfmiddlewaretoken" value|nonce)="[^"]*"', b"", answer.content)
            for number in (1, 7, 12, 23, 25)
            for answer in [client.get(PAGE, {"workspace": number, **WINDOW})]
            if answer.status_code == 200
        ]


def assert_same():
    assert list(differences(using="cluster")) == []
    plain, cluster = map(_rows, PLACES)
    for table, rows in plain.items():
        assert cluster[table] == rows, table
    assert _answers("cluster") == _answers("plain")
    pages = _dashboards("plain")
    assert len(pages) == 5
    assert _dashboards("cluster") == pages


def test_writers_go_on_while_the_tables_are_distributed(places):
    assert check_distribution(databases=["cluster"]) == []
    _told("plain")
    _told("cluster", meanwhile=lambda: run("distribute_tables", "--database=cluster"))
    assert check_triggers(databases=["cluster"]) == check_distribution(databases=["cluster"]) == []
    assert "are distributed" in run("distribute_tables", "--check", "--database=cluster").out
    assert "are distributed" in run("distribute_tables", "--database=cluster").out
    assert_same()


@pytest.mark.parametrize("alias", PLACES)
def test_everything_told_again_is_known(places, alias):
    workspace = Workspace.objects.using(alias).get(pk=1)
    events = [Event(_campaign(1, 1), f"again{n}", EventKind.SENT, START) for n in range(300)]
    assert record_events(workspace=workspace, events=events, using=alias).new == 300
    assert record_events(workspace=workspace, events=events, using=alias).known == 300
    assert record_events(workspace=workspace, events=events[:1], using=alias).known == 1


def change_zones(alias):
    for workspace in Workspace.objects.using(alias).filter(pk__lte=10):
        workspace.time_zone = "America/New_York"
        workspace.save(using=alias)


def add_workspaces_in_zones(alias):
    zones = ["Asia/Tokyo", "Europe/Berlin", "Asia/Tokyo"]
    Workspace.objects.using(alias).bulk_create(
        Workspace(pk=100 + n, name=f"in {zone} {n}", time_zone=zone, created_at=START)
        for n, zone in enumerate(zones)
    )
    with pytest.raises(IntegrityError, match="mailmetrics_workspace_time_zone_known"):
        Workspace.objects.using(alias).create(pk=200, name="C", time_zone="nowhere+3")


def prune_some(alias):
    for workspace in Workspace.objects.using(alias).filter(pk__gt=5, pk__lte=15):
        list(prune(workspace=workspace, before=date(2024, 1, 10), batch_size=50, using=alias))


def delete_campaigns(alias):
    for pk in range(1, 21):
        Campaign.objects.using(alias).get(pk=_campaign(pk, 2)).delete()


def delete_workspaces(alias):
    APIKey.objects.using(alias).filter(workspace_id__in=[21, 22]).delete()
    for workspace in Workspace.objects.using(alias).filter(pk__in=[21, 22]):
        workspace.delete()


def delete_and_put_back(alias):
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        workspace = Workspace.objects.using(alias).get(pk=23)
        cursor.execute("DELETE FROM mailmetrics_campaigns_workspace WHERE id = 23")
        workspace.save(using=alias, force_insert=True)
    assert not EmailEvent.objects.using(alias).filter(workspace_id=23).exists()


def erase_messages(alias):
    workspace = Workspace.objects.using(alias).get(pk=25)
    events = [
        {
            "campaign_id": _campaign(25, 1),
            "message_id": "mail",
            "recipient": recipient,
            "kind": kind,
            "occurred_at": START,
        }
        for recipient in ("ann@example.org", "bob@example.org")
        for kind in ("sent", "opened")
    ]
    assert record_events(workspace=workspace, events=events, using=alias).new == 4
    known = EmailEvent.objects.using(alias).filter(workspace=workspace, message_id__startswith="m")
    alone = known.exclude(message_id__contains=" ").order_by("message_id").first()
    for chosen in ("--recipient=ann@example.org", f"--message-id={alone.message_id}"):
        run("erase_messages", "w25", chosen, f"--database={alias}")
    erased = EmailEvent.objects.using(alias).filter(message_id__startswith="erased-")
    assert erased.values("message_id").distinct().count() == 2


def delete_events(alias):
    EmailEvent.objects.using(alias).filter(kind=EventKind.OPENED, workspace_id__gt=30).delete()


def rebuild(alias):
    run("rebuild_totals", f"--database={alias}")


@pytest.mark.parametrize(
    "change",
    [
        change_zones,
        add_workspaces_in_zones,
        prune_some,
        delete_campaigns,
        delete_workspaces,
        delete_and_put_back,
        erase_messages,
        delete_events,
        rebuild,
    ],
)
def test_a_change_leaves_the_same(places, change):
    for alias in PLACES:
        change(alias)
    assert_same()


def test_migrations_take_the_triggers_away_and_bring_those_for_the_cluster(places):
    for alias in PLACES:
        call_command("migrate", "mailmetrics_analytics", "0004", database=alias, verbosity=0)
        call_command("migrate", database=alias, verbosity=0)
    assert check_triggers(databases=["cluster"]) == check_distribution(databases=["cluster"]) == []
    assert_same()


def test_triggers_of_a_version_that_knows_no_cluster_are_refused(places):
    with pytest.raises(NotSupportedError, match="not for tables that Citus distributes"):
        triggers.install(connections["cluster"], version=1)


def test_the_triggers_of_one_server_are_told_and_replaced(places):
    connection = connections["cluster"]
    with transaction.atomic(using="cluster"):
        triggers.remove(connection)
        triggers._run(connection, [triggers._script("postgresql", triggers.VERSION, "create")])
    (issue,) = check_triggers(databases=["cluster"])
    assert "is a Citus cluster's, and has one server's triggers" in issue.msg
    run("distribute_tables", "--database=cluster")
    assert check_triggers(databases=["cluster"]) == []
    assert_same()


def one_event(workspace):
    campaign = Campaign.objects.using("plain").filter(workspace_id=workspace).first()
    return Event(campaign.id, "of those that nothing counts", EventKind.SENT, START)


def lose_all():
    triggers.remove(connections["cluster"])


def lose_one():
    with connections["cluster"].cursor() as cursor:
        set_for_transaction(cursor)
        cursor.execute(
            "DROP TRIGGER mailmetrics_events_deleted ON mailmetrics_campaigns_emailevent"
        )


@pytest.mark.parametrize("lose", [lose_all, lose_one])
def test_nothing_is_recorded_where_nothing_would_count_it(places, lose):
    workspace, event = Workspace(pk=1), one_event(1)
    with transaction.atomic(using="cluster"):
        lose()
        with pytest.raises(NotCounted, match=r"lacks the triggers .*mailmetrics_events_deleted"):
            record_events(workspace=workspace, events=[event], using="cluster")
        transaction.set_rollback(True, using="cluster")
    assert_same()


def test_triggers_of_an_earlier_version_count_a_single_event(places):
    """They lack the function that would tell that they fire."""
    workspace, event = Workspace(pk=1), one_event(1)
    with transaction.atomic(using="cluster"):
        with connections["cluster"].cursor() as cursor:
            cursor.execute("DROP FUNCTION mailmetrics_events_are_counted()")
        for _ in range(2):
            record_events(workspace=workspace, events=[event], using="cluster")
        assert EmailEvent.objects.using("cluster").filter(message_id=event.message_id).exists()
        assert list(differences(using="cluster")) == []
        transaction.set_rollback(True, using="cluster")
    assert_same()


def test_a_cluster_that_has_become_one_server_is_written_as_one(places, monkeypatch):
    monkeypatch.setattr(postgresql, "_distributed", {"plain"})
    workspace, event = Workspace(pk=1), one_event(1)
    for alias in PLACES:
        assert record_events(workspace=workspace, events=[event], using=alias).new == 1
    assert postgresql._distributed == {"cluster"}
    assert_same()


def test_a_setting_that_was_lost_is_told_and_set_again(places):
    connection = connections["cluster"]
    with connection.cursor() as cursor:
        name = connection.settings_dict["NAME"]
        cursor.execute(f"ALTER DATABASE {name} RESET citus.multi_shard_modify_mode")
    (issue,) = check_distribution(databases=["cluster"])
    assert issue.id == "mailmetrics.E009"
    assert "set citus.multi_shard_modify_mode = 'sequential' for the database" in issue.msg
    run("distribute_tables", "--database=cluster")
    assert check_distribution(databases=["cluster"]) == []
