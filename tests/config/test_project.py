"""The site as it starts in production, from the environment alone."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

# It starts in processes of their own, which have no database of the tests.
pytestmark = pytest.mark.sqlite
ROOT = Path(__file__).resolve().parents[2]
# Django's own generator makes keys with a leading "$", which settings readers may interpret.
SECRET_KEY = "$" + secrets.token_urlsafe(50)
PRODUCTION = {
    "SECRET_KEY": SECRET_KEY,
    "ALLOWED_HOSTS": "mail.example.com, mail.example.org",
    "DATABASE_URL": "postgresql://mail:secret@db.example.com/mail",
}


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """``manage.py`` in a process of its own, which has no environment but the given one."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={"PATH": os.defpath, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def printed(name: str, **environment: str) -> str:
    answer = manage("shell", "--no-imports", "-c", _printing(name), **environment)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


def _printing(name: str) -> str:
    return f"from django.conf import settings; print(settings.{name})"


@pytest.mark.parametrize("environment", [{}, {"SECRET_KEY": ""}, {"DEBUG": "0"}])
def test_without_debug_and_a_secret_key_the_site_refuses_to_start(
    environment: dict[str, str],
) -> None:
    answer = manage("check", **environment)

    assert answer.returncode == 1
    assert answer.stderr.splitlines()[-1] == (
        "django.core.exceptions.ImproperlyConfigured: Set SECRET_KEY in the environment "
        "to a long random string (or DEBUG=1 for development)."
    )


def test_debug_needs_no_secret_key() -> None:
    assert manage("check", DEBUG="1").returncode == 0


def test_the_documented_production_settings_pass_the_deployment_check() -> None:
    answer = manage(
        "check", "--deploy", "--fail-level", "WARNING", CACHE_URL="redis://x", **PRODUCTION
    )

    assert (answer.returncode, answer.stdout) == (
        0,
        "System check identified no issues (1 silenced).\n",
    ), answer.stderr


def test_settings_come_from_the_environment_as_they_stand() -> None:
    assert printed("SECRET_KEY", **PRODUCTION) == SECRET_KEY
    assert printed("ALLOWED_HOSTS", **PRODUCTION) == "['mail.example.com', 'mail.example.org']"
    assert printed("DATABASES['default']['HOST']", **PRODUCTION) == "db.example.com"


@pytest.mark.parametrize("environment", [{}, {"DATABASE_URL": ""}])
def test_the_default_database_is_a_sqlite_file(environment: dict[str, str]) -> None:
    named = printed("DATABASES['default']['NAME']", DEBUG="1", **environment)

    assert named == str(ROOT / "db.sqlite3")


def test_a_forwarded_protocol_is_believed_only_when_asked() -> None:
    assert printed("SECURE_PROXY_SSL_HEADER", **PRODUCTION) == "None"
    asked = printed("SECURE_PROXY_SSL_HEADER", TRUST_X_FORWARDED_PROTO="1", **PRODUCTION)
    assert asked == "('HTTP_X_FORWARDED_PROTO', 'https')"


def test_no_migration_is_missing() -> None:
    answer = manage(
        "makemigrations", "--check", "--dry-run", SECRET_KEY=SECRET_KEY, DATABASE_URL="sqlite://"
    )

    assert (answer.returncode, answer.stdout) == (0, "No changes detected\n"), answer.stderr
