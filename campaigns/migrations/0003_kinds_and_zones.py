"""Eight kinds, names of 255 characters, and time zones.

The horizon of a pruned workspace becomes an instant: a day is no longer the same everywhere.
"""

from datetime import UTC, datetime, time, timedelta

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

import campaigns.fields
import campaigns.zones

DAY = timedelta(days=1)


def days_to_instants(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    workspaces = apps.get_model("mailmetrics_campaigns", "Workspace").objects
    pruned = workspaces.using(schema_editor.connection.alias)
    for workspace in pruned.exclude(events_pruned_before=None):
        workspace.horizon = datetime.combine(workspace.events_pruned_before, time(), UTC)
        workspace.save(update_fields=["horizon"])


def instants_to_days(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The first UTC day after which nothing was pruned."""
    workspaces = apps.get_model("mailmetrics_campaigns", "Workspace").objects
    for workspace in workspaces.using(schema_editor.connection.alias).exclude(horizon=None):
        day = workspace.horizon.date()
        begun = workspace.horizon > datetime.combine(day, time(), UTC)
        workspace.events_pruned_before = day + DAY if begun else day
        workspace.save(update_fields=["events_pruned_before"])


class Migration(migrations.Migration):
    dependencies = [("mailmetrics_campaigns", "0002_message_identity")]

    operations = [
        migrations.AddField(
            model_name="workspace",
            name="horizon",
            field=campaigns.fields.InstantField(editable=False, null=True),
        ),
        migrations.RunPython(days_to_instants, instants_to_days, elidable=False),
        migrations.RemoveField(model_name="workspace", name="events_pruned_before"),
        migrations.RenameField(
            model_name="workspace", old_name="horizon", new_name="events_pruned_before"
        ),
        migrations.AddField(
            model_name="workspace",
            name="time_zone",
            field=models.CharField(
                default="UTC",
                help_text="An IANA name such as Europe/Berlin. Changing it cuts the recorded days "
                "anew; days whose events were pruned keep their old cut.",
                max_length=63,
                validators=[campaigns.zones.validate_time_zone],
            ),
        ),
        migrations.AlterField(
            model_name="workspace", name="name", field=models.CharField(max_length=255)
        ),
        migrations.AlterField(
            model_name="campaign", name="name", field=models.CharField(max_length=255)
        ),
        migrations.AlterField(
            model_name="emailevent",
            name="kind",
            field=models.SmallIntegerField(
                choices=[
                    (1, "sent"),
                    (2, "opened"),
                    (3, "replied"),
                    (4, "bounced"),
                    (5, "clicked"),
                    (6, "unsubscribed"),
                    (7, "complained"),
                    (8, "machine_opened"),
                ]
            ),
        ),
        migrations.RemoveConstraint(model_name="emailevent", name="mailmetrics_event_kind_known"),
        migrations.AddConstraint(
            model_name="emailevent",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__range", (1, 8))), name="mailmetrics_event_kind_known"
            ),
        ),
        migrations.CreateModel(
            name="OpenBatch",
            fields=[
                (
                    "only_one",
                    models.SmallIntegerField(default=1, primary_key=True, serialize=False),
                ),
                ("after_rowid", models.BigIntegerField()),
                (
                    "no_workspace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="mailmetrics_campaigns.workspace",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("only_one", 1)),
                        name="mailmetrics_openbatch_only_one",
                    )
                ],
            },
        ),
    ]
