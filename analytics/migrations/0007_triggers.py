"""Replace the triggers by those of analytics/totals/sql/3, in one transaction: no total changes."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from analytics.totals import triggers


def replace_triggers(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.remove(schema_editor.connection, version=3)
    triggers.install(schema_editor.connection, version=3)


def put_back_triggers(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.remove(schema_editor.connection, version=3)
    triggers.install(schema_editor.connection, version=2)


class Migration(migrations.Migration):
    dependencies = [("mailmetrics_analytics", "0006_translated_names")]

    operations = [migrations.RunPython(replace_triggers, put_back_triggers, elidable=False)]
