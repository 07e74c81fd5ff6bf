"""Our pages in German and Arabic, on a phone, a laptop and a large screen."""

from itertools import product

import pytest

from tests import pages
from tests.pages import PAGES

# For time's sake; the pages are the same on both.
pytestmark = pytest.mark.sqlite
# What sticks out of the page to a side, and does not stand in a box that scrolls.
STICKING_OUT = """
const width = document.documentElement.clientWidth;
const scrolls = element => {
    for (let box = element.parentElement; box; box = box.parentElement) {
        if (box.id !== 'main' && getComputedStyle(box).overflowX !== 'visible') return true;
    }
    return false;
};
return [...document.querySelectorAll('#content-main *, main *')].filter(element => {
    const {left, right, height} = element.getBoundingClientRect();
    return height && right > left && (left < -1 || right > width + 1) && !scrolls(element);
}).map(element => element.outerHTML.slice(0, 120));
"""


@pytest.fixture
def campaign(transactional_db):
    return pages.make_campaign()


@pytest.mark.parametrize("reader", [*product(["de", "ar"], [390, 1366, 2560])], ids=str)
@pytest.mark.parametrize("page", ["home", "dashboard", "dashboard of ten years"])
def test_nothing_sticks_out_of_a_page(browser, admin_user, campaign, page, reader):
    language, width = reader
    browser.log_in(admin_user)
    with browser.reading(language, width=width):
        browser.open(PAGES[page](None, campaign))
        assert browser.find("html").get_attribute("lang") == language
        assert browser.driver.execute_script(STICKING_OUT) == []
        browser.driver.execute_script(
            "document.querySelector('h1, h2').style.marginInlineEnd = '-1200px'"
        )
        assert browser.driver.execute_script(STICKING_OUT) != []
        browser.screenshot(f"{page}-{language}-{width}")


def test_time_runs_from_left_to_right_also_where_text_does_not(browser, admin_user, campaign):
    browser.log_in(admin_user)
    with browser.reading("ar", width=1366):
        browser.open(PAGES["dashboard"](None, campaign))
        assert browser.find("html").get_attribute("dir") == "rtl"
        labels = [each.location["x"] for each in browser.all("#mm-counts .mm-along text")]
        assert len(labels) > 3
        assert labels == sorted(labels)
        legend = [each.location["x"] for each in browser.all("#mm-counts .mm-legend li")]
        assert legend == sorted(legend, reverse=True)


# Where the first character of a text is, and where its last one.
ENDS = """
const [element] = arguments, text = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
let node = text.nextNode();
while (!node.data.trim()) node = text.nextNode();
const first = node.data.search(/\\S/), last = node.data.trimEnd().length - 1;
return [first, last].map(place => {
    const range = document.createRange();
    range.setStart(node, place);
    range.setEnd(node, place + 1);
    return range.getBoundingClientRect().left;
});
"""


def test_a_name_goes_by_its_own_script(browser, admin_user, campaign):
    campaign.name = "7 mails"
    campaign.save()
    browser.log_in(admin_user)
    compared = f"compare/{pages.WINDOW}&compare={campaign.pk}"
    with browser.reading("ar", width=1366):
        for address, names in {
            PAGES["dashboard"](None, campaign): "#mm-campaigns-table tbody th a",
            PAGES["campaigns"](None, campaign): "#result_list .field-name a",
            PAGES["a campaign's figures"](None, campaign): "#content > h1, .breadcrumbs bdi",
            pages.admin("analytics_dashboard_changelist") + compared: "#mm-compared-table th a",
        }.items():
            browser.open(address)
            found = browser.all(names)
            assert found
            for name in found:
                assert name.text == "7 mails"
                first, last = browser.driver.execute_script(ENDS, name)
                assert first < last
