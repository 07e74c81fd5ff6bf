"""A host whose choices are turned against us: those of ``turns`` that ``HOSTILE`` names."""

import os
from typing import Any

from tests.hostile.turns import TURNS
from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS, SQLITE

EVERY_DATABASE: dict[str, Any] = {}
REMOVED_APPS: list[str] = []
REVERSED = False


def _turn(settings: dict[str, Any], turned: dict[str, Any]) -> None:
    for name, value in turned.items():
        if isinstance(value, dict):
            settings[name] = {**settings.get(name, {}), **value}
        elif isinstance(value, list):
            settings[name] = [*settings.get(name, []), *value]
        else:
            settings[name] = value


def _database(alias: str) -> dict[str, Any]:
    known = {**DATABASES["default"], **EVERY_DATABASE}
    # On PostgreSQL beside the test database of the run that started this one.
    return known if known["ENGINE"] == SQLITE else {**known, "TEST": {"NAME": f"hostile_{alias}"}}


for _name in os.environ["HOSTILE"].split(","):
    _turn(globals(), TURNS[_name])
DATABASES = {alias: _database(alias) for alias in DATABASES}
INSTALLED_APPS = [app for app in INSTALLED_APPS if app not in REMOVED_APPS]
if REVERSED:
    INSTALLED_APPS.reverse()
