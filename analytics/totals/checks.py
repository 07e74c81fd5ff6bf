"""System check of the triggers; docs/embedding.md lists the ids."""

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

from analytics.models import CampaignTotals
from analytics.totals import distribution, triggers
from campaigns.base.citus import has_shards, release_that_keeps_plans
from campaigns.models import EmailEvent

_CREATED_BY = ("mailmetrics_analytics", "0007_triggers")


def _with_our_tables(databases: Sequence[str] | None) -> list[str]:
    """Those that are asked for and that the site's router gives our tables."""
    return [alias for alias in databases or () if router.allow_migrate_model(alias, CampaignTotals)]


@register(Tags.database)
def check_tables(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """In each database asked for that says our tables were made: all of them have to be there."""
    return [
        Error(
            f"The database {alias!r} lacks the tables {', '.join(missing)}.",
            hint="They were migrated: restore them, or look whether the search path or the schema "
            "has changed.",
            id="mailmetrics.E006",
        )
        for alias in _with_our_tables(databases)
        if (missing := sorted(_missing_tables(connections[alias])))
    ]


@register(Tags.database)
def check_row_security(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """In each database asked for: a role that may read a table but sees no row would tell zeros."""
    return [
        Error(
            f"Row security hides all rows of {', '.join(hidden)} in the database {alias!r} from "
            "this role.",
            hint="Make a policy for the role, as docs/operations.md does.",
            id="mailmetrics.E008",
        )
        for alias in _with_our_tables(databases)
        if (hidden := _hidden_tables(connections[alias]))
    ]


_HIDDEN = """
    SELECT relname FROM pg_class c
     WHERE oid IN (SELECT to_regclass(quote_ident(name)) FROM unnest(%s::text[]) name)
       AND row_security_active(oid) AND has_table_privilege(oid, 'SELECT')
       AND NOT EXISTS (
           SELECT FROM pg_policy p
            WHERE polrelid = c.oid AND polpermissive AND polcmd IN ('*', 'r')
              AND EXISTS (SELECT FROM unnest(polroles) role
                           WHERE role = 0 OR pg_has_role(role, 'USAGE')))
     ORDER BY relname
"""


def _hidden_tables(connection: BaseDatabaseWrapper) -> list[str]:
    if connection.vendor != "postgresql":
        return []
    labels = ("mailmetrics_campaigns", "mailmetrics_apikeys", "mailmetrics_analytics")
    models = [model for label in labels for model in apps.get_app_config(label).get_models()]
    with connection.cursor() as cursor:
        cursor.execute(_HIDDEN, [[model._meta.db_table for model in models]])
        return [name for (name,) in cursor.fetchall()]


def _missing_tables(connection: BaseDatabaseWrapper) -> set[str]:
    if not _ought_to_have_them(connection):
        return set()
    apps_of_ours = map(apps.get_app_config, ("mailmetrics_campaigns", "mailmetrics_analytics"))
    tables = {model._meta.db_table for app in apps_of_ours for model in app.get_models()}
    return tables - set(connection.introspection.table_names())


@register(Tags.database)
def check_triggers(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """In each database asked for that has our tables; before they are migrated there are none."""
    return [
        Error(
            f"The database {alias!r} {_reason(connections[alias])} {', '.join(missing)}, or they "
            "are disabled: the totals are not kept.",
            hint="Run `mailmetrics_rebuild_totals`, with --database if it is not the default: it "
            "creates the triggers again and makes all totals anew.",
            id="mailmetrics.E006",
        )
        for alias in _with_our_tables(databases)
        if (missing := sorted(_missing(connections[alias])))
    ]


def _reason(connection: BaseDatabaseWrapper) -> str:
    if not triggers.are_of_another_kind(connection):
        return "lacks the triggers"
    if triggers.are_distributed(connection):
        return "is a Citus cluster's, and has one server's triggers instead of"
    return "is one server's, and has a Citus cluster's triggers instead of"


@register(Tags.database)
def check_distribution(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """In each database asked for whose tables a Citus cluster has, all that it takes is there."""
    return [
        Error(
            f"The tables of the database {alias!r} are not wholly distributed. It remains to: "
            f"{'; '.join(steps)}.",
            hint="Run `mailmetrics_distribute_tables`, with --database if it is not the default.",
            id="mailmetrics.E009",
        )
        for alias in _with_our_tables(databases)
        if distribution.is_begun(connections[alias])
        and not _missing_tables(connections[alias])
        and (steps := distribution.unplaced(connections[alias]))
    ]


@register(Tags.database)
def check_prepared_statements(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """In each database asked for that is a node with shards, of a Citus that keeps every plan."""
    return [
        CheckWarning(
            f"The database {alias!r} is a node that has shards and prepares statements, of which "
            f"its Citus {release} keeps a plan for each use: some 40 kB for an answer or an event, "
            "until the connection is closed.",
            hint="Leave prepare_threshold out of the OPTIONS of this database, or update Citus to "
            "a release that has its change 8824.",
            id="mailmetrics.W010",
        )
        for alias in _with_our_tables(databases)
        if (connection := connections[alias]).settings_dict["OPTIONS"].get("prepare_threshold")
        is not None
        and (release := release_that_keeps_plans(connection))
        and has_shards(connection, EmailEvent._meta.db_table)
    ]


def _missing(connection: BaseDatabaseWrapper) -> set[str]:
    if connection.vendor not in triggers.VENDORS or not _ought_to_have_them(connection):
        return set()
    if _missing_tables(connection):
        return set()  # told by the check of those
    return triggers.missing(connection)


def _ought_to_have_them(connection: BaseDatabaseWrapper) -> bool:
    """Once they are migrated, or where the tables were made without migrations."""
    applied = MigrationRecorder(connection).applied_migrations()
    if any(app == _CREATED_BY[0] for app, _ in applied):
        return _CREATED_BY in applied
    return CampaignTotals._meta.db_table in connection.introspection.table_names()
