"""The triggers that keep the totals equal to a recount of the events, at every commit.

Events that were pruned are counted by PrunedTotals, which has triggers alike; an event from before
the day up to which its workspace was pruned is refused.

Whatever writes events passes here: the ORM, raw SQL, COPY, a cascade. They also do what a foreign
key of the events would (see EmailEvent): an event whose campaign is not in its workspace is
refused, and deleting a campaign or a workspace takes its events and totals with it.

A later migration that makes SQLite rebuild one of these tables must drop and create them again.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from analytics.migrations import _triggers_postgresql, _triggers_sqlite

STATEMENTS = {
    "postgresql": (_triggers_postgresql.CREATE, _triggers_postgresql.DROP),
    "sqlite": (_triggers_sqlite.CREATE, _triggers_sqlite.DROP),
}


def _statements(vendor: str) -> tuple[list[str], list[str]]:
    if vendor not in STATEMENTS:
        raise NotImplementedError(
            f"django-mailmetrics has its triggers for PostgreSQL and SQLite, not for {vendor}."
        )
    return STATEMENTS[vendor]


def create_triggers(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in _statements(schema_editor.connection.vendor)[0]:
        schema_editor.execute(statement, params=None)


def drop_triggers(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in _statements(schema_editor.connection.vendor)[1]:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("mailmetrics_analytics", "0001_initial")]

    operations = [migrations.RunPython(create_triggers, drop_triggers, elidable=False)]
