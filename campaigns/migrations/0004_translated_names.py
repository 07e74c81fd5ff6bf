"""Names that can be translated; the database stays as it is."""

import uuid

import campaigns.fields
import campaigns.zones
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mailmetrics_campaigns", "0003_kinds_and_zones"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="campaign",
            options={
                "ordering": ["-created_at", "id"],
                "verbose_name": "campaign",
                "verbose_name_plural": "campaigns",
            },
        ),
        migrations.AlterModelOptions(
            name="emailevent",
            options={"verbose_name": "event", "verbose_name_plural": "events"},
        ),
        migrations.AlterModelOptions(
            name="workspace",
            options={
                "ordering": ["name"],
                "verbose_name": "workspace",
                "verbose_name_plural": "workspaces",
            },
        ),
        migrations.AlterField(
            model_name="campaign",
            name="id",
            field=models.UUIDField(
                default=uuid.uuid4, primary_key=True, serialize=False, verbose_name="ID"
            ),
        ),
        migrations.AlterField(
            model_name="campaign",
            name="created_at",
            field=campaigns.fields.InstantField(
                default=campaigns.fields.utc_now, verbose_name="created at"
            ),
        ),
        migrations.AlterField(
            model_name="campaign",
            name="launched_at",
            field=campaigns.fields.InstantField(blank=True, null=True, verbose_name="launched at"),
        ),
        migrations.AlterField(
            model_name="campaign",
            name="name",
            field=models.CharField(max_length=255, verbose_name="name"),
        ),
        migrations.AlterField(
            model_name="campaign",
            name="status",
            field=models.CharField(
                choices=[
                    ("DRAFT", "Draft"),
                    ("ACTIVE", "Active"),
                    ("PAUSED", "Paused"),
                    ("COMPLETED", "Completed"),
                    ("FAILED", "Failed"),
                ],
                default="DRAFT",
                max_length=9,
                verbose_name="status",
            ),
        ),
        migrations.AlterField(
            model_name="campaign",
            name="total_leads",
            field=models.IntegerField(
                default=0,
                validators=[django.core.validators.MinValueValidator(0)],
                verbose_name="leads",
            ),
        ),
        migrations.AlterField(
            model_name="campaign",
            name="workspace",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="campaigns",
                to="mailmetrics_campaigns.workspace",
                verbose_name="workspace",
            ),
        ),
        migrations.AlterField(
            model_name="workspace",
            name="created_at",
            field=campaigns.fields.InstantField(
                default=campaigns.fields.utc_now, editable=False, verbose_name="created at"
            ),
        ),
        migrations.AlterField(
            model_name="workspace",
            name="name",
            field=models.CharField(max_length=255, verbose_name="name"),
        ),
        migrations.AlterField(
            model_name="workspace",
            name="time_zone",
            field=models.CharField(
                default="UTC",
                help_text="An IANA name such as Europe/Berlin. Changing it cuts the recorded "
                "days anew; days whose events were pruned keep their old cut.",
                max_length=63,
                validators=[campaigns.zones.validate_time_zone],
                verbose_name="time zone",
            ),
        ),
    ]
