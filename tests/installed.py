"""A host's project with the built wheel installed, made in a second and without the network."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SETTINGS = """
SECRET_KEY = "of-the-host"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "mailmetrics.campaigns",
    "mailmetrics.apikeys",
    "mailmetrics.analytics",
]
ROOT_URLCONF = "urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": DATABASE}
"""
URLS = """
from django.urls import include, path

urlpatterns = [path("api/public/v1/", include("mailmetrics.analytics.urls"))]
"""
MANAGE = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
RECORD = """
from datetime import UTC, datetime
from mailmetrics.campaigns.models import Campaign, Workspace
from mailmetrics.campaigns.recording import Event, record_events
acme = Workspace.objects.create(name="Acme")
campaign = Campaign.objects.create(workspace=acme, name="First", status="ACTIVE")
record_events(workspace=acme, events=[Event(campaign.pk, "m", 1, datetime.now(UTC))])
"""
COUNT = """
from mailmetrics.analytics.reports import campaign_report
from mailmetrics.campaigns.models import Workspace
pk = Workspace.objects.get(name="Acme").pk
print(campaign_report(workspace_id=pk)["workspace_kpis"]["total_sends"])
"""


class InstalledHost:
    """``folder`` holds the project; ``packages`` is where its virtual environment has packages.

    The tests' own packages are there as well, but this checkout is not.
    """

    def __init__(
        self, folder: Path, wheel: Path, *, database: Mapping[str, Any] | None = None
    ) -> None:
        self.folder = folder / "project"
        self.folder.mkdir()
        environment = folder / "venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
        self.python = environment / "bin" / "python"
        [self.packages] = environment.glob("lib/*/site-packages")
        # A path alone: what the .pth files there add, such as this checkout, is not followed.
        (self.packages / "tests.pth").write_text(sysconfig.get_path("purelib") + "\n")
        known = database or {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(folder / "db.sqlite3"),
        }
        self.write("settings.py", f"DATABASE = {dict(known)!r}\n{SETTINGS}")
        self.write("urls.py", URLS)
        self.write("manage.py", MANAGE)
        self.install(wheel)

    def install(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(self.packages)

    def write(self, name: str, text: str) -> None:
        """Put the text at the file's end."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((path.read_text() if path.exists() else "") + text)

    def run(self, *command: str, status: int = 0) -> str:
        """What Python prints, errors included."""
        kept = {name: value for name, value in os.environ.items() if name[:6] != "DJANGO"}
        done = subprocess.run(
            [self.python, *command],
            cwd=self.folder,
            env=kept | {"PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == status, f"{command}\n{done.stdout}"
        return done.stdout

    def manage(self, *arguments: str, status: int = 0) -> str:
        return self.run("manage.py", *arguments, status=status)

    def shell(self, code: str) -> str:
        return self.manage("shell", "-v", "0", "-c", code)

    def assert_it_works(self) -> None:
        """The site is checked, migrated, records and counts; nothing of ours is to be migrated."""
        assert self.manage("check") == "System check identified no issues (0 silenced).\n"
        self.manage("migrate")
        assert self.manage("makemigrations", "--check", "--dry-run") == "No changes detected\n"
        self.shell(RECORD)
        assert self.shell(COUNT) == "1\n"
        assert self.manage("mailmetrics_verify_totals") == (
            "Every total equals a recount of the events.\n"
        )
