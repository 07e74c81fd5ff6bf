"""A Chromium on this machine, with the driver that fits it."""

import shutil
from typing import NamedTuple

from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.selenium_manager import SeleniumManager

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Binaries(NamedTuple):
    browser: str
    driver: str


def find_browser() -> Binaries | None:
    """The one that is installed, or else what `tests.preflight` has let Selenium fetch."""
    return installed_browser() or downloaded_browser("--offline")


def installed_browser() -> Binaries | None:
    browser = next(filter(None, map(shutil.which, NAMES)), None)
    driver = shutil.which("chromedriver")
    return Binaries(browser, driver) if browser and driver else None


def downloaded_browser(*options: str) -> Binaries | None:
    """From the cache of Selenium's manager, which fills it unless it is ``--offline``."""
    arguments = ["--browser", "chrome", "--avoid-stats", *options]
    try:
        paths = SeleniumManager().binary_paths(arguments)
    except WebDriverException:
        return None
    found = Binaries(paths["browser_path"], paths["driver_path"])
    return found if all(found) else None
