"""The dashboard as staff see it, under the strict policy of the fixture."""

import json
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest
from selenium.webdriver import ActionChains, Keys

from analytics.periods import utc_today
from apikeys import crypto
from campaigns.models import EventKind, Workspace
from campaigns.recording import Event, record_events
from tests.factories import APIKeyFactory, CampaignFactory, WorkspaceFactory

PAGE = "/admin/mailmetrics_analytics/dashboard/"


@pytest.fixture
def workspace(transactional_db):
    return WorkspaceFactory(name="Acme")


@pytest.fixture
def api(site, workspace):
    """Ask the running site's API with a key of the workspace."""
    key = crypto.generate()
    APIKeyFactory(workspace=workspace, key=key)

    def ask(path, **parameters):
        url = f"{site}/api/public/v1/analytics/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(urllib.request.Request(url, headers={"X-API-Key": key})) as got:
            return json.load(got)

    return ask


@pytest.fixture(autouse=True)
def mail(workspace):
    """Sixty days of it, in two campaigns."""
    today = datetime.combine(utc_today(), datetime.min.time(), UTC)
    for name, status, since in (("Spring", "COMPLETED", 60), ("Autumn", "ACTIVE", 30)):
        launched = today - timedelta(days=since)
        campaign = CampaignFactory(
            workspace=workspace, name=name, status=status, launched_at=launched, total_leads=1200
        )
        record_events(workspace=workspace, events=events(campaign, launched, since))


def events(campaign, launched, days):
    for day in range(days):
        at = launched + timedelta(days=day)
        if at.weekday() > 4:
            continue
        for n in range(20 + day % 7):
            message = f"{campaign.pk}-{day}-{n}"
            yield Event(campaign.pk, message, EventKind.SENT, at)
            if n % 3 == 0:
                yield Event(campaign.pk, message, EventKind.OPENED, at + timedelta(days=n % 2))
            if n % 8 == 0:
                yield Event(campaign.pk, message, EventKind.REPLIED, at)
            if n % 19 == 18:
                yield Event(campaign.pk, message, EventKind.BOUNCED, at)


def percent(rate):
    return f"{round(rate * 10_000) // 100}.{round(rate * 10_000) % 100:02}%"


def rows(browser, table):
    """What a reader sees in the table's body, row by row; no cell here has a space."""
    return [row.text.split() for row in browser.all(f"#{table} tbody tr")]


def counts_and_rates(row, prefix=""):
    counts = [f"{row[prefix + kind]:,}" for kind in ("sent", "opened", "replied", "bounced")]
    rates = [percent(row[f"{kind}_rate"]) for kind in ("open", "reply", "bounce")]
    return counts + (rates if row[f"{prefix}sent"] else ["–"] * 3)


def test_the_figures_are_those_of_the_api(browser, admin_user, api):
    first, last = utc_today() - timedelta(days=40), utc_today() - timedelta(days=1)
    browser.log_in(admin_user)
    browser.open("/admin/")
    browser.follow(browser.link("Dashboard"))
    assert browser.path == PAGE
    browser.find("select[name=status]").send_keys("Active")
    for name, day in (("from_date", first), ("to_date", last)):
        browser.find(f"[name={name}]").send_keys(f"{day:%m%d%Y}")
    browser.follow(browser.button("Show"))

    asked = {"status": "ACTIVE", "from_date": f"{first}", "to_date": f"{last}"}
    for name, value in asked.items():
        assert f"{name}={value}" in browser.path

    activity = {"activity_from": f"{first}", "activity_to": f"{last}"}
    campaigns = api("campaigns", status="ACTIVE", **activity)
    kpis = campaigns["workspace_kpis"]
    assert [figure.text for figure in browser.all(".mm-kpis dt + dd")] == [
        f"{kpis['total_campaigns']:,}",
        f"{kpis['total_sends']:,}",
        percent(kpis["avg_open_rate"]),
        percent(kpis["avg_reply_rate"]),
        percent(kpis["avg_bounce_rate"]),
    ]
    assert kpis["total_campaigns"] == 1
    # Between the status and the leads are two days, in words.
    assert [row[:2] + row[-8:] for row in rows(browser, "mm-campaigns-table")] == [
        [
            row["campaign_name"],
            row["status"].capitalize(),
            f"{row['total_leads']:,}",
            *counts_and_rates(row, "total_"),
        ]
        for row in campaigns["campaigns"]
    ]

    browser.find(".mm-details summary").click()
    days = api("campaigns/timeline", **asked)["timeline"]
    assert len(days) == 40
    dates = browser.all("#mm-timeline-table time")
    assert [date.get_attribute("datetime") for date in dates] == [day["date"] for day in days]
    assert [row[4:] for row in rows(browser, "mm-timeline-table")] == [
        counts_and_rates(day) for day in days
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("query", ["", "?from_date=2017-01-01&to_date=2026-12-31", "?status=x"])
def test_no_page_breaks_the_policy(browser, admin_user, theme, query):
    browser.choose_theme(theme)
    browser.log_in(admin_user)
    browser.open(PAGE + query)
    assert browser.find("h1").text == "Dashboard"
    assert browser.problems() == []


def colour(browser, selector, name):
    return browser.all(selector)[0].value_of_css_property(name)


def test_the_chart_follows_the_theme(browser, admin_user):
    browser.log_in(admin_user)
    seen = []
    for theme in ("light", "dark"):
        browser.choose_theme(theme)
        browser.open(PAGE)
        seen.append(
            {
                "line": colour(browser, ".mm-line.mm-look-2 .mm-stroke", "stroke"),
                "label": colour(browser, ".mm-along text", "fill"),
                "page": colour(browser, "body", "background-color"),
            }
        )
    light, dark = seen
    assert all(light[part] != dark[part] for part in light)

    # The admin's own switch wins over the system's preference.
    browser.choose_theme("light")
    browser.open(PAGE)
    while browser.find("html").get_attribute("data-theme") != "dark":
        browser.all(".theme-toggle")[0].click()
    assert colour(browser, ".mm-line.mm-look-2 .mm-stroke", "stroke") == dark["line"]
    browser.driver.execute_script("localStorage.removeItem('theme')")


def read_out(browser):
    """What the charts tell beside the points at this moment, in the order of the page."""
    return browser.driver.execute_script(
        "return [...document.querySelectorAll('.mm-point')]"
        ".map(point => getComputedStyle(point, '::after').content)"
        ".filter(text => text != 'none').map(text => JSON.parse(text))"
    )


def label(browser, chart, number):
    return browser.all(f"#mm-{chart} .mm-point")[number].get_attribute("aria-label")


class TestReadingAChart:
    @pytest.fixture(autouse=True)
    def page(self, browser, admin_user):
        browser.log_in(admin_user)
        browser.open(PAGE)
        assert read_out(browser) == []

    def test_by_pointer(self, browser):
        point = browser.all("#mm-counts .mm-point")[70]
        ActionChains(browser.driver).move_to_element(point).perform()
        assert read_out(browser) == [label(browser, "counts", 70)]

    def test_by_keyboard(self, browser):
        """Tab comes to a chart once; the arrow keys go from point to point."""
        first = browser.all("#mm-counts .mm-point")[0]
        browser.driver.execute_script("arguments[0].focus({focusVisible: true})", first)
        assert read_out(browser) == [label(browser, "counts", 0)]
        keys = ActionChains(browser.driver)
        keys.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT)
        keys.perform()
        assert read_out(browser) == [label(browser, "counts", 2)]
        ActionChains(browser.driver).send_keys(Keys.TAB).perform()
        here = browser.driver.switch_to.active_element
        assert here.get_attribute("name") == "mm-rates"
        assert read_out(browser) == [label(browser, "counts", 2), label(browser, "rates", 0)]

    def test_by_touch(self, browser):
        point = browser.all("#mm-rates .mm-point")[5]
        browser.tap(point)
        browser.until(point.is_selected)
        assert read_out(browser) == [label(browser, "rates", 5)]

    def test_a_point_lies_where_it_is_read(self, browser):
        """The columns to point at and the drawing have the same places."""
        places = browser.driver.execute_script(
            "const middle = each => { const box = each.getBoundingClientRect();"
            " return box.left + box.width / 2 };"
            "return ['.mm-point', '.mm-look-2 .mm-marker:not(.mm-key *)'].map(selector =>"
            " [...document.querySelectorAll('#mm-rates ' + selector)].map(middle))"
        )
        columns, markers = places
        assert len(markers) > 5
        nearest = [min(abs(marker - column) for column in columns) for marker in markers]
        assert max(nearest) < 1

    def test_each_line_differs_in_more_than_its_colour(self, browser):
        looks = browser.driver.execute_script(
            "return [...document.querySelectorAll('#mm-counts .mm-legend [class^=mm-look]')].map("
            "each => [getComputedStyle(each.querySelector('.mm-stroke')).strokeDasharray,"
            " each.querySelector('.mm-marker').getAttribute('d')])"
        )
        assert len(looks) == 4
        assert len({shape for _, shape in looks}) == 4
        assert len({dashes for dashes, _ in looks}) == 3


def test_a_preset_and_back(browser, admin_user):
    browser.log_in(admin_user)
    browser.open(PAGE)
    assert browser.find(".mm-presets [aria-current]").text == "90 days"
    browser.follow(browser.link("30 days"))
    assert browser.find(".mm-presets [aria-current]").text == "30 days"
    assert len(browser.all("#mm-counts .mm-point")) == 30
    browser.find("select[name=interval]").send_keys("Week")
    browser.follow(browser.button("Show"))
    assert browser.find("#mm-counts h3").text == "Messages by week"
    browser.follow(browser.link("Reset"))
    assert len(browser.all("#mm-counts .mm-point")) == 90


def test_of_many_workspaces_one_is_found_by_its_name(browser, admin_user):
    Workspace.objects.bulk_create(Workspace(name=f"No. {n}") for n in range(5000))
    browser.log_in(admin_user)
    browser.open(PAGE)
    assert len(browser.source) < 200_000
    browser.find(".mm-field .select2-selection").click()
    browser.find(".select2-search__field").send_keys("no. 4321")
    browser.until(
        lambda: [each.text for each in browser.all(".select2-results li")] == ["No. 4321"]
    )
    browser.screenshot("dashboard-workspaces")
    browser.find(".select2-results li").click()
    browser.follow(browser.button("Show"))
    assert browser.all("h2")[0].text == "No. 4321"


def test_without_a_script_one_is_found_too(browser, admin_user):
    Workspace.objects.bulk_create(Workspace(name=f"No. {n}") for n in range(200))
    browser.log_in(admin_user)
    with browser.without_scripts():
        browser.open(PAGE)
        browser.screenshot("dashboard-workspaces-no-script")
        browser.fill("q", "no. 123")
        browser.follow(browser.button("Search"))
        browser.follow(browser.all("#result_list .field-dashboard a")[0])
        assert browser.all("h2")[0].text == "No. 123"


@pytest.mark.parametrize("width", [2560, 1280, 390])
def test_nothing_is_wider_than_the_page(browser, admin_user, width):
    browser.log_in(admin_user)
    with browser.screen(width):
        browser.open(PAGE)
        rights = browser.driver.execute_script(
            "return [document.documentElement.scrollWidth,"
            " ...[...document.querySelectorAll('.mm-chart text')]"
            ".filter(text => getComputedStyle(text).display != 'none')"
            ".map(text => text.getBoundingClientRect().right)]"
        )
    assert len(rights) > 10
    assert max(rights) <= width


def test_a_bad_choice_is_told_beside_its_field(browser, admin_user):
    browser.log_in(admin_user)
    browser.open(f"{PAGE}?from_date=2024-02-31")
    field = browser.find(".mm-field.errors")
    assert "Enter a date as YYYY-MM-DD, not '2024-02-31'." in field.text
    assert browser.all(".mm-kpis") == []
    assert browser.all(".mm-chart") == []


def test_screenshots(browser, admin_user):
    browser.log_in(admin_user)
    for width in (2560, 1366, 390):
        with browser.screen(width):
            browser.open(PAGE)
            assert len(browser.all(".mm-chart")) == 2
            browser.screenshot(f"dashboard-{width}")
