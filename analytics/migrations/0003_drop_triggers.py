"""Take the triggers away while their tables change; 0005 creates their successors.

Until then nothing keeps the totals, so 0005 makes them anew.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from analytics.totals import triggers


def drop_triggers(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.remove(schema_editor.connection, version=1)


def create_triggers(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.install(schema_editor.connection, version=1)


class Migration(migrations.Migration):
    dependencies = [("mailmetrics_analytics", "0002_triggers")]
    run_before = [("mailmetrics_campaigns", "0003_kinds_and_zones")]

    operations = [migrations.RunPython(drop_triggers, create_triggers, elidable=False)]
