"""What axe-core finds on the page that a browser is at."""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.browser.chromium import Browser

_RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ['violations'], preload: false}).then(
    result => done(JSON.stringify(result.violations)),
    error => done(JSON.stringify(String(error))),
);
"""


@cache
def _axe() -> str:
    """The script itself: the package around it is for another driver than ours."""
    package = find_spec("axe_playwright_python")
    assert package
    assert package.origin
    return Path(package.origin).with_name("axe.min.js").read_text("utf-8")


def violations(browser: Browser) -> list[tuple[str, str]]:
    """Each rule that is broken, with the element that breaks it, as a selector and its HTML.

    Style sheets are not loaded again: axe would put them inline, which the policy refuses.
    """
    browser.driver.execute_script(_axe())
    found: Any = json.loads(browser.driver.execute_async_script(_RUN))
    assert isinstance(found, list), found
    return [
        (rule["id"], f"{' '.join(map(str, node['target']))} {node['html'][:200]}")
        for rule in found
        for node in rule["nodes"]
    ]
