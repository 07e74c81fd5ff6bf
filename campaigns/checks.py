"""System checks of the settings and of the databases; docs/embedding.md lists the ids."""

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections, router

from campaigns.base.settings import mistakes
from campaigns.models import EmailEvent

# The published package has the apps in a namespace.
_NAMESPACE = __name__.rpartition("campaigns.")[0]
LABELS = {
    f"{_NAMESPACE}{app}": f"mailmetrics_{app}" for app in ("campaigns", "apikeys", "analytics")
}
OLDEST_POSTGRESQL = 15


@register
def check_apps(**kwargs: Any) -> list[CheckMessage]:
    return [
        Error(
            f"The app {name!r} is not installed under its label {label!r}.",
            hint="Name {!r}, {!r} and {!r} in INSTALLED_APPS, in any order; ".format(*LABELS)
            + f"another app config of {name!r} needs label = {label!r}.",
            id="mailmetrics.E001",
        )
        for name, label in LABELS.items()
        if not any((each.name, each.label) == (name, label) for each in apps.get_app_configs())
    ]


@register
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    return [
        Error(
            mistake.text,
            hint="docs/embedding.md lists the keys of MAILMETRICS with their values.",
            id="mailmetrics.E003" if mistake.key else "mailmetrics.E002",
        )
        for mistake in mistakes()
    ]


@register(Tags.database)
def check_backend(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """The backend of each database that our tables go to; the server's version of those asked for.

    Only ``migrate`` and ``check --database`` ask for some: other commands don't connect.
    """
    asked = {each for each in databases or () if router.allow_migrate_model(each, EmailEvent)}
    used = {router.db_for_read(EmailEvent), router.db_for_write(EmailEvent)}
    return [
        Error(
            f"The database {alias!r} is {reason}.",
            hint=f"Use PostgreSQL {OLDEST_POSTGRESQL} or later with psycopg 3, or SQLite; a "
            "database router can send the apps to a database of their own.",
            id="mailmetrics.E005",
        )
        for alias in sorted(asked | used)
        if (reason := _unsupported(alias, connect=alias in asked))
    ]


def _unsupported(alias: str, *, connect: bool) -> str:
    connection = connections[alias]
    if connection.vendor == "sqlite":
        return ""
    if connection.vendor != "postgresql":
        return f"{connection.display_name}, which has no triggers of ours"
    from django.db.backends.postgresql.psycopg_any import is_psycopg3  # noqa: PLC0415

    if not is_psycopg3:
        return "used through psycopg2"
    if connect and connection.get_database_version()[0] < OLDEST_POSTGRESQL:
        return f"PostgreSQL {connection.get_database_version()[0]}"
    return ""
