"""The table of campaigns in a browser: sorted, searched, turned over, and compared from."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from selenium.webdriver.common.keys import Keys

from analytics.dashboard.table import PER_PAGE
from analytics.models import CampaignDailyTotals
from campaigns.models import Campaign, CampaignStatus, EventKind
from campaigns.recording import Event, record_events
from tests.factories import WorkspaceFactory

PAGE = "/admin/mailmetrics_analytics/dashboard/"
COLUMNS = 12
LONG = "Spring outreach to logistics companies in the Benelux, second wave " * 3


@pytest.fixture(autouse=True)
def campaigns(transactional_db):
    """Some more than a page has, the first six with mail of the last four weeks."""
    workspace, now = WorkspaceFactory(name="Acme"), datetime.now(UTC)
    made = [
        Campaign(
            workspace=workspace,
            name=f"{chr(65 + n % 26)} {n:03} {LONG if n % 9 == 0 else ''}".strip(),
            status=["ACTIVE", "COMPLETED", "DRAFT"][n % 3],
            total_leads=1000 + 7 * (n % 11),
            created_at=now - timedelta(days=n),
            launched_at=None if n % 3 == 2 else now - timedelta(days=n, hours=1),
        )
        for n in range(PER_PAGE + 10)
    ]
    Campaign.objects.bulk_create(made)
    for number, campaign in enumerate(made[:6]):
        events = []
        for n in range(40 + number):
            at, message = now - timedelta(days=n % 28), f"{number}-{n}"
            kinds = [EventKind.SENT, *[EventKind.OPENED] * (n % (2 + number) == 0)]
            events += [Event(campaign.pk, message, kind, at) for kind in kinds]
        record_events(workspace=workspace, events=events)
    return made


@pytest.fixture
def page(browser, admin_user):
    browser.log_in(admin_user)
    browser.open(PAGE)
    return browser


def names(browser):
    cells = browser.all("#mm-campaigns-table tbody th")
    return [cell.text for cell in cells]


def column(browser, number):
    script = "return [...document.querySelectorAll(arguments[0])].map(cell => cell.textContent)"
    return browser.driver.execute_script(
        script, f"#mm-campaigns-table tbody tr > :nth-child({number + 2})"
    )


def heading(browser, number):
    return browser.all("#mm-campaigns-table thead th")[number]


def numbers(texts):
    return [float(text.replace(",", "").rstrip("%")) for text in texts if text != "–"]


def test_a_click_on_each_heading_sorts_the_whole(page):
    for number in range(COLUMNS):
        for _ in range(2):
            page.follow(heading(page, number).find_element("tag name", "a"))
            order = heading(page, number).get_attribute("aria-sort")
            assert order in {"ascending", "descending"}
            cells = column(page, number)
            if number >= 4:
                values = numbers(cells)
                assert values == sorted(values, reverse=order == "descending")
                assert "–" not in cells[: len(values)]  # they come last
            elif number < 2:
                assert cells == sorted(cells, reverse=order == "descending")
        assert len(page.all("th[aria-sort]")) == 1


def test_the_search_the_pages_and_the_columns(page):
    assert page.find(".mm-extent").text == "1–50 of 60"
    page.follow(page.link("Next"))
    assert page.find(".mm-extent").text == "51–60 of 60"
    assert len(names(page)) == 10
    page.follow(page.link("Previous"))
    page.find("input[name=metrics][value=clicked]").click()
    page.fill("search", "a 0")
    page.find("[name=search]").send_keys(Keys.ENTER)
    page.until(lambda: "search=" in page.path)
    assert [name[:5] for name in names(page)] == ["A 000", "A 026", "A 052"]
    assert "CLICK RATE" in page.find("#mm-campaigns-table thead").text.upper()
    page.fill("least_sent", "40")
    page.follow(page.button("Filter the table"))
    assert [name[:5] for name in names(page)] == ["A 000"]
    assert page.find(".mm-extent").text.startswith("1–1 of 1 All of these: 40 sent")
    page.follow(page.link("Reset the table"))
    assert page.find(".mm-extent").text == "1–50 of 60"


def tick(page, *campaigns):
    for campaign in campaigns:
        page.find(f".mm-table input[value='{campaign.pk}']").click()


def compared(page):
    return parse_qs(urlsplit(page.path).query).get("compare", [])


def test_campaigns_are_ticked_on_two_pages_and_drawn_together(page, campaigns):
    tick(page, campaigns[0])
    page.follow(page.link("Next"))
    tick(page, campaigns[55])
    page.follow(heading(page, 0).find_element("tag name", "a"))
    page.follow(page.button("Compare the ticked campaigns"))
    assert sorted(compared(page)) == sorted(str(campaigns[n].pk) for n in (0, 55))
    assert len(page.all(".mm-chart")) == 4
    markers = {line.get_attribute("d") for line in page.all("#mm-sent .mm-legend path.mm-marker")}
    assert len(markers) == 2
    page.find("#mm-sent ~ details summary").click()
    assert len(page.all("#mm-sent-table tbody tr")) == 90
    page.screenshot("dashboard-comparison")
    page.follow(page.link("All campaigns in the dashboard"))
    assert len(page.all("input[name=compare]:checked")) == 2


@pytest.mark.parametrize("count", [0, 1, 6])
def test_too_few_or_too_many_are_told_and_can_be_mended(page, campaigns, count):
    tick(page, *campaigns[:count])
    page.follow(page.button("Compare the ticked campaigns"))
    told = f"Choose two to five campaigns to draw them together; {count} are chosen."
    assert page.find(".errornote").text == told
    assert page.all(".mm-chart") == []
    if count > 5:
        tick(page, campaigns[0])
        page.follow(page.button("Compare the ticked campaigns"))
        assert len(page.all(".mm-chart")) == 4
    else:
        page.follow(page.link("All campaigns in the dashboard"))
        assert len(page.all("input[name=compare]:checked")) == count


def test_it_is_used_by_the_keyboard_alone(page, campaigns):
    heading(page, 5).find_element("tag name", "a").send_keys(Keys.ENTER)
    page.until(lambda: "sort_by=total_sent" in page.path)
    for campaign in campaigns[:2]:
        page.find(f"#mm-campaigns-table input[value='{campaign.pk}']").send_keys(Keys.SPACE)
    page.button("Compare the ticked campaigns").send_keys(Keys.ENTER)
    page.until(lambda: len(page.all(".mm-chart")) == 4)
    assert len(compared(page)) == 2


def test_a_campaign_has_a_page_and_a_way_back(page, campaigns):
    page.fill("search", "b 001")
    page.follow(page.button("Filter the table"))
    page.follow(page.link(campaigns[1].name))
    assert page.find("h1").text == campaigns[1].name
    assert len(page.all(".mm-chart")) == 2
    page.fill("rank_least_sent", "10")
    page.follow(page.button("Show"))
    first = page.all("#mm-places-table tbody tr")[0].text
    assert first.endswith("2 of 6, highest first")
    page.screenshot("dashboard-campaign")
    page.follow(page.link("The campaign in the admin"))
    page.follow(page.all(".field-dashboard a")[0])
    page.follow(page.link("All campaigns in the dashboard"))
    assert page.find("h1").text == "Dashboard"


@pytest.mark.parametrize("width", [390, 1366, 2560])
def test_no_page_is_wider_than_the_screen(page, campaigns, width):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    ids = "&".join(f"compare={campaign.pk}" for campaign in campaigns[:5])
    try:
        for address in ("", f"campaigns/{campaigns[0].pk}/", f"compare/?{ids}"):
            page.open(PAGE + address)
            script = "return document.documentElement.scrollWidth"
            assert page.driver.execute_script(script) <= width
            # The header of the table stays where it is as the rows go by.
            if not address:
                script = (
                    "const box = document.querySelector('.mm-tall'); box.scrollTop = 300;"
                    "const head = box.querySelector('thead th').getBoundingClientRect();"
                    "return head.top - box.getBoundingClientRect().top"
                )
                assert abs(page.driver.execute_script(script)) < 3
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_no_campaign_s_name_is_above_the_names_of_the_figures(page, campaigns):
    ids = "&".join(f"compare={campaign.pk}" for campaign in campaigns[:5])
    script = (
        "const table = document.getElementById('mm-compared-table');"
        "table.closest('.mm-scroll').scrollLeft = 200;"
        "table.scrollIntoView();"
        "const {left, right} = table.querySelector('tbody th').getBoundingClientRect();"
        "const {top, bottom} = table.tHead.getBoundingClientRect();"
        "return document.elementFromPoint((left + right) / 2, (top + bottom) / 2).localName"
    )
    with page.screen(600):
        page.open(f"{PAGE}compare/?{ids}")
        assert page.driver.execute_script(script) == "td"


@pytest.fixture
def millions(campaigns):
    """Numbers and words as long as they come, in every row."""
    now = datetime.now(UTC)
    kinds = dict.fromkeys(("sent", "opened", "replied", "bounced"), 1_234_567)
    CampaignDailyTotals.objects.all().delete()
    CampaignDailyTotals.objects.bulk_create(
        CampaignDailyTotals(workspace=each.workspace, campaign=each, day=now.date(), **kinds)
        for each in campaigns
    )
    Campaign.objects.update(
        total_leads=1_234_567,
        status=CampaignStatus.COMPLETED,
        created_at=now.replace(month=9, day=29),
        launched_at=now.replace(month=9, day=29),
    )


@pytest.mark.usefixtures("millions")
@pytest.mark.parametrize("sidebar", [True, False], ids=["sidebar", "no sidebar"])
@pytest.mark.parametrize("language", ["en", "de", "ar"])
def test_all_columns_are_on_a_small_screen(browser, admin_user, language, sidebar):
    browser.log_in(admin_user)
    with browser.reading(language, width=1366):
        browser.open(PAGE)
        if not sidebar:
            browser.find("#toggle-nav-sidebar").click()
        assert browser.find("#nav-sidebar").is_displayed() == sidebar
        script = (
            "const box = document.querySelector('.mm-tall');"
            "return [box.scrollWidth - box.clientWidth,"
            " document.documentElement.scrollWidth - document.documentElement.clientWidth]"
        )
        assert browser.driver.execute_script(script) == [0, 0]
        assert len(browser.all("#mm-campaigns-table thead th")) == COLUMNS
        browser.screenshot(f"dashboard-table-{language}{'' if sidebar else '-no-sidebar'}")
        if not sidebar:
            browser.find("#toggle-nav-sidebar").click()


@pytest.mark.usefixtures("millions")
def test_names_wrap_and_numbers_stand_in_line(page):
    with page.screen(1366):
        first = page.all("#mm-campaigns-table tbody tr:first-child > *")
        assert first[1].rect["height"] > 30  # pixels, so more than one line
        assert [cell.text for cell in first[5:10]] == ["1,234,567"] * 5
        assert {cell.value_of_css_property("text-align") for cell in first[5:]} == {"end"}
