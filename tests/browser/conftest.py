"""The site over HTTP, and a real Chromium that looks at it.

A test takes the fixture ``browser``: it is at no page and logged in as nobody. Every page is under
``Content-Security-Policy: default-src 'self'``, and a test fails at its end if the console has
told of anything, such as a violation of that, an error or a 404; what a test expects there it
takes away with ``browser.problems()``. With SCREENSHOTS=folder, ``browser.screenshot(name)`` keeps
the page in both themes.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer
from selenium.webdriver import Chrome

from tests.browser.chromium import Browser, started


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with started(tmp_path_factory.mktemp("chromium")) as chrome:
        yield chrome


@pytest.fixture
def site(transactional_db: None, settings: Any) -> Iterator[str]:
    """The URL of the running site. Not ``live_server``: that keeps one site's settings for all."""
    settings.MIDDLEWARE = [
        "tests.browser.policy.content_security_policy",
        *settings.MIDDLEWARE,
    ]
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    settings.ALLOWED_HOSTS = ["localhost"]
    server = LiveServer("localhost")
    yield server.url
    server.stop()


@pytest.fixture
def browser(chromium: Chrome, site: str) -> Iterator[Browser]:
    browser = Browser(chromium, site)
    browser.choose_theme("light")
    yield browser
    problems = browser.problems()
    browser.forget()
    assert problems == []
