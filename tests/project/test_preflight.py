"""``python -m tests.preflight`` on machines that have, lack and can install what tests need."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.distributions import ROOT

pytestmark = pytest.mark.sqlite  # the same whatever database the tests run on

# Installs by making commands of the packages' names, and notes what it was told to.
APT = """#!/bin/sh
echo "$@" >> {log}
for word in "$@"; do
    case "$word" in
        chromium-driver) command=chromedriver ;;
        gettext) command=xgettext ;;
        nginx-light) command=nginx ;;
        chromium | redis-server | jq | memcached | openssl | pgbouncer) command=$word ;;
        *) continue ;;
    esac
    touch "{bin}/$command" && chmod +x "{bin}/$command"
done
"""
SUDO = '#!/bin/sh\nshift\nexec "$@"\n'
# Only these: whatever this machine has is not there.
PREFLIGHT = """
import os, sys
from tests import preflight
os.environ["PATH"] = sys.argv[1]
os.geteuid = lambda: int(sys.argv[2])
preflight.downloaded_browser = lambda: None
preflight.main()
"""
COMMANDS = (
    *("chromium", "chromedriver", "redis-server", "xgettext", "jq", "memcached"),
    *("nginx", "openssl", "pgbouncer"),
)
PACKAGES = (
    "chromium chromium-driver redis-server gettext jq memcached nginx-light openssl pgbouncer"
)


class Machine:
    def __init__(self, folder: Path) -> None:
        self.bin, self.log = folder / "bin", folder / "apt.log"
        self.bin.mkdir()
        for tool in ("chmod", "env", "touch", "true"):
            (self.bin / tool).symlink_to(shutil.which(tool) or tool)

    def add(self, name: str, script: str = "#!/bin/sh\n") -> None:
        (self.bin / name).write_text(script)
        (self.bin / name).chmod(0o755)

    def preflight(self, *, uid: int = 1000) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-c", PREFLIGHT, self.bin, str(uid)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def with_apt(machine: Machine) -> None:
    machine.add("apt-get", APT.format(log=machine.log, bin=machine.bin))


def test_what_is_installed_is_taken_and_nothing_said(machine: Machine) -> None:
    for command in COMMANDS:
        machine.add(command)
    with_apt(machine)

    done = machine.preflight(uid=0)

    assert (done.stdout, done.stderr, machine.log.exists()) == ("", "", False)


@pytest.mark.parametrize("uid", [0, 1000], ids=["root", "sudo"])
def test_what_is_missing_comes_from_debians_packages(machine: Machine, uid: int) -> None:
    with_apt(machine)
    if uid:
        machine.add("sudo", SUDO)

    done = machine.preflight(uid=uid)

    assert (done.stdout, done.stderr) == (f"Installing {PACKAGES.replace(' ', ', ')}\n", "")
    assert machine.log.read_text().splitlines() == [
        "-qq update",
        f"-qq install --yes --no-install-recommends {PACKAGES}",
    ]


def test_only_what_is_missing_is_installed(machine: Machine) -> None:
    for command in COMMANDS[:-1]:
        machine.add(command)
    with_apt(machine)

    assert machine.preflight(uid=0).stdout == "Installing pgbouncer\n"


@pytest.mark.parametrize("sudo", [None, "#!/bin/sh\nexit 1\n"], ids=["no sudo", "a password"])
def test_where_nothing_can_be_installed_it_says_what_will_fail(
    machine: Machine, sudo: str | None
) -> None:
    with_apt(machine)
    if sudo:
        machine.add("sudo", sudo)

    done = machine.preflight()

    assert done.stdout == ""
    assert done.stderr.splitlines()[0] == (
        "There is no Chromium with its driver, so these tests will fail: tests/browser. "
        "Debian and Ubuntu: apt-get install chromium chromium-driver"
    )
    assert [line.split(", so")[0] for line in done.stderr.splitlines()] == [
        "There is no Chromium with its driver",
        *(f"There is no {name}" for name in COMMANDS[2:]),
    ]
