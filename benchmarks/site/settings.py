"""The runnable site as it is, with the contenders' views beside its own, and SQLite, too."""

import os

from config.settings import *  # noqa: F403
from config.settings import DATABASES, SQLITE

ROOT_URLCONF = "benchmarks.site.urls"
DATABASES["sqlite"] = {
    "ENGINE": SQLITE,
    "NAME": os.environ["BENCH_SQLITE"],
    # As config.settings has them for a site on SQLite.
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    },
}
