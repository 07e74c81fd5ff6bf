"""InstantField stores the same instant in the same form, whatever the site's settings."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.admin import ModelAdmin
from django.contrib.admin import site as admin_site
from django.contrib.admin.templatetags.admin_list import date_hierarchy
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import DateTimeField, ExpressionWrapper, F, Max, Min, functions
from django.db.models.functions import Cast, Coalesce, TruncDay, TruncMonth
from django.test import RequestFactory, override_settings
from django.utils import timezone

from campaigns.fields import InstantField, utc_now
from campaigns.models import Campaign, Workspace
from tests.factories import CampaignFactory, WorkspaceFactory

pytestmark = pytest.mark.django_db

BERLIN = ZoneInfo("Europe/Berlin")
# 2024-10-27 in Berlin: 02:30 came at 00:30 UTC, and again at 01:30 UTC.
FIRST_HALF_PAST_TWO = datetime(2024, 10, 27, 0, 30, tzinfo=UTC)
SECOND_HALF_PAST_TWO = datetime(2024, 10, 27, 1, 30, tzinfo=UTC)
INSTANTS = [
    datetime(2024, 1, 15, 10, tzinfo=UTC),
    datetime(2024, 7, 15, 10, 0, 0, 123456, tzinfo=UTC),
    datetime(2024, 3, 31, 0, 59, 59, 999999, tzinfo=UTC),
    datetime(2024, 3, 31, 1, tzinfo=UTC),
    FIRST_HALF_PAST_TWO,
    SECOND_HALF_PAST_TWO,
    datetime(1890, 1, 1, 12, tzinfo=UTC),
]


def stored_text():
    """The instant as the database has it, in UTC."""
    in_utc = (
        "created_at || ''"
        if connection.vendor == "sqlite"
        else "(created_at AT TIME ZONE 'UTC')::text"
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {in_utc} FROM {Workspace._meta.db_table}")
        return cursor.fetchone()[0]


@pytest.mark.usefixtures("site")
class TestOnEverySite:
    @pytest.mark.parametrize("instant", INSTANTS, ids=str)
    @pytest.mark.parametrize("zone", [UTC, BERLIN, ZoneInfo("Asia/Kolkata")], ids=str)
    def test_an_instant_comes_back_as_it_went_in(self, instant, zone):
        WorkspaceFactory(created_at=instant.astimezone(zone))

        assert stored_text() == instant.replace(tzinfo=None).isoformat(sep=" ")
        read = Workspace.objects.get().created_at
        assert (read, read.tzinfo, read.fold) == (instant, UTC, 0)

    @pytest.mark.parametrize("zone", [UTC, BERLIN], ids=str)
    def test_a_query_compares_instants(self, zone):
        first = WorkspaceFactory(created_at=FIRST_HALF_PAST_TWO)
        second = WorkspaceFactory(created_at=SECOND_HALF_PAST_TWO)
        rows = Workspace.objects

        assert rows.get(created_at=FIRST_HALF_PAST_TWO.astimezone(zone)) == first
        assert rows.get(created_at__gt=FIRST_HALF_PAST_TWO.astimezone(zone)) == second
        assert rows.get(created_at__lt=SECOND_HALF_PAST_TWO.astimezone(zone)) == first
        assert rows.get(created_at__in=[SECOND_HALF_PAST_TWO.astimezone(zone)]) == second
        assert list(rows.order_by("-created_at")) == [second, first]

    def test_an_expression_answers_instants(self):
        WorkspaceFactory(created_at=FIRST_HALF_PAST_TWO)
        WorkspaceFactory(created_at=SECOND_HALF_PAST_TWO)

        assert Workspace.objects.aggregate(
            first=Min("created_at"), last=Max(Coalesce("created_at", "created_at"))
        ) == {"first": FIRST_HALF_PAST_TWO, "last": SECOND_HALF_PAST_TWO}

    def test_every_way_of_writing_stores_the_same(self):
        made = WorkspaceFactory()
        rows = Workspace.objects.filter(pk=made.pk)

        rows.update(created_at=FIRST_HALF_PAST_TWO.astimezone(BERLIN))
        assert stored_text() == "2024-10-27 00:30:00"
        made.created_at = SECOND_HALF_PAST_TWO.astimezone(BERLIN)
        made.save()
        assert stored_text() == "2024-10-27 01:30:00"
        made.created_at = FIRST_HALF_PAST_TWO.astimezone(BERLIN)
        Workspace.objects.bulk_update([made], ["created_at"])
        assert stored_text() == "2024-10-27 00:30:00"
        rows.update(created_at=F("created_at"))
        assert stored_text() == "2024-10-27 00:30:00"
        rows.delete()
        Workspace.objects.bulk_create([Workspace(name="a", created_at=SECOND_HALF_PAST_TWO)])
        assert stored_text() == "2024-10-27 01:30:00"

    def test_no_instant_comes_back_as_none(self):
        Campaign.objects.create(workspace=WorkspaceFactory(), name="Never launched")

        assert Campaign.objects.get().launched_at is None
        assert Campaign.objects.filter(launched_at=None).count() == 1

    def test_the_default_is_now(self):
        before = utc_now()
        WorkspaceFactory()

        assert before <= Workspace.objects.get().created_at <= utc_now()


OF_DATETIMES = [
    function
    for name, function in vars(functions).items()
    if name.startswith(("Extract", "Trunc")) and name not in ("Extract", "Trunc")
]


class CampaignsByLaunch(ModelAdmin):
    date_hierarchy = "launched_at"


def changelist(**parameters):
    request = RequestFactory().get("/", parameters)
    request.user = AnonymousUser()
    page = CampaignsByLaunch(Campaign, admin_site)
    page.has_view_permission = page.has_change_permission = lambda request, obj=None: True
    return page.get_changelist_instance(request)


@pytest.mark.usefixtures("site")
class TestToTheOrm:
    """It is a DateTimeField: whatever Django does with one, it does with ours."""

    @pytest.mark.parametrize("function", OF_DATETIMES, ids=lambda function: function.__name__)
    def test_a_function_answers_what_it_answers_of_djangos_own_field(self, function):
        for instant in INSTANTS:
            WorkspaceFactory(created_at=instant)
        django_field = ExpressionWrapper(F("created_at"), output_field=DateTimeField())

        rows = Workspace.objects.annotate(ours=function("created_at"), own=function(django_field))
        answers = list(rows.values_list("ours", "own"))

        assert len(answers) == len(INSTANTS)
        assert [ours for ours, _ in answers] == [own for _, own in answers]
        assert {type(ours) for ours, _ in answers} == {type(own) for _, own in answers}

    def test_a_difference_is_the_time_between(self):
        CampaignFactory(created_at=FIRST_HALF_PAST_TWO, launched_at=SECOND_HALF_PAST_TWO)
        rows = Campaign.objects.annotate(waited=F("launched_at") - F("created_at"))

        assert rows.get().waited == timedelta(hours=1)
        assert rows.filter(waited=timedelta(hours=1)).exists()
        assert rows.aggregate(Max("waited")) == {"waited__max": timedelta(hours=1)}

    def test_a_duration_added_is_an_instant_to_compare_with(self):
        later = ExpressionWrapper(F("created_at") + timedelta(hours=1), output_field=InstantField())
        CampaignFactory(created_at=FIRST_HALF_PAST_TWO, launched_at=SECOND_HALF_PAST_TWO)

        assert Campaign.objects.filter(launched_at=F("created_at") + timedelta(hours=1)).exists()
        assert Campaign.objects.annotate(later=later).get().later == SECOND_HALF_PAST_TWO

    def test_a_cast_reads_the_same_instant(self):
        WorkspaceFactory(created_at=SECOND_HALF_PAST_TWO)
        rows = Workspace.objects.annotate(again=Cast("created_at", InstantField()))

        assert rows.get().again == SECOND_HALF_PAST_TWO

    def test_the_databases_now_is_after_what_is_past(self):
        WorkspaceFactory(created_at=utc_now() - timedelta(seconds=5))
        ahead = WorkspaceFactory(created_at=utc_now() + timedelta(seconds=50))

        assert Workspace.objects.get(created_at__gt=functions.Now()) == ahead

    def test_the_admin_goes_by_its_dates(self):
        CampaignFactory(launched_at=datetime(2024, 7, 15, 12, tzinfo=UTC))
        CampaignFactory(launched_at=datetime(2024, 7, 17, 12, tzinfo=UTC))

        assert CampaignsByLaunch(Campaign, admin_site).check() == []
        assert [day["title"] for day in date_hierarchy(changelist())["choices"]] == [
            "July 15",
            "July 17",
        ]
        of_a_day = changelist(
            launched_at__year="2024", launched_at__month="7", launched_at__day="17"
        )
        assert [campaign.launched_at.day for campaign in of_a_day.queryset] == [17]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "Pacific/Auckland"])
def test_a_day_is_cut_in_the_current_zone_and_named_by_its_midnight_there(zone):
    CampaignFactory(launched_at=datetime(2024, 1, 31, 20, tzinfo=UTC))
    day = datetime(2024, 1 if zone == "UTC" else 2, 31 if zone == "UTC" else 1)

    with timezone.override(zone):
        rows = Campaign.objects.annotate(
            day=TruncDay("launched_at"), month=TruncMonth("launched_at")
        )
        campaign = rows.get(launched_at__date=day.date())

    assert campaign.day == day.replace(tzinfo=ZoneInfo(zone))
    assert campaign.day.replace(tzinfo=None) == day
    assert campaign.month.replace(tzinfo=None) == day.replace(day=1)


@pytest.mark.parametrize("use_tz", [True, False])
@pytest.mark.parametrize(
    ("naive", "instant"),
    [
        (datetime(2024, 7, 15, 12), datetime(2024, 7, 15, 10, tzinfo=UTC)),
        (datetime(2024, 10, 27, 2, 30), FIRST_HALF_PAST_TWO),
        (datetime(2024, 10, 27, 2, 30, fold=1), SECOND_HALF_PAST_TWO),
    ],
)
def test_a_naive_value_is_in_the_sites_time_zone(naive, instant, use_tz):
    with override_settings(USE_TZ=use_tz, TIME_ZONE="Europe/Berlin"):
        WorkspaceFactory(created_at=naive)

        assert Workspace.objects.get().created_at == instant
        assert Workspace.objects.get(created_at=naive).created_at == instant


def test_a_site_that_turns_use_tz_off_reads_its_old_rows():
    WorkspaceFactory(created_at=SECOND_HALF_PAST_TWO)

    with override_settings(USE_TZ=False, TIME_ZONE="Europe/Berlin"):
        assert Workspace.objects.get().created_at == SECOND_HALF_PAST_TWO


def test_now_is_in_utc():
    assert utc_now().tzinfo is UTC
    assert abs(utc_now() - datetime.now(BERLIN)) < timedelta(minutes=1)
