"""A headless Chromium, and what a test does with it."""

import base64
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser.binaries import find_browser

FLAGS = (
    "--headless=new",
    "--no-sandbox",  # it has none as root and in most containers; the pages are our own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1280,900",
)
PATIENCE = 20  # seconds
WANTED = (
    "The browser tests need Chromium and its driver: `make test` says what it tried. "
    "Debian and Ubuntu: apt-get install chromium chromium-driver"
)


@contextmanager
def started(profile: Path) -> Iterator[Chrome]:
    """A browser with nothing in its profile; the test fails where there is none to start."""
    found = find_browser()
    if found is None:
        pytest.fail(WANTED, pytrace=False)
    options = ChromeOptions()
    options.binary_location = found.browser
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    # The driver is named, so that Selenium looks for none on the network.
    chrome = Chrome(options=options, service=ChromeService(executable_path=found.driver))
    chrome.set_page_load_timeout(PATIENCE)
    chrome.set_script_timeout(PATIENCE)
    try:
        yield chrome
    finally:
        chrome.quit()


class Browser:
    """One visitor of the site at ``url``; ``driver`` is Selenium's own."""

    def __init__(self, driver: Chrome, url: str) -> None:
        self.driver = driver
        self.url = url

    def open(self, path: str) -> None:
        self.driver.get(self.url + path)

    def log_in(self, user: Any) -> None:
        """Be that user from now on, without the login page."""
        client = Client()
        client.force_login(user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        self._tell(
            "Network.setCookie",
            name=cookie.key,
            value=cookie.value,
            url=self.url,
            httpOnly=True,
            sameSite="Lax",
        )

    @property
    def path(self) -> str:
        return str(self.driver.current_url).removeprefix(self.url)

    @property
    def text(self) -> str:
        """What a reader sees of the page."""
        return self.find("body").text

    @property
    def source(self) -> str:
        return str(self.driver.page_source)

    def find(self, selector: str) -> WebElement:
        """The one element with this CSS selector."""
        [found] = self.all(selector)
        return found

    def all(self, selector: str) -> list[WebElement]:
        return list(self.driver.find_elements(By.CSS_SELECTOR, selector))

    def link(self, text: str) -> WebElement:
        return self.driver.find_element(By.XPATH, f"//a[normalize-space(.)='{text}']")

    def follow(self, element: WebElement) -> None:
        """Click on what leads to another page, and wait for that."""
        left = self.find("html")
        element.click()
        # While one document gives way to another, the driver may answer with an error of its own.
        wait = WebDriverWait(self.driver, PATIENCE, ignored_exceptions=[WebDriverException])
        wait.until(staleness_of(left))

    def button(self, text: str) -> WebElement:
        """A button or submit input, by what it says, before CSS has its way with the letters."""
        said = f"normalize-space(.)='{text}' or @value='{text}'"
        path = f"//*[self::button or self::input[@type='submit']][{said}]"
        return self.driver.find_element(By.XPATH, path)

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for what a script of the page does after a click, which may replace elements."""
        wait = WebDriverWait(
            self.driver, PATIENCE, ignored_exceptions=[StaleElementReferenceException]
        )
        wait.until(lambda _: condition())

    def fill(self, name: str, value: str) -> None:
        field = self.find(f"[name='{name}']")
        field.clear()
        field.send_keys(value)

    def problems(self) -> list[str]:
        """What the console has told since the last call: errors, warnings, CSP violations."""
        told = self.driver.get_log("browser")
        return [entry["message"] for entry in told if entry["level"] in {"WARNING", "SEVERE"}]

    def tap(self, element: WebElement) -> None:
        """Touch it with a finger, in its middle."""
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        box = self.driver.execute_script(
            "return arguments[0].getBoundingClientRect().toJSON()", element
        )
        self._tell("Emulation.setTouchEmulationEnabled", enabled=True)
        spot = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        try:
            self._tell("Input.dispatchTouchEvent", type="touchStart", touchPoints=[spot])
            self._tell("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        finally:
            self._tell("Emulation.setTouchEmulationEnabled", enabled=False)

    @contextmanager
    def screen(self, width: int) -> Iterator[None]:
        """Be on a screen so many pixels wide."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self._tell("Emulation.setDeviceMetricsOverride", **size)
        try:
            yield
        finally:
            self._tell("Emulation.clearDeviceMetricsOverride")

    def choose_theme(self, theme: str) -> None:
        """Prefer "light" or "dark", as the visitor's system would."""
        feature = {"name": "prefers-color-scheme", "value": theme}
        self._tell("Emulation.setEmulatedMedia", features=[feature])

    def resize(self, width: int, height: int) -> None:
        """Show pages in a window of that many pixels, until the visitor is forgotten."""
        self._tell(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    @contextmanager
    def without(self, pattern: str) -> Iterator[None]:
        """Load no file whose URL fits the pattern, such as ``*/key.js``."""
        self._tell("Network.enable")
        self._tell("Network.setBlockedURLs", urls=[pattern])
        try:
            yield
        finally:
            self._tell("Network.setBlockedURLs", urls=[])

    @contextmanager
    def without_scripts(self) -> Iterator[None]:
        """Open pages whose scripts do not run."""
        self._tell("Emulation.setScriptExecutionDisabled", value=True)
        try:
            yield
        finally:
            self._tell("Emulation.setScriptExecutionDisabled", value=False)

    def allow_clipboard(self) -> None:
        permissions = ["clipboardReadWrite", "clipboardSanitizedWrite"]
        self._tell("Browser.grantPermissions", origin=self.url, permissions=permissions)

    def clipboard(self) -> str:
        return str(self.driver.execute_script("return navigator.clipboard.readText()"))

    @contextmanager
    def reading(self, language: str, *, width: int) -> Iterator[None]:
        """Ask for pages in that language, on a screen of that width."""
        self._tell("Network.enable")
        self._tell("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})
        screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self._tell("Emulation.setDeviceMetricsOverride", **screen)
        try:
            yield
        finally:
            self._tell("Emulation.clearDeviceMetricsOverride")
            self._tell("Network.setExtraHTTPHeaders", headers={})

    @contextmanager
    def on_paper(self) -> Iterator[None]:
        """Lay the page out as for a printer."""
        self._tell("Emulation.setEmulatedMedia", media="print")
        try:
            yield
        finally:
            self._tell("Emulation.setEmulatedMedia", media="")

    def printed(self) -> bytes:
        """The page as a PDF file."""
        made = self._tell("Page.printToPDF", preferCSSPageSize=True)
        return base64.b64decode(made["data"])

    def screenshot(self, name: str) -> None:
        """Keep the whole page as NAME-light.png and NAME-dark.png in $SCREENSHOTS, if that is set.

        The page stays as it is: it is not loaded again.
        """
        folder = os.environ.get("SCREENSHOTS")
        if not folder:
            return
        Path(folder).mkdir(parents=True, exist_ok=True)
        for theme in ("dark", "light"):
            self.choose_theme(theme)
            # Colours change over a moment.
            self.driver.execute_script("document.getAnimations().forEach(each => each.finish())")
            taken = self._tell("Page.captureScreenshot", captureBeyondViewport=True)
            Path(folder, f"{name}-{theme}.png").write_bytes(base64.b64decode(taken["data"]))

    def forget(self) -> None:
        """Leave the page, and be nobody."""
        self.driver.get("about:blank")
        self._tell("Network.clearBrowserCookies")
        self._tell("Emulation.clearDeviceMetricsOverride")

    def _tell(self, command: str, **arguments: Any) -> dict[str, Any]:
        return dict(self.driver.execute_cdp_cmd(command, arguments))
