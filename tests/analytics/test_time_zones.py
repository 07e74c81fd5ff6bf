"""Every day is one of its workspace's time zone, and a change of that cuts the recorded anew."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from zoneinfo import ZoneInfo, available_timezones

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError
from django.db import DatabaseError, connection, transaction
from django.db.models import Case, Value, When
from django.test import Client

from analytics.models import CampaignDailyTotals, DailyTotals, PrunedTotals
from analytics.totals.pruning import prune
from campaigns.models import Campaign, EmailEvent, Workspace
from campaigns.recording import Event, InvalidEvent, record_events, repeats
from campaigns.zones import day_start
from tests.analytics.world import AS_MADE, MIDNIGHT, OPENED, SENT, World, row
from tests.commands import run
from tests.factories import CampaignFactory, WorkspaceFactory, new_key
from tests.recount import assert_totals_exact, local_day
from tests.sql import CAMPAIGNS, EVENTS, WORKSPACES, execute, insert_events, refused
from tests.together import background, wait_until_blocked

pytestmark = pytest.mark.django_db

KNOWN = "mailmetrics_workspace_time_zone_known"
DAYS = [  # zone, day, how many hours it has
    ("UTC", date(2024, 3, 10), 24),
    ("Asia/Kolkata", date(2024, 3, 10), 24),
    ("America/New_York", date(2024, 3, 10), 23),
    ("America/New_York", date(2024, 11, 3), 25),
    ("Australia/Lord_Howe", date(2024, 4, 7), 24.5),
    ("Australia/Lord_Howe", date(2024, 10, 6), 23.5),
    ("Asia/Beirut", date(2024, 3, 31), 23),  # begins at 01:00
    ("Pacific/Apia", date(2011, 12, 31), 24),  # after a day that was left out
]


@pytest.fixture
def world():
    return World()


@pytest.fixture(params=[10**6, 0], ids=["few", "many"])
def way(request, monkeypatch):
    monkeypatch.setattr(repeats, "_FEW", request.param)


def set_zone(workspace, zone):
    Workspace.objects.filter(pk=workspace.pk).update(time_zone=zone)


def counted():
    return {(row.day, row.sent) for row in DailyTotals.objects.all() if row.sent}


class TestDays:
    @pytest.mark.usefixtures("way")
    @pytest.mark.parametrize(("zone", "day", "hours"), DAYS)
    def test_a_day_has_the_hours_that_its_zone_gives_it(self, zone, day, hours):
        campaign = CampaignFactory(workspace__time_zone=zone)
        start = day_start(day, zone)
        step = timedelta(microseconds=1)
        end = start + timedelta(hours=hours)
        instants = [start - step, start, end - step, end]
        before, after = local_day(start - step, zone), local_day(end, zone)
        assert (local_day(start, zone), local_day(end - step, zone)) == (day, day)
        assert before < day < after
        record_events(
            workspace=campaign.workspace,
            events=[Event(campaign.pk, f"m{n}", SENT, at) for n, at in enumerate(instants)],
        )
        assert counted() == {(before, 1), (day, 2), (after, 1)}
        assert_totals_exact()

    @pytest.mark.usefixtures("way")
    @pytest.mark.parametrize(
        ("zone", "instant"),
        [
            ("Asia/Kolkata", datetime(9999, 12, 31, 18, 30, tzinfo=UTC)),
            ("America/New_York", datetime(1, 1, 1, 4, tzinfo=UTC)),
        ],
    )
    def test_a_day_beyond_the_calendar_is_refused(self, zone, instant):
        campaign = CampaignFactory(workspace__time_zone=zone)
        good = Event(campaign.pk, "good", SENT, datetime(2024, 1, 1, tzinfo=UTC))
        beyond = good._replace(message_id="m", occurred_at=instant)
        reason = f"occurred_at {instant.isoformat()} is not within the years 1 to 9999 in {zone}"
        with pytest.raises(InvalidEvent) as raised:
            record_events(workspace=campaign.workspace, events=[good, beyond])
        assert raised.value.reasons == {1: reason}
        assert_totals_exact()
        assert counted() == set()
        with refused("mailmetrics_dailytotals_day_in_range"):  # whoever writes it
            insert_events(row(campaign, "m", SENT, instant))

    @pytest.mark.parametrize(
        ("zone", "text"),
        [("Asia/Kolkata", "9999-12-31T18:30:00Z"), ("America/New_York", "0001-01-01T04:00:00Z")],
    )
    def test_a_file_and_http_are_told_of_a_day_beyond_the_calendar(self, zone, text, tmp_path):
        campaign = CampaignFactory(workspace__time_zone=zone, workspace__name="acme")
        good = {"campaign_id": str(campaign.pk), "message_id": "m", "kind": "sent"}
        good["occurred_at"] = "2024-01-01T00:00:00Z"
        bad = good | {"message_id": "beyond", "occurred_at": text}
        reason = f"occurred_at {text[:-1]}+00:00 is not within the years 1 to 9999 in {zone}"
        key = new_key(workspace=campaign.workspace, scopes=["events:create"])
        answer = Client(headers={"X-API-Key": key}).post(
            "/api/public/v1/events", json.dumps([bad, good]), "application/json"
        )
        assert answer.json() == {
            **{"new": 1, "moved": 0, "known": 0, "pruned": 0},
            "refused": [
                {
                    "index": 0,
                    "loc": ["body", 0, "occurred_at"],
                    "msg": reason,
                    "type": "invalid_instant",
                }
            ],
        }
        file = tmp_path / "events.jsonl"
        file.write_text(f"{json.dumps(bad)}\n{json.dumps(good)}\n")
        imported = run("import_events", "acme", file)
        assert imported.status == 1
        assert reason in imported.err
        assert counted() == {(date(2023, 12, 31) if "New" in zone else date(2024, 1, 1), 1)}

    def test_today_is_the_zone_s(self):
        for zone in ("Pacific/Kiritimati", "UTC", "Pacific/Pago_Pago"):
            earliest = datetime.now(ZoneInfo(zone)).date()
            today = Workspace(name="w", time_zone=zone).today()
            assert earliest <= today <= datetime.now(ZoneInfo(zone)).date()


class TestNames:
    @pytest.mark.parametrize(
        "zone",
        ["", "Nowhere/Land", "UTC+3", "nowhere+3", "FOO3", "CEST", " UTC", "europe/berlin"],
    )
    def test_a_name_that_is_no_zone_is_refused(self, world, zone):
        with pytest.raises(ValidationError):
            Workspace(name="C", time_zone=zone).full_clean()
        with refused(KNOWN):
            Workspace.objects.create(name="C", time_zone=zone)
        with refused(KNOWN):
            set_zone(world.a, zone)
        assert world.totals() == AS_MADE

    def test_one_that_is_no_zone_among_many_is_refused_by_name(self, world):
        zones = ["Asia/Tokyo", "UTC", "Asia/Tokyo", "CEST", "Europe/Berlin"]
        with refused(KNOWN):
            Workspace.objects.bulk_create(
                Workspace(name=f"C{n}", time_zone=zone) for n, zone in enumerate(zones)
            )
        with refused(KNOWN):
            Workspace.objects.update(
                time_zone=Case(When(pk=world.a.pk, then=Value("Asia/Tokyo")), default=Value("CEST"))
            )
        assert {each.time_zone for each in Workspace.objects.all()} == {"UTC"}

    @pytest.mark.postgresql
    def test_the_names_are_listed_once_for_all_workspaces_of_a_statement(self):
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM pg_timezone_names")
            names = sorted({name for (name,) in cursor.fetchall()} & available_timezones())

        def seconds(zones):
            workspaces = [Workspace(name=f"{len(zones)} {zone}", time_zone=zone) for zone in zones]
            start = perf_counter()
            Workspace.objects.bulk_create(workspaces)
            return perf_counter() - start

        alone = [seconds([name]) for name in ("Asia/Tokyo", "Europe/Berlin", "Asia/Kolkata")]
        assert seconds(names[:300]) < 30 * max(alone)
        some = Workspace.objects.filter(name__in=[f"300 {name}" for name in names[:100]])
        start = perf_counter()
        some.update(time_zone="Pacific/Apia")
        assert perf_counter() - start < 30 * max(alone)

    def test_the_validator_says_what_to_enter(self):
        with pytest.raises(ValidationError) as raised:
            Workspace(name="C", time_zone="Berlin").full_clean()
        assert raised.value.message_dict == {
            "time_zone": ["Berlin is not a time zone. Enter an IANA name such as Europe/Berlin."]
        }


class TestChanges:
    @pytest.mark.parametrize(
        "change",
        [
            lambda workspace: set_zone(workspace, "America/New_York"),
            lambda workspace: run("set_time_zone", workspace.name, "America/New_York"),
            lambda workspace: execute(
                f"UPDATE {WORKSPACES} SET time_zone = 'America/New_York' WHERE id = %s",
                workspace.pk,
            ),
        ],
        ids=["the ORM", "the command", "raw SQL"],
    )
    def test_any_cuts_the_days_of_that_workspace_anew(self, world, change):
        insert_events(row(world.a2, "m4", OPENED, MIDNIGHT), row(world.b1, "m4", OPENED, MIDNIGHT))
        change(world.a)
        assert world.totals() == (
            {**AS_MADE[0], "a2": {"sent": 1, "opened": 1}, "b1": {"sent": 1, "opened": 1}},
            {
                ("A", "Mon"): {"sent": 3, "opened": 1},
                ("A", "Tue"): {"opened": 1},
                ("B", "Mon"): {"sent": 1},
                ("B", "Tue"): {"opened": 1},
            },
        )
        set_zone(world.a, "UTC")
        assert world.totals()[1]["A", "Tue"] == {"opened": 2}

    def test_what_was_pruned_keeps_its_cut(self, world):
        insert_events(row(world.a2, "m4", SENT, MIDNIGHT))
        list(prune(workspace=world.a, before=date(2024, 1, 3)))
        assert not EmailEvent.objects.filter(workspace=world.a).exists()
        set_zone(world.a, "America/New_York")
        assert world.totals()[1] == {
            ("A", "Mon"): {"sent": 3},
            ("A", "Tue"): {"sent": 1, "opened": 1},
            ("B", "Mon"): {"sent": 1},
        }
        world.a1.delete()
        world.a2.delete()
        assert world.totals() == ({"b1": {"sent": 1}}, {("B", "Mon"): {"sent": 1}})
        assert not PrunedTotals.objects.exists()
        assert not CampaignDailyTotals.objects.filter(workspace=world.a).exists()

    def test_a_change_that_is_rolled_back_leaves_everything(self, world):
        with transaction.atomic():
            set_zone(world.a, "America/New_York")
            transaction.set_rollback(True)
        assert world.totals() == AS_MADE

    def test_one_to_a_zone_whose_calendar_lacks_a_day_is_refused(self, world):
        insert_events(row(world.a1, "m9", SENT, datetime(9999, 12, 31, 20, tzinfo=UTC)))
        with refused("mailmetrics_dailytotals_day_in_range"):
            set_zone(world.a, "Asia/Kolkata")
        world.totals()

    def test_a_deleted_workspace_of_another_zone_leaves_nothing(self, world):
        set_zone(world.a, "Asia/Kolkata")
        execute(f"DELETE FROM {WORKSPACES} WHERE id = %s", world.a.pk)
        execute(f"DELETE FROM {CAMPAIGNS} WHERE workspace_id = %s", world.a.pk)
        connection.check_constraints()
        assert world.totals() == ({"b1": {"sent": 1}}, {("B", "Mon"): {"sent": 1}})
        assert not CampaignDailyTotals.objects.filter(workspace=world.a.pk).exists()

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("C", "UTC"), "There is no workspace 'C'"),
            (("A", "Berlin"), "Berlin is not a time zone"),
        ],
    )
    def test_the_command_says_what_it_cannot_do(self, world, arguments, message):
        with pytest.raises(CommandError, match=message):
            run("set_time_zone", *arguments)

    def test_the_command_says_what_it_has_done(self, world):
        ended = run("set_time_zone", "A", "Asia/Kolkata")
        assert ended == (0, "The days of A are days of Asia/Kolkata.\n", "")
        world.a.refresh_from_db()
        assert world.a.time_zone == "Asia/Kolkata"


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestAtTheSameTime:
    def test_readers_see_the_old_days_its_writers_wait_and_others_go_on(self, world):
        late = MIDNIGHT + timedelta(hours=1)
        with background() as start:
            with transaction.atomic():
                set_zone(world.a, "America/New_York")
                reader = start(lambda: list(DailyTotals.objects.order_by("pk").values_list("sent")))
                assert reader.result(timeout=20) == [(3,), (0,), (1,)]
                other = start(insert_events, row(world.b1, "m9", SENT, late))
                assert other.result(timeout=20) == 1
                writer = start(insert_events, row(world.a1, "m9", SENT, late))
                wait_until_blocked(1)
            assert writer.result(timeout=20) == 1
        assert world.totals()[1] == {
            ("A", "Mon"): {"sent": 4},
            ("A", "Tue"): {"opened": 1},
            ("B", "Mon"): {"sent": 1},
            ("B", "Tue"): {"sent": 1},
        }

    def test_a_change_waits_for_a_writer_that_has_not_committed(self, world):
        late = MIDNIGHT + timedelta(hours=1)
        with background() as start:
            with transaction.atomic():
                insert_events(row(world.a1, "m9", SENT, late))
                change = start(set_zone, world.a, "America/New_York")
                wait_until_blocked(1)
            change.result(timeout=20)
        assert world.totals()[1]["A", "Mon"] == {"sent": 4}

    def test_a_writer_whose_snapshot_is_older_than_the_change_fails(self, world):
        @transaction.atomic
        def write():
            execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            assert Campaign.objects.exists()
            start(set_zone, world.a, "America/New_York").result(timeout=20)
            insert_events(row(world.a1, "m9", SENT, MIDNIGHT))

        with background() as start, pytest.raises(DatabaseError, match="could not serialize"):
            write()
        assert_totals_exact()

    def test_a_change_with_an_old_snapshot_is_refused(self, world):
        @transaction.atomic
        def change():
            execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            set_zone(world.a, "America/New_York")

        with pytest.raises(DatabaseError, match="READ COMMITTED"):
            change()
        assert world.totals() == AS_MADE


@pytest.mark.sqlite
class TestAWriterWithoutOurFunction:
    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize(
        "statement",
        [
            f"INSERT INTO {EVENTS} (workspace_id, campaign_id, message_id, kind, occurred_at) "
            f"SELECT workspace_id, campaign_id, 'new', kind, occurred_at FROM {EVENTS} LIMIT 1",
            f"UPDATE {EVENTS} SET kind = 3",
            f"DELETE FROM {EVENTS}",
            f"DELETE FROM {CAMPAIGNS}",
            f"UPDATE {WORKSPACES} SET time_zone = 'Asia/Kolkata'",
        ],
    )
    def test_is_refused(self, world, statement):
        refusal = pytest.raises(sqlite3.OperationalError, match="no such function: mailmetrics_day")
        with closing(sqlite3.connect(connection.settings_dict["NAME"])) as outside, refusal:
            outside.execute(statement)
        assert world.totals() == AS_MADE


class TestDayStart:
    @pytest.mark.parametrize(
        ("day", "zone", "instant"),
        [
            (date(2024, 1, 2), "UTC", MIDNIGHT),
            (date(2024, 1, 2), "Asia/Kolkata", MIDNIGHT - timedelta(hours=5.5)),
            (date(2011, 12, 30), "Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
            (date(2011, 12, 31), "Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
            (date(2024, 3, 31), "Asia/Beirut", datetime(2024, 3, 30, 22, tzinfo=UTC)),
            (date.min, "Asia/Kolkata", datetime.min.replace(tzinfo=UTC)),
            (date.max, "America/New_York", datetime(9999, 12, 31, 5, tzinfo=UTC)),
        ],
    )
    def test_it_is_an_instant_in_utc(self, day, zone, instant):
        assert day_start(day, zone) == instant


def test_a_workspace_is_in_utc_until_somebody_chooses_another():
    assert WorkspaceFactory().time_zone == "UTC"
