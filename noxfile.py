"""Every version that pip brings, in short: the contract and the domain on both databases.

``nox`` runs the interpreters that are there, names those that are missing, and fails if there is
none beside the one that runs it: then nothing would have been tried. That one itself, with the
newest of everything, is what ``make test`` runs wholly.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import nox

CURRENT = f"{sys.version_info.major}.{sys.version_info.minor}"
# Each Python and each Django that is supported, once at least.
VERSIONS = [("3.11", "5.2"), ("3.12", "6.0"), ("3.13", "6.1"), ("3.14", "6.1")]
OTHERS = [(python, django) for python, django in VERSIONS if python != CURRENT]
EXTRAS = ("anymail", "fast", "openapi", "postgres", "progress", "site")
SHORT = [
    "tests/api/test_contract.py",
    "tests/campaigns/test_recording.py",
    "tests/campaigns/test_import_events.py",
    "tests/campaigns/test_esp.py",
    "tests/campaigns/test_fields.py",
    "tests/analytics/test_admin.py",
    "tests/analytics/test_triggers.py",
    "tests/analytics/test_report_choices.py",
    "tests/apikeys/test_admin.py",
    "tests/apikeys/test_authentication.py",
    # Each Django has its own markup of the admin.
    "tests/browser/test_lists.py",
]
# What the wheel might lack or name wrongly.
PUBLISHED = ["tests/api/test_contract.py", "tests/campaigns", "tests/analytics/test_dashboard.py"]

nox.options.default_venv_backend = "venv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["interpreters", "versions", "lowest", "published"]

if shutil.which("pyenv"):
    # Its shims find an interpreter only if it is among the chosen ones.
    installed = subprocess.run(
        ["pyenv", "versions", "--bare"], capture_output=True, text=True, check=True
    )
    found = [name for name in installed.stdout.split() if re.fullmatch(r"3\.\d+\.\d+", name)]
    found.sort(key=lambda name: not name.startswith(f"{CURRENT}."))
    os.environ["PYENV_VERSION"] = ":".join([*found, "system"])


@nox.session(python=False)
def interpreters(session: nox.Session) -> None:
    """Say which interpreters are missing; there has to be one beside the current."""
    others = [python for python, _ in OTHERS]
    missing = [python for python in others if not shutil.which(f"python{python}")]
    if missing:
        session.warn(f"Not tried, for there is no interpreter: Python {', '.join(missing)}")
    if missing == others:
        session.error(f"There is no interpreter beside Python {CURRENT}.")


@nox.session
@nox.parametrize(("python", "django"), OTHERS)
def versions(session: nox.Session, django: str) -> None:
    """The newest of everything else."""
    session.install("--editable", ".[test]", "selenium", f"django=={django}.*")
    run_tests(session, SHORT)


@nox.session(python="3.11")
def lowest(session: nox.Session) -> None:
    """The lowest that the bounds allow of all that an installed site needs."""
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    named = chain(project["dependencies"], *map(project["optional-dependencies"].get, EXTRAS))
    lowest = [each.replace(">=", "==") for each in named if ">=" in each]
    session.install("--editable", ".[test]", "selenium", *lowest)
    run_tests(session, SHORT)


@nox.session(python=CURRENT)
def published(session: nox.Session) -> None:
    """The wheel itself, with the tests moved under its names."""
    folder = Path(session.create_tmp()).resolve()
    shutil.rmtree(folder)
    session.install("hatchling")
    session.run("python", "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), silent=True)
    (wheel,) = folder.glob("*.whl")
    session.install(f"{wheel}[test]")
    session.run("python", "-m", "tests.published", str(folder))
    session.chdir(folder)
    run_tests(session, PUBLISHED)


def run_tests(session: nox.Session, tests: list[str]) -> None:
    on_both = ("python", "-m", "tests.both_databases", "python")
    session.run(*on_both, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, *session.posargs)
