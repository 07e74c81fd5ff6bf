"""The site's settings for a run, with a new database, and the machine that it runs on."""

import os
import platform
import secrets
from pathlib import Path

# As docs/operations.md advises for a site without a pooler.
PREPARED = "prepare_threshold=5"


def set_up(url: str, folder: Path) -> None:
    os.environ.update(
        ALLOWED_HOSTS="127.0.0.1",
        BENCH_SQLITE=str(folder / "bench.sqlite3"),
        DATABASE_URL=f"{url}?{PREPARED}",
        DEBUG="0",
        DJANGO_SETTINGS_MODULE="benchmarks.site.settings",
        LOG_LEVEL="WARNING",
        SECRET_KEY=secrets.token_hex(32),
        SECURE_SSL_REDIRECT="0",
        THROTTLE_ADDRESS="",
        THROTTLE_BYTES="",
        THROTTLE_EVENTS="",
        THROTTLE_KEY="",
    )
    import django

    django.setup()
    from django.core.management import call_command

    for database in ("default", "sqlite"):
        call_command("migrate", database=database, verbosity=0)


def connect(alias: str, url: str) -> None:
    """Name another database."""
    from django.db import connections
    from environ import Env

    known = connections.settings["default"]
    connections.settings[alias] = known | Env.db_url_config(f"{url}?{PREPARED}")


def machine(version: int) -> str:
    import django

    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, Django {django.__version__}, "
        f"PostgreSQL {version}"
    )
