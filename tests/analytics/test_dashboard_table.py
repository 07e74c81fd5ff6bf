"""The dashboard's table of campaigns: sorted and narrowed as a whole, a page at a time."""

import csv
import io
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import override_settings

from analytics.dashboard import table
from analytics.metrics import METRICS, OPTIONAL_NAMES
from campaigns.models import Campaign
from tests.analytics.dashboards import (
    API,
    PAGE,
    Page,
    ask_api,
    launched,
    read_campaigns,
    record,
    viewer,
)
from tests.factories import CampaignFactory, WorkspaceFactory

pytestmark = pytest.mark.django_db

WINDOW = {"from_date": "2024-01-01", "to_date": "2024-03-31"}
ACTIVITY = {"activity_from": "2024-01-01", "activity_to": "2024-03-31"}
SORTABLE = [
    *("name", "status", "created_at", "launched_at", "total_leads"),
    *(metric.total for metric in METRICS),
    *(metric.rate for metric in METRICS if metric.rate),
]


@pytest.fixture
def workspace():
    """Four campaigns of mail, a draft and another workspace's."""
    workspace = WorkspaceFactory(name="Acme")
    for number, (name, status) in enumerate(
        [("Spring", "ACTIVE"), ("Autumn", "COMPLETED"), ("<b>Ölwechsel", "PAUSED"), ("Q", "FAILED")]
    ):
        campaign = launched(workspace, name, f"2024-01-{10 + number}", status)
        record(
            campaign,
            "2024-02-01",
            sent=20 * (number + 1),
            opened=3 + 7 * (number % 3),
            replied=number,
            bounced=4 - number,
            clicked=2 + number,
            unsubscribed=number % 2,
            complained=1,
            machine_opened=5 - number,
        )
    record(launched(workspace, "Opened only", "2023-12-01"), "2024-01-05", opened=4)
    CampaignFactory(
        workspace=workspace,
        name="Draft",
        status="DRAFT",
        created_at=datetime(2024, 1, 2, tzinfo=UTC),
    )
    record(launched(WorkspaceFactory(), "Foreign", "2024-01-15"), "2024-01-15", sent=7)
    return workspace


@pytest.fixture
def many(workspace):
    """A hundred more of another name, each a day older, without mail."""
    first = datetime(2023, 6, 1, tzinfo=UTC)
    Campaign.objects.bulk_create(
        Campaign(workspace=workspace, name=f"Old {n}", created_at=first - timedelta(days=n))
        for n in range(100)
    )


@pytest.fixture
def client(django_user_model):
    return viewer(django_user_model)


@pytest.fixture
def show(client, workspace):
    def ask(**parameters):
        answer = client.get(PAGE, {"workspace": workspace.pk, **WINDOW, **parameters})
        assert answer.status_code == 200
        return Page(answer.content.decode())

    return ask


@pytest.fixture
def api(workspace):
    return ask_api(workspace)


def names(page):
    return [row["campaign_name"] for row in read_campaigns(page)]


def links(page, text=""):
    """The addresses of the page's links that have the text in them."""
    return [
        attrs["href"]
        for tag, attrs in page.tags
        if tag == "a" and text in attrs.get("href", "") and "href" in attrs
    ]


def query_of(address):
    return {name: value for name, (value, *_) in parse_qs(urlsplit(address).query).items()}


def orders(page):
    """The aria-sort of each heading of the table, which is the last one of the page."""
    columns = len(page.tables["mm-campaigns-table"][0]) - 1
    headings = [attrs for tag, attrs in page.tags if tag == "th" and attrs.get("scope") == "col"]
    return [attrs.get("aria-sort") for attrs in headings[-columns:]]


def heading_links(page):
    own = (each for each in links(page, "sort_by=") if each.endswith("#mm-campaigns"))
    return [each for each in own if "page=" not in each]


def follow(client, address):
    answer = client.get(PAGE + address.partition("#")[0])
    assert answer.status_code == 200
    return Page(answer.content.decode())


class TestSorting:
    @pytest.mark.parametrize("order", ["asc", "desc"])
    @pytest.mark.parametrize("sort_by", SORTABLE)
    def test_each_column_sorts_the_whole(self, show, api, sort_by, order):
        page = show(sort_by=sort_by, sort_order=order, metrics=OPTIONAL_NAMES)
        listed = [row[1] for row in page.tables["mm-campaigns-table"][1:]]
        if sort_by == "status":
            statuses = [row[2] for row in page.tables["mm-campaigns-table"][1:]]
            assert statuses == sorted(statuses, reverse=order == "desc")
            return
        asked = {"sort_by": sort_by, "sort_order": order, "metrics": ",".join(OPTIONAL_NAMES)}
        rows = api(**ACTIVITY, **asked)["campaigns"]
        if sort_by.endswith("_rate"):
            rows.sort(key=lambda row: row["total_sent"] == 0)  # these have no rate
        assert listed == [row["campaign_name"] for row in rows]

    @pytest.mark.parametrize("sort_by", SORTABLE)
    def test_a_heading_leads_to_its_column_sorted_and_says_how_it_is(self, show, client, sort_by):
        column = SORTABLE.index(sort_by)
        unsorted = show(metrics=OPTIONAL_NAMES)
        assert orders(unsorted)[SORTABLE.index("created_at")] == "descending"
        once = follow(client, heading_links(unsorted)[column])
        twice = follow(client, heading_links(once)[column])
        seen = [
            {place: order for place, order in enumerate(orders(page)) if order}
            for page in (once, twice)
        ]
        ups_first = sort_by in {"name", "status", "created_at"}
        expected = ["ascending", "descending"] if ups_first else ["descending", "ascending"]
        assert seen == [{column: order} for order in expected]

    def test_a_hidden_column_does_not_sort(self, show):
        assert names(show(sort_by="click_rate")) == names(show())

    def test_where_nothing_was_sent_there_is_no_rate(self, show):
        page = show(metrics="clicked")
        cells = {row[1]: row[6:] for row in page.tables["mm-campaigns-table"][1:]}
        assert cells["Opened only"] == ["0", "4", "0", "0", "0", "–", "–", "–", "–"]
        assert cells["Draft"] == ["0", "0", "0", "0", "0", "–", "–", "–", "–"]
        assert cells["Spring"] == ["20", "3", "0", "4", "2", "15.00%", "0.00%", "20.00%", "10.00%"]


class TestColumns:
    def test_the_launch_stands_beside_the_creation(self, show):
        page = show()
        assert page.tables["mm-campaigns-table"][0][1:6] == [
            *("Name", "Status", "Created", "Launched", "Leads"),
        ]
        cells = {row[1]: row[3:5] for row in page.tables["mm-campaigns-table"][1:]}
        assert cells["Spring"] == ["2024-01-09", "2024-01-10"]
        assert cells["Draft"] == ["2024-01-02", "–"]

    def test_the_launch_is_a_day_of_the_workspace(self, show, workspace):
        workspace.time_zone = "America/New_York"
        workspace.save()
        cells = {row[1]: row[3:5] for row in show().tables["mm-campaigns-table"][1:]}
        assert cells["Spring"] == ["2024-01-08", "2024-01-09"]

    @pytest.mark.parametrize("metrics", [(), ("clicked",), ("machine_opened", "complained")])
    def test_counts_and_rates_that_are_chosen_follow_the_others(self, show, api, metrics):
        page = show(metrics=metrics)
        chosen = [name for name in OPTIONAL_NAMES if name in metrics]
        labels = {
            "clicked": ("Clicked", "Click rate"),
            "complained": ("Complained", "Complaint rate"),
            "machine_opened": ("Machine opened", "Machine open rate"),
        }
        heads = page.tables["mm-campaigns-table"][0][6:]
        assert heads == [
            *("Sent", "Opened", "Replied", "Bounced"),
            *(labels[name][0] for name in chosen),
            *("Open rate", "Reply rate", "Bounce rate"),
            *(labels[name][1] for name in chosen),
        ]
        asked = {"metrics": ",".join(chosen)} if chosen else {}
        rows = {row["campaign_name"]: row for row in api(**ACTIVITY, **asked)["campaigns"]}
        for cells in page.tables["mm-campaigns-table"][1:]:
            for name, count in zip(chosen, cells[10 : 10 + len(chosen)], strict=True):
                assert int(count) == rows[cells[1]][f"total_{name}"]


class TestNarrowing:
    @pytest.mark.parametrize(
        ("search", "found"),
        [("spring", ["Spring"]), ("ÖL", ["<b>Ölwechsel"]), ("(", []), ("U", ["Autumn"])],
    )
    def test_the_search_finds_a_part_of_the_name_in_any_case(self, show, api, search, found):
        assert names(show(search=search)) == found
        rows = api(search=search)["campaigns"]
        assert [row["campaign_name"] for row in rows] == found

    @pytest.mark.parametrize(("least", "count"), [("0", 6), ("1", 4), ("40", 3), ("81", 0)])
    def test_the_least_number_of_sends(self, show, least, count):
        page = show(least_sent=least)
        assert len(read_campaigns(page)) == count
        assert all(row["total_sent"] >= int(least) for row in read_campaigns(page))

    def test_the_page_goes_on_about_all_campaigns_and_the_table_sums_its_own(self, show):
        page = show(search="spring", least_sent="1")
        assert page.kpis["Campaigns"] == "6"
        assert page.kpis["Sent"] == "200"
        (extent,) = [text for text in page.texts["p"] if "1–1 of 1" in text]
        assert extent == (
            "1–1 of 1 All of these: 20 sent, open rate 15.00%, reply rate 0.00%, "
            "bounce rate 20.00%."
        )

    def test_nothing_found_is_said(self, show):
        page = show(search="nothing like it")
        assert "There is no such campaign." in page.texts["p"]
        assert "mm-campaigns-table" not in page.tables

    def test_it_goes_with_the_pages_own_choice(self, show):
        assert names(show(status="PAUSED", least_sent="1")) == ["<b>Ölwechsel"]
        assert names(show(status="DRAFT", least_sent="1")) == []

    def test_the_sums_of_the_rows_are_those_of_the_page_and_the_api(self, show, api):
        for choice in ({}, {"status": "ACTIVE"}):
            page = show(**choice)
            rows, kpis = read_campaigns(page), api(**ACTIVITY, **choice)["workspace_kpis"]
            assert sum(row["total_sent"] for row in rows) == kpis["total_sends"]
            assert page.kpis["Sent"] == str(kpis["total_sends"])
            days = api(f"{API}/timeline", **WINDOW, **choice)["timeline"]
            for kind in ("sent", "opened", "replied", "bounced"):
                assert sum(row[f"total_{kind}"] for row in rows) == sum(day[kind] for day in days)


@pytest.mark.usefixtures("many")
class TestPages:
    def test_each_campaign_is_on_one_page(self, show, client):
        page, seen, extents = show(), [], []
        while page:
            seen += names(page)
            extents += [text for text in page.texts["p"] if " of 106" in text]
            following = [attrs for tag, attrs in page.tags if attrs.get("rel") == "next"]
            address = following and following[0]["href"]
            page = address and follow(client, address)
        assert len(seen) == len(set(seen)) == 106
        assert seen[-1] == "Old 99"
        assert extents == ["1–50 of 106", "51–100 of 106", "101–106 of 106"]

    def test_the_page_has_few_rows_and_the_figures_are_of_all(self, show):
        page = show()
        assert len(read_campaigns(page)) == table.PER_PAGE
        assert (page.kpis["Campaigns"], page.kpis["Sent"]) == ("106", "200")

    def test_links_of_pages_keep_the_rest_and_a_new_order_begins_at_the_first(self, show):
        chosen = {"search": "old", "sort_by": "name", "sort_order": "asc", "metrics": "clicked"}
        page = show(**chosen, page="2", interval="week")
        (previous,) = [attrs["href"] for tag, attrs in page.tags if attrs.get("rel") == "prev"]
        kept = {**WINDOW, **chosen, "interval": "week"}
        kept["workspace"] = query_of(previous)["workspace"]
        assert query_of(previous) == {**kept, "page": "1"}
        by_status = next(link for link in links(page, "sort_by=status"))
        assert query_of(by_status) == {**kept, "sort_by": "status"}
        assert by_status.endswith("#mm-campaigns")

    def test_a_page_past_the_last_is_told_and_leads_back(self, show):
        page = show(page="9")
        assert "There is no page 9; the last one is 3." in page.texts["p"]
        (back,) = [attrs["href"] for tag, attrs in page.tags if attrs.get("rel") == "prev"]
        assert query_of(back)["page"] == "3"

    @override_settings(LANGUAGE_CODE="de", USE_THOUSAND_SEPARATOR=True)
    def test_addresses_are_spelled_the_same_in_every_language(self, show, workspace, monkeypatch):
        monkeypatch.setattr(table, "PER_PAGE", 1)
        Campaign.objects.bulk_create(
            Campaign(workspace=workspace, name=f"More {n}") for n in range(1500)
        )
        page = show(page="1100")
        (following,) = [attrs["href"] for tag, attrs in page.tags if attrs.get("rel") == "next"]
        assert query_of(following)["page"] == "1101"
        assert "1.100–1.100 von 1.606" in page.texts["p"]


class TestBadTableChoices:
    @pytest.mark.parametrize(
        ("choice", "told"),
        [
            ({"least_sent": "x"}, "Enter a whole number."),
            ({"least_sent": "-1"}, "Ensure this value is greater than or equal to 0."),
            ({"search": "x" * 256}, "Ensure this value has at most 255 characters (it has 256)."),
            ({"search": "\x00"}, "Null characters are not allowed."),
            ({"search": ["a", "b"]}, "Give it once."),
            ({"metrics": "sent"}, "Select a valid choice. sent is not one of the available"),
            ({"page": "0"}, "page: Ensure this value is greater than or equal to 1."),
            ({"page": "1" * 40}, "page: Ensure this value is less than or equal to 1000000."),
            ({"sort_by": "id"}, "sort_by: Select a valid choice. id is not one of the available"),
            ({"sort_order": "up"}, "sort_order: Select a valid choice. up is not one of the"),
            ({"compare": "7"}, "compare: '7' is not the id of a campaign."),
        ],
    )
    def test_it_is_told_by_the_table_and_the_rest_is_shown(self, show, choice, told):
        page = show(**choice)
        said = [*page.texts["p"], *page.texts.get("li", [])]
        assert any(told in text for text in said), said
        assert "mm-campaigns-table" not in page.tables
        assert page.kpis["Campaigns"] == "6"

    @pytest.mark.usefixtures("workspace")
    def test_a_file_is_refused_by_name(self, client):
        answer = client.get(f"{PAGE}campaigns.csv", {"least_sent": "x", "to_date": "y"})
        assert answer.status_code == 400
        assert answer.content.decode() == (
            "to_date: Enter a date as YYYY-MM-DD, not 'y'.\nleast_sent: Enter a whole number.\n"
        )


class TestFile:
    def read(self, client, **choice):
        answer = client.get(f"{PAGE}campaigns.csv", choice)
        assert answer.status_code == 200
        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text)))

    @pytest.mark.usefixtures("many")
    def test_it_has_the_tables_campaigns_and_columns_but_all_pages(self, show, client):
        choice = {"search": "o", "sort_by": "name", "metrics": ["clicked"], "page": "2"}
        page = show(**choice)
        (address,) = links(page, "campaigns.csv")
        rows = self.read(client, **parse_qs(urlsplit(address).query))
        pages = [show(**{**choice, "page": n}).tables["mm-campaigns-table"][1:] for n in "123"]
        assert [row["campaign_name"] for row in rows] == [row[1] for page in pages for row in page]
        assert len(rows) == 101
        assert {"total_clicked", "click_rate", "launched_at"} <= set(rows[0])
        assert "total_complained" not in rows[0]

    def test_it_has_the_least_number_of_sends(self, client, workspace):
        rows = self.read(client, workspace=workspace.pk, **WINDOW, least_sent="40")
        assert [row["total_sent"] for row in rows] == ["80", "60", "40"]
        assert [row["launched_at"] for row in rows] == [
            *("2024-01-13T00:00:00Z", "2024-01-12T00:00:00Z", "2024-01-11T00:00:00Z"),
        ]


class TestQueries:
    @pytest.mark.parametrize(
        "choice", [{}, {"sort_by": "total_leads"}, {"metrics": OPTIONAL_NAMES, "page": "2"}]
    )
    @pytest.mark.usefixtures("many")
    def test_it_is_one_query_whatever_the_order(self, show, django_assert_num_queries, choice):
        with django_assert_num_queries(7):
            show(**choice)

    @pytest.mark.usefixtures("many")
    def test_a_page_that_reaches_campaigns_without_mail_is_one_more(
        self, show, django_assert_num_queries
    ):
        with django_assert_num_queries(8):
            show(sort_by="open_rate")

    def test_narrowed_it_is_one_more(self, show, django_assert_num_queries):
        with django_assert_num_queries(8):
            show(search="spring")
