"""The page that shows the API, seen by a browser under the site's own security policy."""

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.support.wait import WebDriverWait

from campaigns.models import EventKind
from campaigns.recording import Event, record_events
from tests.browser.policy import API_PAGE
from tests.factories import CampaignFactory, new_key

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def campaign():
    campaign = CampaignFactory()
    now = datetime.now(UTC)
    kinds = (EventKind.SENT, EventKind.OPENED)
    events = [Event(campaign.pk, "m", kind, now) for kind in kinds]
    record_events(workspace=campaign.workspace, events=events)
    return campaign


def test_the_page_shows_both_endpoints_and_breaks_no_rule(browser):
    browser.open(API_PAGE)
    WebDriverWait(browser.driver, 20).until(lambda _: "What happened day by day" in browser.text)
    for shown in ("OAS 3.1", "/analytics/campaigns", "/analytics/campaigns/timeline", "Authorize"):
        assert shown in browser.text
    browser.find("#operations-analytics-timeline .opblock-summary-control").click()
    WebDriverWait(browser.driver, 20).until(lambda _: "The window's last day" in browser.text)
    assert browser.problems() == []
    loaded = browser.driver.execute_script(
        "return performance.getEntriesByType('resource').map(each => each.name)"
    )
    assert len(loaded) >= 4
    assert [url for url in loaded if not url.startswith((browser.url, "data:"))] == []


def test_the_page_follows_the_theme(browser):
    browser.open(API_PAGE)
    WebDriverWait(browser.driver, 20).until(lambda _: "What happened day by day" in browser.text)
    for theme in ("light", "dark", "light"):
        browser.choose_theme(theme)
        expected = "rgb(28, 32, 34)" if theme == "dark" else "rgba(0, 0, 0, 0)"
        WebDriverWait(browser.driver, 20).until(
            lambda _, expected=expected: _background(browser) == expected
        )


def _background(browser):
    return browser.driver.execute_script(
        "return getComputedStyle(document.querySelector('.swagger-ui')).backgroundColor"
    )


def test_trying_an_endpoint_as_it_stands_answers_with_data(browser, campaign):
    """Nothing is filled in beforehand that would ask for a time without any data."""
    browser.open(API_PAGE)
    WebDriverWait(browser.driver, 20).until(lambda _: "What happened day by day" in browser.text)
    browser.find("#operations-analytics-timeline .opblock-summary-control").click()
    WebDriverWait(browser.driver, 20).until(lambda _: browser.all(".try-out__btn"))
    browser.find(".try-out__btn").click()
    fields = browser.all("#operations-analytics-timeline .parameters input")
    assert {field.get_attribute("value") for field in fields} == {""}
    browser.screenshot("docs")
    browser.find(".btn.authorize").click()
    browser.find(".auth-container input").send_keys(new_key(workspace=campaign.workspace))
    browser.find(".auth-container .authorize").click()
    browser.find(".auth-container .btn-done").click()
    browser.find(".btn.execute").click()
    browser.until(lambda: bool(browser.all(".live-responses-table .language-json")))
    days = json.loads(browser.find(".live-responses-table .language-json").text)["timeline"]
    assert [(day["sent"], day["opened"]) for day in days[-1:]] == [(1, 1)]


# Of a text's own colour and the nearest that is painted behind it, as WCAG 2 counts.
CONTRAST = """
    const light = (colour) => {
      const [r, g, b] = colour.match(/[\\d.]+/g).map((part) => {
        const share = part / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const painted = (element) => {
      const colour = element ? getComputedStyle(element).backgroundColor : "rgb(255, 255, 255)";
      return /^rgb\\(/.test(colour) ? colour : painted(element.parentElement);
    };
    return [...document.querySelectorAll(arguments[0])].map((element) => {
      const text = light(getComputedStyle(element).color), behind = light(painted(element));
      return (Math.max(text, behind) + 0.05) / (Math.min(text, behind) + 0.05);
    });
"""
TEXTS = [
    ".version",
    ".info .url",
    ".authorize span",
    ".opblock-summary-method",
    ".btn.cancel",
    ".btn.execute",
    ".header-col",
    ".parameter__in",
    ".opblock-section-header h4",
    ".microlight span",
]


def test_everything_on_it_has_a_name_and_can_be_read(browser):
    browser.open(API_PAGE)
    browser.until(lambda: "What happened day by day" in browser.text)
    assert [main.get_attribute("id") for main in browser.all("main")] == ["operations"]
    assert [heading.text.split("\n")[0] for heading in browser.all("h1")] == ["Campaign analytics"]
    for summary in browser.all(".opblock-summary-control"):
        summary.click()
    browser.until(lambda: len(browser.all(".try-out__btn")) == 5)
    for button in browser.all(".try-out__btn"):
        browser.driver.execute_script("arguments[0].click()", button)
    browser.until(lambda: len(browser.all(".btn.execute")) == 5)
    lists = [each for each in browser.all("select, textarea") if each.is_displayed()]
    assert len(lists) > 20
    assert [each.get_attribute("outerHTML") for each in lists if not each.accessible_name] == []
    for theme in ("light", "dark"):
        browser.choose_theme(theme)
        is_dark = theme == "dark"
        browser.until(lambda is_dark=is_dark: bool(browser.all("html.dark-mode")) == is_dark)
        faint = {}

        def readable(faint=faint):
            faint.clear()
            for texts in TEXTS:
                lowest = min(browser.driver.execute_script(CONTRAST, texts))
                faint.update({texts: lowest} if lowest < 4.5 else {})
            return not faint

        with suppress(TimeoutException):
            browser.until(readable)  # Swagger UI fades from one colour to the other
        assert faint == {}, theme
