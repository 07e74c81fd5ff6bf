"""axe-core on every page of ours, in both themes."""

import pytest
from selenium.webdriver.support.wait import WebDriverWait

from tests import pages
from tests.browser.accessibility import violations
from tests.browser.policy import API_PAGE
from tests.pages import PAGES, admin

# For time's sake; the pages are the same on both.
pytestmark = pytest.mark.sqlite
THEMES = ("light", "dark")
# What is not ours to mend: a rule, and how the place begins where it is broken.
NOT_OURS = [
    # The search of a list is named by a picture and a title alone.
    ("label-title-only", "#searchbar "),
    # The breadcrumbs' links are told from the last of them by their colour.
    ("link-in-text-block", ".breadcrumbs "),
]
# Swagger UI's markup, inside of our page: its headings skip a level, its operations are buttons
# with buttons inside, and its landmark "main" leaves out what stands above them.
SWAGGERS = {"heading-order", "nested-interactive", "region"}


def of_ours(browser):
    return [
        (rule, place)
        for rule, place in violations(browser)
        if not any(rule == known and place.startswith(where) for known, where in NOT_OURS)
    ]


@pytest.fixture
def campaign(transactional_db):
    return pages.make_campaign()


@pytest.fixture
def key(campaign):
    key = pages.make_key(campaign)
    key.campaign = campaign
    return key


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_breaks_no_rule(browser, admin_user, key, page, theme):
    browser.choose_theme(theme)
    browser.log_in(admin_user)
    browser.open(PAGES[page](key, key.campaign))
    assert of_ours(browser) == []


@pytest.mark.parametrize("theme", THEMES)
def test_the_pages_that_answer_a_form_break_none(browser, admin_user, key, theme):
    browser.choose_theme(theme)
    browser.log_in(admin_user)
    browser.open(admin("apikeys_apikey_add"))
    browser.follow(browser.button("Save"))
    assert browser.all(".errorlist")
    assert of_ours(browser) == []

    browser.open(admin("apikeys_apikey_rotate", key.pk))
    browser.follow(browser.button("Rotate"))
    assert browser.all("#api-key-text")
    assert of_ours(browser) == []

    browser.open(admin("apikeys_apikey_changelist"))
    browser.find("#action-toggle").click()
    browser.find("select[name='action'] option[value='revoke_selected']").click()
    browser.follow(browser.find("[name='index']"))
    assert browser.find("h1").text == "Revoke API keys"
    assert of_ours(browser) == []


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.django_db(transaction=True)
def test_the_page_of_the_api_breaks_none(browser, theme):
    browser.choose_theme(theme)
    browser.open(API_PAGE)
    WebDriverWait(browser.driver, 20).until(lambda _: "What happened day by day" in browser.text)
    assert {rule for rule, _ in violations(browser)} <= SWAGGERS
