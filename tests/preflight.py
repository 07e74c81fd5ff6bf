"""``python -m tests.preflight``: set up what the tests need beside Python's packages.

What is installed is taken; what is missing comes from Debian's packages, as root or by a ``sudo``
that asks for no password; a browser at last from Selenium's own manager. Whatever is missing then
is told now, with the tests that will fail for it, and not after ten minutes.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.browser.binaries import downloaded_browser, installed_browser

# Servers lie where a user's PATH may not lead.
os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


class Need(NamedTuple):
    name: str
    packages: tuple[str, ...]  # of Debian and Ubuntu
    is_met: Callable[[], bool]
    tests: str


def _command(name: str, *, package: str, tests: str) -> Need:
    return Need(name, (package,), lambda: shutil.which(name) is not None, tests)


CHROMIUM = Need(
    "Chromium with its driver",
    ("chromium", "chromium-driver"),
    lambda: installed_browser() is not None,
    "tests/browser",
)
NEEDS = (
    CHROMIUM,
    _command("redis-server", package="redis-server", tests="those of throttling on Redis"),
    _command("xgettext", package="gettext", tests="those of the translations"),
    _command("jq", package="jq", tests="tests/campaigns/test_exports_document.py"),
    _command("memcached", package="memcached", tests="those of throttling on Memcached"),
    _command("nginx", package="nginx-light", tests="tests/config/test_nginx.py"),
    _command("openssl", package="openssl", tests="tests/config/test_nginx.py"),
    _command("pgbouncer", package="pgbouncer", tests="tests/config/test_pgbouncer.py"),
)


def main() -> None:
    if _unmet():
        _install([package for need in _unmet() for package in need.packages])
    unmet = _unmet()
    if CHROMIUM in unmet and downloaded_browser():
        unmet.remove(CHROMIUM)
    for need in unmet:
        print(
            f"There is no {need.name}, so these tests will fail: {need.tests}. "
            f"Debian and Ubuntu: apt-get install {' '.join(need.packages)}",
            file=sys.stderr,
        )


def _unmet() -> list[Need]:
    return [need for need in NEEDS if not need.is_met()]


def _install(packages: Sequence[str]) -> None:
    if not shutil.which("apt-get"):
        return
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if as_root and _fails(*as_root, "true"):
        return
    print(f"Installing {', '.join(packages)}", flush=True)
    apt = (*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq")
    _fails(*apt, "update")
    if _fails(*apt, "install", "--yes", "--no-install-recommends", *packages):
        # One that this release lacks must not keep the others away.
        for package in packages:
            _fails(*apt, "install", "--yes", "--no-install-recommends", package)


def _fails(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode != 0
    except OSError:
        return True


if __name__ == "__main__":
    main()
