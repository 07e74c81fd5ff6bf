"""``make bench``: measures recording, reading and serving side by side; see README.md here."""

import os
import platform
import secrets
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from time import perf_counter

from benchmarks import tables
from benchmarks.sizes import HUGE, SIZES
from tests.postgres import temporary_server

# As docs/operations.md advises for a site without a pooler.
PREPARED = "prepare_threshold=5"
PARTS = ("recording", "serving", "writing", "reading")


def main() -> int:
    name = os.environ.get("SIZE") or "full"
    if name == "huge":
        from benchmarks import growing

        return growing.run(HUGE)
    if name not in SIZES:
        print(f"SIZE is one of {', '.join(SIZES)} and huge, not {name!r}.", file=sys.stderr)
        return 2
    unknown = set(chosen := os.environ.get("PARTS", "").split() or list(PARTS)) - set(PARTS)
    if unknown:
        print(f"PARTS are of {', '.join(PARTS)}, not {', '.join(unknown)}.", file=sys.stderr)
        return 2
    start = perf_counter()
    with tempfile.TemporaryDirectory() as folder, temporary_server(durable=True) as server:
        set_up(server.url, Path(folder))
        print(f"## SIZE={name}\n\n{machine(server.version)}")
        for part in chosen:
            import_module(f"benchmarks.{part}").run(SIZES[name], Path(folder))
    tables.goals()
    print(f"The run took {(perf_counter() - start) / 60:.1f} minutes.")
    return 0


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


def machine(version: int) -> str:
    import django

    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, Django {django.__version__}, "
        f"PostgreSQL {version}"
    )


if __name__ == "__main__":
    sys.exit(main())
