"""The page of one campaign, and campaigns drawn together."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.admin import AdminSite
from django.contrib.auth.models import Permission
from django.test import Client, override_settings
from django.urls import path

from analytics.dashboard.campaign_page import place
from analytics.dashboard.page import DashboardAdmin
from analytics.models import Dashboard
from campaigns.models import Campaign
from tests.analytics.dashboards import (
    API,
    PAGE,
    Page,
    ask_api,
    launched,
    read_timeline,
    record,
    viewer,
)
from tests.factories import CampaignFactory, WorkspaceFactory

pytestmark = pytest.mark.django_db

WINDOW = {"from_date": "2024-01-01", "to_date": "2024-03-31"}
own_site = AdminSite(name="office")
own_site.register(Dashboard, DashboardAdmin)
urlpatterns = [path("office/", own_site.urls)]


@pytest.fixture
def workspace():
    """Six campaigns; "Lucky" sent one mail, which was opened."""
    workspace = WorkspaceFactory(name="Acme")
    for number, name in enumerate(["A", "B", "C", "D", "E"]):
        campaign = launched(workspace, name, f"2024-01-{10 + number}")
        record(campaign, "2024-02-01", sent=100 + number, opened=10 * number, bounced=5 - number)
        record(campaign, "2024-02-09", sent=10, opened=3, clicked=1)
    record(launched(workspace, "Lucky", "2024-01-20"), "2024-02-02", sent=1, opened=1)
    record(launched(WorkspaceFactory(), "Foreign", "2024-01-15"), "2024-01-15", sent=900, opened=9)
    return workspace


@pytest.fixture
def client(django_user_model):
    return viewer(django_user_model)


def campaign(name):
    return Campaign.objects.get(name=name)


def address(name):
    return f"{PAGE}campaigns/{campaign(name).pk}/"


@pytest.fixture
def show(client, workspace):
    def ask(name, **parameters):
        answer = client.get(address(name), {**WINDOW, **parameters})
        assert answer.status_code == 200
        return Page(answer.content.decode())

    return ask


@pytest.fixture
def compare(client, workspace):
    def ask(*names, **parameters):
        ids = [str(campaign(name).pk) for name in names]
        asked = {"workspace": workspace.pk, **WINDOW, "compare": ids, **parameters}
        answer = client.get(f"{PAGE}compare/", asked)
        assert answer.status_code == 200
        return Page(answer.content.decode())

    return ask


def places(page):
    return {row[0]: row[1:] for row in page.tables["mm-places-table"][1:]}


def query_of(page, text):
    """The parameters of the first link with that in its address."""
    found = (attrs["href"] for tag, attrs in page.tags if tag == "a" and "href" in attrs)
    return parse_qs(urlsplit(next(each for each in found if text in each)).query)


class TestCampaign:
    @pytest.mark.parametrize("interval", ["", "day", "week", "month"])
    def test_its_figures_and_days_are_those_of_the_api(self, show, workspace, interval):
        api = ask_api(workspace)
        one = {"campaign_id": str(campaign("C").pk)}
        page = show("C", interval=interval)
        (row,) = api(activity_from="2024-01-01", activity_to="2024-03-31", **one)["campaigns"]
        by = {"interval": interval or "day"}
        days = api(f"{API}/timeline", **WINDOW, **one, **by)["timeline"]
        assert page.kpis["Sent"] == str(row["total_sent"]) == "112"
        assert page.kpis["Open rate"] == f"{row['open_rate']:.2%}"
        assert read_timeline(page) == days
        for kind in ("sent", "opened", "replied", "bounced"):
            assert sum(day[kind] for day in days) == row[f"total_{kind}"]

    def test_its_place_is_among_those_that_sent_enough(self, show):
        page = show("E", rank_least_sent="50")
        assert places(page)["Open rate"] == ["43", "37.72%", "20.54%", "1 of 5, highest first"]
        assert places(page)["Bounce rate"][-1] == "1 of 5, lowest first"
        assert places(show("A"))["Open rate"][-1] == "5 of 5, highest first"
        assert places(show("A"))["Click rate"][-1] == "1 of 5, highest first"
        assert places(show("E", rank_least_sent="1"))["Open rate"][-1] == "2 of 6, highest first"

    def test_one_that_sent_too_few_has_no_place(self, show):
        page = show("Lucky")
        assert places(page)["Open rate"] == ["1", "100.00%", "20.54%", "–"]
        assert any("This one sent 1 and has no place" in text for text in page.texts["p"])
        assert places(show("Lucky", rank_least_sent="1"))["Open rate"][-1] == (
            "1 of 6, highest first"
        )

    def test_without_mail_there_are_dashes(self, show, workspace):
        CampaignFactory(workspace=workspace, name="Draft")
        assert places(show("Draft"))["Open rate"] == ["0", "–", "20.54%", "–"]

    @pytest.mark.parametrize(
        ("rate", "rates", "low", "expected"),
        [(0.5, [0.5], False, 1), (0.2, [0.5, 0.2, 0.2], False, 2), (0.2, [0.5, 0.2, 0.1], True, 2)],
    )
    def test_equal_rates_share_a_place(self, rate, rates, low, expected):
        assert place(rate, rates, low=low) == expected

    def test_the_way_back_keeps_the_choice_of_the_dashboard(self, client, workspace, show):
        chosen = {**WINDOW, "status": "COMPLETED", "sort_by": "name", "page": "1", "search": "a"}
        asked = {"workspace": str(workspace.pk), **chosen}
        there = Page(client.get(PAGE, asked).content.decode())
        expected = {name: [value] for name, value in asked.items()}
        assert query_of(there, f"campaigns/{campaign('A').pk}/") == expected
        assert query_of(show("A", **chosen, rank_least_sent="7"), PAGE + "?") == expected

    def test_it_is_reached_from_the_admin_and_leads_there(self, client, show):
        link = address("A") + "?from_date=2024-01-10&to_date=2024-04-08"
        listed = "/admin/mailmetrics_campaigns/campaign/"
        url = f"{listed}{campaign('A').pk}/change/"
        for page in (listed, url):
            tags = Page(client.get(page).content.decode()).tags
            (named,) = [attrs for tag, attrs in tags if attrs.get("href") == link]
            assert page == url or named["aria-label"] == "A in the dashboard"
        assert url in [attrs.get("href") for _, attrs in show("A").tags]

    def test_who_may_not_see_it_is_not_led_there(self, client, show, django_user_model):
        staff = django_user_model.objects.get(username="staff")
        staff.user_permissions.remove(Permission.objects.get(codename="view_workspace"))
        html = client.get("/admin/mailmetrics_campaigns/campaign/").content.decode()
        assert ">A</a>" in html
        assert PAGE not in html
        assert "column-numbers" not in html

    def test_the_first_90_days_are_a_link(self, show):
        expected = {"from_date": ["2024-01-10"], "to_date": ["2024-04-08"]}
        query = query_of(show("A"), "from_date=2024-01-10")
        assert {name: query[name] for name in expected} == expected

    def test_its_days_are_a_file(self, client, show):
        (link,) = [attrs["href"] for _, attrs in show("A").tags if ".csv" in attrs.get("href", "")]
        lines = b"".join(client.get(link).streaming_content).decode().split("\r\n")
        assert len(lines) == 1 + 91 + 1
        assert lines[32] == '"2024-02-01",100,0,0,5,0.0,0.0,0.05'

    @pytest.mark.parametrize(
        ("choice", "told"),
        [
            ({"from_date": "x"}, "Enter a date as YYYY-MM-DD, not 'x'."),
            ({"rank_least_sent": "x"}, "Enter a whole number."),
            ({"interval": "year"}, "Choose one of day, week, month, not 'year'."),
        ],
    )
    def test_a_bad_choice_is_told(self, show, choice, told):
        page = show("A", **choice)
        assert told in page.texts["li"]
        assert "mm-places-table" not in page.tables

    def test_a_fixed_number_of_queries(self, show, django_assert_num_queries):
        with django_assert_num_queries(10):
            show("A")

    @override_settings(ROOT_URLCONF=__name__)
    def test_a_site_of_the_hosts_own_without_the_admin_of_campaigns(self, client, workspace):
        url = address("A").replace("/admin/", "/office/")
        html = client.get(url).content.decode()
        assert f"/office/mailmetrics_analytics/dashboard/?workspace={workspace.pk}" in html
        assert 'href="/admin/' not in html
        assert "/change/" not in html


class TestWhoMaySee:
    @pytest.fixture(params=["", "timeline.csv", "compare"])
    def url(self, request, workspace):
        if request.param == "compare":
            return f"{PAGE}compare/?compare={campaign('A').pk}&compare={campaign('B').pk}"
        return address("A") + request.param

    @pytest.mark.parametrize("kept", ["view_campaign", "view_workspace", "none"])
    def test_staff_who_may_view_both(self, client, django_user_model, url, kept):
        assert client.get(url).status_code == 200
        user = django_user_model.objects.get()
        user.user_permissions.set(Permission.objects.filter(codename=kept))
        assert client.get(url).status_code == 403

    def test_others_are_sent_to_log_in(self, url):
        assert Client().get(url).status_code == 302

    def test_get_and_head_alone(self, client, url):
        assert client.head(url).status_code == 200
        assert client.post(url).status_code == 405

    def test_no_campaign_of_a_workspace_that_is_not_offered(self, client, workspace, monkeypatch):
        offered = DashboardAdmin.get_queryset
        monkeypatch.setattr(
            DashboardAdmin,
            "get_queryset",
            lambda self, request: offered(self, request).filter(pk=workspace.pk),
        )
        for suffix in ("", "timeline.csv"):
            assert client.get(address("A") + suffix).status_code == 200
            assert client.get(address("Foreign") + suffix).status_code == 404
        unknown = "550e8400-e29b-41d4-a716-446655440000"
        assert client.get(f"{PAGE}campaigns/{unknown}/").status_code == 404


class TestComparison:
    @pytest.mark.parametrize("names", ["AB", "EDCBA"])
    def test_the_chosen_are_drawn_in_their_order(self, compare, names):
        page = compare(*names)
        assert page.tables["mm-compared-table"][0][1:] == list(names)
        titles = [text for text in page.texts["h3"] if text]
        assert titles == ["Sent", "Open rate", "Reply rate", "Bounce rate"]
        looks = {attrs["class"] for tag, attrs in page.tags if tag == "li" and "class" in attrs}
        assert {f"mm-look-{n}" for n in range(1, len(names) + 1)} <= looks

    def test_the_numbers_of_each_chart_are_a_table(self, compare, workspace):
        api = ask_api(workspace)
        page = compare("A", "B", interval="week")
        sent = page.tables["mm-sent-table"]
        assert sent[0][1:] == ["A", "B"]
        for column, name in enumerate("AB", 1):
            one = {"campaign_id": str(campaign(name).pk)}
            weeks = api(f"{API}/timeline", **WINDOW, **one, interval="week")["timeline"]
            assert [int(row[column]) for row in sent[1:]] == [week["sent"] for week in weeks]
            rates = [row[column] for row in page.tables["mm-opened-table"][1:]]
            assert rates == [f"{w['open_rate']:.2%}" if w["sent"] else "–" for w in weeks]

    @pytest.mark.parametrize("names", ["", "A", ["A", "B", "C", "D", "E", "Lucky"], ["Foreign"]])
    def test_too_few_or_too_many_are_told_and_kept(self, compare, names):
        page = compare(*names, search="a")
        number = len([name for name in names if name != "Foreign"])
        told = f"Choose two to five campaigns to draw them together; {number} are chosen."
        assert told in page.texts["p"]
        assert "mm-sent-table" not in page.tables
        back = query_of(page, PAGE + "?")
        assert back["search"] == ["a"]
        assert back.get("compare", []) == [str(campaign(name).pk) for name in names]

    def test_what_is_no_campaign_is_told(self, compare):
        page = compare(compare=["x"])
        assert any("'x' is not the id of a campaign." in text for text in page.texts["p"])

    def test_the_dashboard_keeps_the_ticks_on_every_page(self, client, workspace):
        ids = [str(campaign(name).pk) for name in "AB"]
        html = client.get(PAGE, {"compare": ids, "search": "A", **WINDOW}).content.decode()
        ticked = [
            attrs["value"]
            for tag, attrs in Page(html).tags
            if attrs.get("name") == "compare"
            and attrs.get("type") == "checkbox"
            and "checked" in attrs
        ]
        assert sorted(ticked) == sorted(ids)

    def test_a_fixed_number_of_queries(self, compare, django_assert_num_queries):
        for names in ("AB", "ABCDE"):
            # The session, the user, two for the permissions, the workspaces, the table, and one for
            # each campaign; that many are the test's own.
            with django_assert_num_queries(6 + 2 * len(names)):
                compare(*names)
