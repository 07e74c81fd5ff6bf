"""The pages that nobody asks for: of a locked login, and of a database that is away."""

from itertools import product

import pytest

from tests.browser.test_accessibility import THEMES, of_ours
from tests.browser.test_languages import STICKING_OUT
from tests.sql import execute

# For time's sake; the pages are the same on both.
pytestmark = pytest.mark.sqlite
READERS = list(product(["en", "de", "ar"], [390, 1366]))


def is_fit(browser):
    return of_ours(browser) == [] and browser.driver.execute_script(STICKING_OUT) == []


def forget_the_failed_load(browser, status):
    (problem,) = browser.problems()
    assert str(status) in problem


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("reader", READERS, ids=str)
def test_the_page_of_a_locked_login(browser, admin_user, settings, reader, theme):
    settings.AXES_FAILURE_LIMIT = 1
    language, width = reader
    browser.choose_theme(theme)
    with browser.reading(language, width=width):
        browser.open("/admin/login/")
        browser.fill("username", admin_user.username)
        browser.fill("password", "wrong")
        browser.follow(browser.find("[type='submit']"))
        assert is_fit(browser)
        browser.screenshot(f"locked-{language}-{width}")
        forget_the_failed_load(browser, 429)
        browser.follow(browser.find("#content a"))
        assert browser.path == "/admin/login/"


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("reader", READERS, ids=str)
def test_the_page_of_a_database_that_is_away(browser, admin_user, reader, theme):
    language, width = reader
    browser.choose_theme(theme)
    browser.log_in(admin_user)
    execute("ALTER TABLE django_session RENAME TO elsewhere")
    try:
        with browser.reading(language, width=width):
            browser.open("/admin/")
            assert is_fit(browser)
            browser.screenshot(f"away-{language}-{width}")
            forget_the_failed_load(browser, 503)
    finally:
        execute("ALTER TABLE elsewhere RENAME TO django_session")
