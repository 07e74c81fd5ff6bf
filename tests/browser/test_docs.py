"""The page that shows the API, seen by a browser under the site's own security policy."""

import pytest
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser.policy import API_PAGE

pytestmark = pytest.mark.django_db(transaction=True)


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


def test_trying_an_endpoint_as_it_stands_answers_with_data(browser):
    """Nothing is filled in beforehand that would ask for a time without any data."""
    browser.open(API_PAGE)
    WebDriverWait(browser.driver, 20).until(lambda _: "What happened day by day" in browser.text)
    browser.find("#operations-analytics-timeline .opblock-summary-control").click()
    WebDriverWait(browser.driver, 20).until(lambda _: browser.all(".try-out__btn"))
    browser.find(".try-out__btn").click()
    fields = browser.all("#operations-analytics-timeline .parameters input")
    assert {field.get_attribute("value") for field in fields} == {""}
    browser.screenshot("docs")
