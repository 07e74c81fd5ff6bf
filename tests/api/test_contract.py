"""The contract, line by line, over whole answers.

The tests of the hostile host run this file again in a site that is set up against it; ``core``
marks the contract in short.
"""

from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from django.conf import settings as site
from django.db import connections, router
from django.test import Client
from django.test.utils import CaptureQueriesContext

from analytics.models import CampaignTotals, DailyTotals
from apikeys import crypto
from campaigns.models import Campaign, CampaignStatus, EventKind
from campaigns.recording import Event, record_events
from tests.factories import CampaignFactory, WorkspaceFactory, new_key
from tests.mistakes import CAMPAIGN_PARAMETERS, TIMELINE_PARAMETERS, invalid, unknown

CAMPAIGNS = f"{getattr(site, 'API_PREFIX', '/api/public/v1/')}analytics/campaigns"
TIMELINE = f"{CAMPAIGNS}/timeline"
BOTH = pytest.mark.parametrize("url", [CAMPAIGNS, TIMELINE])

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def workspace():
    return WorkspaceFactory()


@pytest.fixture
def get(workspace):
    """Ask with a key of the workspace; parameters are a query string or keywords."""
    client = Client(headers={"X-API-Key": new_key(workspace=workspace)})
    # The first use of a key is noted; the query counts here are of every other use.
    client.get(TIMELINE)

    def ask(url, query="", **parameters):
        return client.get(f"{url}?{query}" if query else url, parameters)

    return ask


def record(campaign, instant, **counts):
    """Record so many messages of each kind at an instant, e.g. ``sent=3, opened=1``."""
    record_events(
        workspace=campaign.workspace,
        events=[
            Event(campaign.id, f"{campaign.id}-{instant}-{n}", EventKind[kind.upper()], instant)
            for kind, count in counts.items()
            for n in range(count)
        ],
    )


@contextmanager
def reading(queries):
    """So many queries read our tables; a host may wrap them in a transaction."""
    with CaptureQueriesContext(connections[router.db_for_read(Campaign)]) as captured:
        yield
    read = [query["sql"] for query in captured if query["sql"].startswith(("SELECT", "WITH"))]
    assert len(read) == queries, read


def instant(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def named(response):
    return [row["campaign_name"] for row in response.json()["campaigns"]]


class TestCampaigns:
    @pytest.mark.core
    def test_the_page_example(self, get, workspace):
        campaign = CampaignFactory(
            workspace=workspace,
            id=UUID("550e8400-e29b-41d4-a716-446655440000"),
            name="Q1 Outreach",
            status="COMPLETED",
            total_leads=500,
            created_at=instant("2024-01-15T10:00:00"),
            launched_at=instant("2024-01-15T12:00:00"),
        )
        record(
            campaign, instant("2024-01-16T09:00:00"), sent=498, opened=169, replied=40, bounced=2
        )
        with reading(queries=2):
            response = get(
                CAMPAIGNS, status="COMPLETED", from_date="2024-01-01", to_date="2024-06-30"
            )
        assert response.status_code == 200
        assert response["Content-Type"] == "application/json"
        assert response.content.decode() == (
            '{"workspace_kpis":{"total_campaigns":1,"total_sends":498,"avg_open_rate":0.3394,'
            '"avg_reply_rate":0.0803,"avg_bounce_rate":0.004},"campaigns":[{'
            '"campaign_id":"550e8400-e29b-41d4-a716-446655440000","campaign_name":"Q1 Outreach",'
            '"status":"COMPLETED","total_leads":500,"total_sent":498,"total_opened":169,'
            '"total_replied":40,"total_bounced":2,"open_rate":0.3394,"reply_rate":0.0803,'
            '"bounce_rate":0.004,"created_at":"2024-01-15T10:00:00Z"}]}'
        )

    @pytest.mark.core
    def test_an_empty_workspace(self, get):
        assert get(CAMPAIGNS).json() == {
            "workspace_kpis": {
                "total_campaigns": 0,
                "total_sends": 0,
                "avg_open_rate": 0.0,
                "avg_reply_rate": 0.0,
                "avg_bounce_rate": 0.0,
            },
            "campaigns": [],
        }

    def test_a_campaign_without_events_has_zeros(self, get, workspace):
        CampaignFactory(workspace=workspace, name="Draft", total_leads=7)
        (row,) = get(CAMPAIGNS).json()["campaigns"]
        assert {name: row[name] for name in row if name.startswith("total_") or "rate" in name} == {
            "total_leads": 7,
            "total_sent": 0,
            "total_opened": 0,
            "total_replied": 0,
            "total_bounced": 0,
            "open_rate": 0.0,
            "reply_rate": 0.0,
            "bounce_rate": 0.0,
        }

    def test_rates_are_zero_when_nothing_was_sent(self, get, workspace):
        record(CampaignFactory(workspace=workspace), instant("2024-01-01"), opened=3)
        answer = get(CAMPAIGNS).json()
        assert answer["campaigns"][0]["total_opened"] == 3
        assert answer["campaigns"][0]["open_rate"] == 0.0
        assert answer["workspace_kpis"]["avg_open_rate"] == 0.0

    def test_the_kpis_are_pooled_over_the_listed_campaigns_alone(self, get, workspace):
        small = CampaignFactory(workspace=workspace, status="COMPLETED")
        large = CampaignFactory(workspace=workspace, status="COMPLETED")
        other = CampaignFactory(workspace=workspace, status="ACTIVE")
        record(small, instant("2024-01-01"), sent=3, opened=3)
        record(large, instant("2024-01-01"), sent=297, opened=27, bounced=3)
        record(other, instant("2024-01-01"), sent=100, opened=100)
        assert get(CAMPAIGNS, status="COMPLETED").json()["workspace_kpis"] == {
            "total_campaigns": 2,
            "total_sends": 300,
            "avg_open_rate": 0.1,
            "avg_reply_rate": 0.0,
            "avg_bounce_rate": 0.01,
        }

    @pytest.mark.core
    @pytest.mark.parametrize("status", CampaignStatus.values)
    def test_status_chooses_the_campaigns_in_it(self, get, workspace, status):
        for each in CampaignStatus.values:
            CampaignFactory(workspace=workspace, name=each, status=each)
        assert named(get(CAMPAIGNS, status=status)) == [status]

    @pytest.mark.core
    def test_dates_are_of_the_launch_in_utc_and_inclusive(self, get, workspace):
        for launched_at in (
            "2024-01-31T23:59:59.999999",
            "2024-02-01T00:00:00",
            "2024-02-29T23:59:59.999999",
            "2024-03-01T00:00:00",
        ):
            CampaignFactory(
                workspace=workspace,
                name=launched_at,
                launched_at=instant(launched_at),
                created_at=instant(launched_at) - timedelta(days=400),
            )
        CampaignFactory(workspace=workspace, name="never launched", launched_at=None)
        first, second, third, fourth = (
            "2024-01-31T23:59:59.999999",
            "2024-02-01T00:00:00",
            "2024-02-29T23:59:59.999999",
            "2024-03-01T00:00:00",
        )
        assert named(get(CAMPAIGNS, from_date="2024-02-01", to_date="2024-02-29")) == [
            third,
            second,
        ]
        assert named(get(CAMPAIGNS, from_date="2024-02-01")) == [fourth, third, second]
        assert named(get(CAMPAIGNS, to_date="2024-02-29")) == [third, second, first]
        assert named(get(CAMPAIGNS, from_date="2024-02-29", to_date="2024-02-29")) == [third]
        assert len(named(get(CAMPAIGNS))) == 5

    def test_the_first_and_last_dates_there_are_do_not_overflow(self, get, workspace):
        CampaignFactory(workspace=workspace, name="launched", launched_at=instant("2024-01-01"))
        assert named(get(CAMPAIGNS, from_date="0001-01-01", to_date="9999-12-31")) == ["launched"]
        assert named(get(CAMPAIGNS, to_date="0001-01-01")) == []
        assert named(get(CAMPAIGNS, from_date="9999-12-31")) == []

    @pytest.mark.core
    def test_newest_first_then_by_id(self, get, workspace):
        for number in (3, 1, 2):
            CampaignFactory(
                workspace=workspace,
                id=f"00000000-0000-0000-0000-00000000000{number}",
                name=f"twin {number}",
                created_at=instant("2024-01-01"),
            )
        CampaignFactory(workspace=workspace, name="newer", created_at=instant("2024-01-02"))
        CampaignFactory(workspace=workspace, name="older", created_at=instant("2023-12-31"))
        answer = get(CAMPAIGNS)
        assert named(answer) == ["newer", "twin 1", "twin 2", "twin 3", "older"]
        assert get(CAMPAIGNS).content == answer.content

    @pytest.mark.core
    def test_instants_have_fractions_only_when_there_are_some(self, get, workspace):
        CampaignFactory(workspace=workspace, created_at=instant("2024-01-15T10:00:00.250000"))
        (row,) = get(CAMPAIGNS).json()["campaigns"]
        assert row["created_at"] == "2024-01-15T10:00:00.250000Z"

    def test_names_come_as_they_are(self, get, workspace):
        name = "Grüße <b>\"&'\u2028 🎉 \\ \t"
        CampaignFactory(workspace=workspace, name=name)
        assert named(get(CAMPAIGNS)) == [name]

    def test_queries_do_not_grow_with_campaigns(self, get, workspace):
        for _ in range(30):
            record(CampaignFactory(workspace=workspace), instant("2024-01-01"), sent=1)
        with reading(queries=2):
            assert len(named(get(CAMPAIGNS))) == 30

    def test_nothing_comes_from_another_workspace(self, get, workspace):
        record(CampaignFactory(name="theirs"), instant("2024-01-01"), sent=5)
        record(CampaignFactory(workspace=workspace, name="ours"), instant("2024-01-01"), sent=1)
        answer = get(CAMPAIGNS).json()
        assert [row["campaign_name"] for row in answer["campaigns"]] == ["ours"]
        assert answer["workspace_kpis"]["total_sends"] == 1


class TestTimeline:
    @pytest.mark.core
    def test_the_page_example(self, get, workspace):
        campaign = CampaignFactory(workspace=workspace)
        record(campaign, instant("2024-01-15T08:00"), sent=120, opened=41, replied=9, bounced=1)
        record(campaign, instant("2024-01-16T08:00"), sent=85, opened=30, replied=7)
        with reading(queries=2):
            response = get(TIMELINE, from_date="2024-01-15", to_date="2024-01-16")
        assert response.status_code == 200
        assert response["Content-Type"] == "application/json"
        assert response.content.decode() == (
            '{"timeline":[{"date":"2024-01-15","sent":120,"opened":41,"replied":9,"bounced":1,'
            '"open_rate":0.3417,"reply_rate":0.075,"bounce_rate":0.0083},'
            '{"date":"2024-01-16","sent":85,"opened":30,"replied":7,"bounced":0,'
            '"open_rate":0.3529,"reply_rate":0.0824,"bounce_rate":0.0}],'
            '"from_date":"2024-01-15","to_date":"2024-01-16"}'
        )

    def test_every_day_of_the_window_is_there_once_in_order(self, get, workspace):
        record(CampaignFactory(workspace=workspace), instant("2024-02-29T12:00"), sent=2)
        answer = get(TIMELINE, from_date="2024-01-01", to_date="2024-03-31").json()
        days = [date(2024, 1, 1) + timedelta(days=n) for n in range(91)]
        assert [row["date"] for row in answer["timeline"]] == [day.isoformat() for day in days]
        assert [row["sent"] for row in answer["timeline"]] == [
            2 if day == date(2024, 2, 29) else 0 for day in days
        ]
        assert answer["timeline"][0] == {
            "date": "2024-01-01",
            "sent": 0,
            "opened": 0,
            "replied": 0,
            "bounced": 0,
            "open_rate": 0.0,
            "reply_rate": 0.0,
            "bounce_rate": 0.0,
        }
        assert (answer["from_date"], answer["to_date"]) == ("2024-01-01", "2024-03-31")

    def window(self, response):
        answer = response.json()
        days = [row["date"] for row in answer["timeline"]]
        assert (days[0], days[-1]) == (answer["from_date"], answer["to_date"])
        return days[0], days[-1], len(days)

    @pytest.mark.core
    def test_without_dates_the_90_days_that_end_today(self, get):
        today = datetime.now(UTC).date()
        first = today - timedelta(days=89)
        assert self.window(get(TIMELINE)) == (first.isoformat(), today.isoformat(), 90)

    def test_with_only_to_date_the_90_days_that_end_there(self, get):
        assert self.window(get(TIMELINE, to_date="2024-03-31")) == ("2024-01-02", "2024-03-31", 90)

    def test_with_only_from_date_from_there_to_today(self, get):
        today = datetime.now(UTC).date()
        first = today - timedelta(days=200)
        assert self.window(get(TIMELINE, from_date=first.isoformat())) == (
            first.isoformat(),
            today.isoformat(),
            201,
        )

    def test_one_day(self, get):
        assert self.window(get(TIMELINE, from_date="2024-02-29", to_date="2024-02-29")) == (
            "2024-02-29",
            "2024-02-29",
            1,
        )

    def test_ten_years_and_not_a_day_more(self, get):
        assert self.window(get(TIMELINE, from_date="2016-01-01", to_date="2025-12-31"))[2] == 3653
        response = get(TIMELINE, from_date="2015-12-31", to_date="2025-12-31")
        assert response.status_code == 400
        assert response.json() == invalid(
            ("from_date", "too_many", "2015-12-31 to 2025-12-31 is 3654 days; the most is 3653.")
        )

    def test_the_most_days_are_the_sites_choice(self, get, settings):
        settings.MAILMETRICS = {"MAX_TIMELINE_DAYS": 7}
        assert get(TIMELINE, from_date="2024-01-01", to_date="2024-01-07").status_code == 200
        assert get(TIMELINE, from_date="2024-01-01", to_date="2024-01-08").json() == invalid(
            ("from_date", "too_many", "2024-01-01 to 2024-01-08 is 8 days; the most is 7.")
        )

    def test_the_first_and_last_dates_there_are_do_not_overflow(self, get):
        assert self.window(get(TIMELINE, from_date="0001-01-01", to_date="0001-01-01"))[2] == 1
        assert self.window(get(TIMELINE, from_date="9999-12-31", to_date="9999-12-31"))[2] == 1
        assert self.window(get(TIMELINE, to_date="9999-12-31"))[2] == 90
        assert get(TIMELINE, to_date="0001-01-01").json() == invalid(
            (
                "to_date",
                "contradictory",
                "The 90 days that end on 0001-01-01 begin before 0001-01-01.",
            )
        )
        assert get(TIMELINE, from_date="0001-01-01").status_code == 400

    def test_a_from_date_to_come_is_refused(self, get):
        today = datetime.now(UTC).date()
        tomorrow = today + timedelta(days=1)
        response = get(TIMELINE, from_date=tomorrow.isoformat())
        assert response.status_code == 400
        assert response.json() == invalid(
            ("from_date", "contradictory", f"{tomorrow} is after the last day, {today}.")
        )

    def test_an_open_counts_on_the_day_it_happened(self, get, workspace):
        campaign = CampaignFactory(workspace=workspace)
        record_events(
            workspace=workspace,
            events=[
                Event(campaign.id, "a", EventKind.SENT, instant("2024-01-01T12:00")),
                Event(campaign.id, "b", EventKind.SENT, instant("2024-01-02T12:00")),
                Event(campaign.id, "a", EventKind.OPENED, instant("2024-01-02T13:00")),
                Event(campaign.id, "b", EventKind.OPENED, instant("2024-01-02T14:00")),
                Event(campaign.id, "a", EventKind.REPLIED, instant("2024-01-03T09:00")),
            ],
        )
        rows = get(TIMELINE, from_date="2024-01-01", to_date="2024-01-03").json()["timeline"]
        assert [(row["sent"], row["opened"], row["replied"]) for row in rows] == [
            (1, 0, 0),
            (1, 2, 0),
            (0, 0, 1),
        ]
        assert [(row["open_rate"], row["reply_rate"]) for row in rows] == [
            (0.0, 0.0),
            (2.0, 0.0),
            (0.0, 0.0),
        ]

    @pytest.mark.core
    def test_days_are_utc_days(self, get, workspace):
        campaign = CampaignFactory(workspace=workspace)
        berlin = datetime.fromisoformat("2024-01-02T00:30:00+01:00")
        california = datetime.fromisoformat("2024-01-01T16:30:00-08:00")
        record(campaign, berlin, sent=1)
        record(campaign, california, sent=2)
        rows = get(TIMELINE, from_date="2024-01-01", to_date="2024-01-02").json()["timeline"]
        assert [row["sent"] for row in rows] == [1, 2]

    def test_nothing_comes_from_another_workspace(self, get):
        record(CampaignFactory(), instant("2024-01-01T12:00"), sent=5)
        (row,) = get(TIMELINE, from_date="2024-01-01", to_date="2024-01-01").json()["timeline"]
        assert row["sent"] == 0


class TestCounting:
    @pytest.mark.core
    def test_opening_five_times_is_one_open_at_its_earliest(self, get, workspace):
        campaign = CampaignFactory(workspace=workspace)
        for hour in (30, 7, 55, 6, 40):
            opened = instant("2024-01-01") + timedelta(hours=hour)
            record_events(
                workspace=workspace, events=[Event(campaign.id, "m", EventKind.OPENED, opened)]
            )
        (row,) = get(CAMPAIGNS).json()["campaigns"]
        days = get(TIMELINE, from_date="2024-01-01", to_date="2024-01-03").json()["timeline"]
        assert row["total_opened"] == 1
        assert [day["opened"] for day in days] == [1, 0, 0]

    def test_both_endpoints_agree_over_a_window_with_every_event(self, get, workspace):
        for number in range(3):
            campaign = CampaignFactory(workspace=workspace)
            for day in range(1, 6):
                at = instant(f"2024-01-0{day}T12:00")
                record(campaign, at, sent=day, opened=number, replied=1, bounced=day % 2)
        campaigns = get(CAMPAIGNS).json()["campaigns"]
        days = get(TIMELINE, from_date="2024-01-01", to_date="2024-01-31").json()["timeline"]
        for kind in ("sent", "opened", "replied", "bounced"):
            assert sum(row[f"total_{kind}"] for row in campaigns) == sum(row[kind] for row in days)
        assert sum(row["sent"] for row in days) == 45

    def test_totals_have_no_reader_but_the_tables_of_totals(self, get, workspace):
        campaign = CampaignFactory(workspace=workspace)
        CampaignTotals.objects.create(workspace=workspace, campaign=campaign, sent=7)
        DailyTotals.objects.create(workspace=workspace, day=date(2024, 1, 1), sent=9)
        days = get(TIMELINE, from_date="2024-01-01", to_date="2024-01-01").json()["timeline"]
        assert get(CAMPAIGNS).json()["workspace_kpis"]["total_sends"] == 7
        assert days[0]["sent"] == 9


NOT_DATES = [
    "",
    " ",
    "today",
    "2024",
    "2024-1-1",
    "20240101",
    "2024-W01-1",
    "2024-001",
    "2024-02-30",
    "2023-02-29",
    "2024-13-01",
    "2024-00-01",
    "0000-01-01",
    "10000-01-01",
    "-2024-01-01",
    "2024-01-01\n",
    "\n2024-01-01",
    " 2024-01-01",
    "2024-01-01T00:00:00",
    "2024-01-01T00:00:00Z",
    "2024/01/01",
    "01-01-2024",
    "\uff12\uff10\uff12\uff14-\uff10\uff11-\uff10\uff11",
    "\u0662\u0660\u0662\u0664-\u0660\u0661-\u0660\u0661",
    "2024-01-01\x00",
    "null",
    "1704067200",
    "x" * 5000,
]


class TestBadParameters:
    @BOTH
    @pytest.mark.parametrize("parameter", ["from_date", "to_date"])
    @pytest.mark.parametrize("text", NOT_DATES)
    def test_what_is_no_date_is_refused_by_name(self, get, url, parameter, text):
        response = get(url, **{parameter: text})
        assert response.status_code == 400
        shown = f"{text!r:.60}"
        assert response.json() == invalid(
            (parameter, "invalid_date", f"Enter a date as YYYY-MM-DD, not {shown}.")
            if text
            else (parameter, "empty", "Give it a value or leave it out.")
        )

    @pytest.mark.core
    @pytest.mark.parametrize(
        "text",
        [
            "",
            " ",
            "active",
            "Active",
            "SENT",
            "ACTIVE,DRAFT",
            "ACTIVE ",
            "ACTIVE\n",
            "null",
            "\x00",
        ],
    )
    def test_an_unknown_status_is_refused_by_name(self, get, text):
        response = get(CAMPAIGNS, status=text)
        assert response.status_code == 400
        known = "DRAFT, ACTIVE, PAUSED, COMPLETED, FAILED"
        assert response.json() == invalid(
            ("status", "invalid_choice", f"Choose one of {known}, not {text!r}.")
            if text
            else ("status", "empty", "Give it a value or leave it out.")
        )

    @pytest.mark.core
    @BOTH
    def test_from_after_to_is_refused(self, get, url):
        response = get(url, from_date="2024-02-01", to_date="2024-01-31")
        assert response.status_code == 400
        assert response.json() == invalid(
            ("from_date", "contradictory", "2024-02-01 is after the last day, 2024-01-31.")
        )

    @BOTH
    @pytest.mark.parametrize("parameter", ["from_date", "to_date"])
    def test_a_repeated_date_is_refused(self, get, url, parameter):
        response = get(url, f"{parameter}=2024-01-01&{parameter}=2024-01-01")
        assert response.status_code == 400
        assert response.json() == invalid((parameter, "repeated", "Give it once."))

    def test_a_repeated_status_is_refused(self, get):
        response = get(CAMPAIGNS, "status=DRAFT&status=ACTIVE")
        assert response.status_code == 400
        assert response.json() == invalid(("status", "repeated", "Give it once."))

    @pytest.mark.core
    @pytest.mark.parametrize(
        ("url", "query", "known"),
        [
            (CAMPAIGNS, "from=2024-01-01", CAMPAIGN_PARAMETERS),
            (CAMPAIGNS, "format=json", CAMPAIGN_PARAMETERS),
            (CAMPAIGNS, "Status=ACTIVE", CAMPAIGN_PARAMETERS),
            (TIMELINE, "search=x", TIMELINE_PARAMETERS),
        ],
    )
    def test_a_parameter_that_there_is_not_is_refused(self, get, url, query, known):
        response = get(url, query)
        assert response.status_code == 400
        name = query.split("=")[0]
        assert response.json() == unknown(name, known)

    def test_every_bad_parameter_is_named_at_once(self, get):
        response = get(CAMPAIGNS, "status=x&from_date=y&to_date=z&pages=1&page=0&limit=1001")
        assert [(each["loc"], each["type"]) for each in response.json()["detail"]] == [
            (["query", "status"], "invalid_choice"),
            (["query", "from_date"], "invalid_date"),
            (["query", "to_date"], "invalid_date"),
            (["query", "pages"], "unknown_parameter"),
            (["query", "page"], "invalid_integer"),
            (["query", "limit"], "invalid_integer"),
        ]


class TestMethodsAndRoutes:
    @BOTH
    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "trace"])
    @pytest.mark.parametrize("with_key", [True, False])
    def test_other_methods_are_not_allowed(self, workspace, url, method, with_key):
        headers = {"X-API-Key": new_key(workspace=workspace)} if with_key else {}
        response = getattr(Client(), method)(url, headers=headers)
        assert response.status_code == 405
        assert response["Allow"] == "GET, HEAD, OPTIONS"

    @pytest.mark.core
    @BOTH
    def test_head_answers_as_get_without_a_body(self, workspace, url):
        client = Client(headers={"X-API-Key": new_key(workspace=workspace)})
        head, get = client.head(url), client.get(url)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers == get.headers

    @pytest.mark.core
    @pytest.mark.parametrize(
        ("url", "name"), [(CAMPAIGNS, "Campaign Analytics List"), (TIMELINE, "Timeline")]
    )
    def test_options_describes_the_endpoint(self, workspace, url, name):
        response = Client(headers={"X-API-Key": new_key(workspace=workspace)}).options(url)
        assert response.status_code == 200
        assert response["Allow"] == "GET, HEAD, OPTIONS"
        described = response.json()
        del described["description"]
        assert described == {
            "name": name,
            "renders": ["application/json", "text/csv"],
            "parses": ["application/json"],
        }

    @pytest.mark.core
    @pytest.mark.parametrize(
        "url",
        [
            f"{CAMPAIGNS}/",
            f"{TIMELINE}/",
            f"{CAMPAIGNS}%0A",
            f"{CAMPAIGNS}.json",
            CAMPAIGNS.removesuffix("analytics/campaigns"),
        ],
    )
    def test_any_other_path_is_not_found(self, get, url):
        response = get(url)
        assert (response.status_code, response["Content-Type"]) == (404, "application/json")
        assert response.json() == {"detail": "Not found."}

    @BOTH
    def test_an_answer_is_for_its_caller_alone(self, get, url):
        response = get(url)
        assert response["Cache-Control"] == "private, no-cache"
        assert "X-API-Key" in response["Vary"].split(", ")


class TestKeysAndScopes:
    def ask(self, url, key):
        return Client().get(url, headers={"X-API-Key": key})

    @pytest.mark.core
    @BOTH
    @pytest.mark.parametrize("scope", ["campaigns:read", "campaigns:all", "*"])
    def test_a_key_with_a_covering_scope_is_let_in(self, url, scope):
        assert self.ask(url, new_key(scopes=["orders:read", scope])).status_code == 200

    @pytest.mark.core
    @BOTH
    @pytest.mark.parametrize("scope", ["campaigns:write", "orders:read", "orders:all"])
    def test_a_key_without_the_scope_is_403_and_told_which(self, url, scope):
        response = self.ask(url, new_key(scopes=[scope]))
        assert response.status_code == 403
        assert response.json() == {
            "detail": 'The API key lacks the scope "campaigns:read".',
            "error": "insufficient_scopes",
            "required": ["campaigns:read"],
            "granted": [scope],
        }

    @pytest.mark.core
    @BOTH
    def test_a_missing_key_is_401(self, url):
        response = Client().get(url)
        assert response.status_code == 401
        assert response["WWW-Authenticate"] == 'ApiKey realm="api"'
        assert response.json() == {"detail": "Authentication credentials were not provided."}


@pytest.mark.parametrize(
    ("row", "sent"),
    [
        ({}, "{key}x"),
        ({}, ""),
        ({}, "{key},{key}"),
        ({}, "not a key"),
        ({}, "k\u00e9y"),
        ({"expires_at": instant("2024-01-01")}, "{key}"),
        ({"revoked_at": instant("2024-01-01")}, "{key}"),
        (None, "{key}"),
    ],
    ids=["mistyped", "empty", "two", "malformed", "not ASCII", "expired", "revoked", "unknown"],
)
@BOTH
def test_a_bad_key_is_401_and_all_are_told_the_same(url, row, sent):
    key = crypto.generate() if row is None else new_key(**row)
    response = Client().get(url, headers={"X-API-Key": sent.format(key=key)})
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'ApiKey realm="api"'
    assert response.json() == {"detail": "The API key is not valid."}
