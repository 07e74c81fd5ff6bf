"""The code of an earlier commit, which records beside today's on the same server."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.db import connections

from benchmarks import data

ROOT = Path(__file__).parent.parent
# The last commit before the totals by campaign and day.
COMMIT = "54cc30e5b5dd17a63a9dc958a861dd92b3fd7ea1"
DATABASE = "bench_before"


@dataclass(frozen=True)
class Before:
    folder: Path
    environment: Mapping[str, str]


def set_up(folder: Path, *, workspace: str, campaigns: int) -> Before | None:
    """The commit with a database of its own; None where the history does not reach that far."""
    git = shutil.which("git")
    if git is None:
        return None
    archive = subprocess.run(
        [git, "-C", str(ROOT), "archive", COMMIT], check=False, capture_output=True
    )
    if archive.returncode:
        return None
    code = folder / "before"
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(code, filter="data")
    with connections["default"].cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {DATABASE}")
    address, _, options = os.environ["DATABASE_URL"].partition("?")
    url = f"{address.rpartition('/')[0]}/{DATABASE}?{options}"
    before = Before(code, os.environ | {"DATABASE_URL": url, "PYTHONPATH": str(code)})
    _run(before, "manage.py", "migrate", "--verbosity=0", "--settings=benchmarks.site.settings")
    _run(before, "-c", _NEW_WORKSPACE, workspace, str(campaigns))
    return before


_NEW_WORKSPACE = f"""
import sys, django
django.setup()
from {data.__name__} import new_workspace
new_workspace(sys.argv[1], campaigns=int(sys.argv[2]))
"""


def _run(before: Before, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, *arguments], cwd=before.folder, env=before.environment, check=True
    )
