"""Create the triggers of analytics/totals/sql/2 and make all totals anew, by campaign and day too.

Writers of events wait until it is done. Backwards, every workspace's days are cut in UTC again.
"""

import sys

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from analytics.totals import triggers


def create_triggers(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    connection = schema_editor.connection
    if connection.vendor == "postgresql":
        event = apps.get_model("mailmetrics_campaigns", "EmailEvent")
        table = connection.ops.quote_name(event._meta.db_table)
        schema_editor.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
    triggers.install(connection, version=2)
    fill_totals(apps, schema_editor)


def fill_totals(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    connection = schema_editor.connection
    workspace = apps.get_model("mailmetrics_campaigns", "Workspace")
    ids = list(
        workspace.objects.using(connection.alias).order_by("pk").values_list("pk", flat=True)
    )
    for number, workspace_id in enumerate(ids, 1):
        with connection.cursor() as cursor:
            triggers.recount(cursor, workspace_id=workspace_id)
        sys.stderr.write(f"\r  Totals made anew: {number:,} of {len(ids):,} workspaces")
    if ids:
        sys.stderr.write("\n")


def drop_triggers(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    connection = schema_editor.connection
    workspace = apps.get_model("mailmetrics_campaigns", "Workspace")
    workspace.objects.using(connection.alias).exclude(time_zone="UTC").update(time_zone="UTC")
    triggers.remove(connection, version=2)


class Migration(migrations.Migration):
    dependencies = [("mailmetrics_analytics", "0004_totals_by_campaign_and_day")]

    operations = [migrations.RunPython(create_triggers, drop_triggers, elidable=False)]
