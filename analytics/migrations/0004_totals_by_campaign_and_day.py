import django.db.models.deletion
from django.db import migrations, models

NEW_COUNTS = ("clicked", "unsubscribed", "complained", "machine_opened")
COUNTS = ("sent", "opened", "replied", "bounced", *NEW_COUNTS)
NOT_NEGATIVE = models.Q(**{f"{count}__gte": 0 for count in COUNTS})


class Migration(migrations.Migration):
    dependencies = [
        ("mailmetrics_analytics", "0003_drop_triggers"),
        ("mailmetrics_campaigns", "0003_kinds_and_zones"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="campaigntotals", name="mailmetrics_campaigntotals_not_negative"
        ),
        *(
            migrations.AddField(
                model_name="campaigntotals", name=count, field=models.BigIntegerField(default=0)
            )
            for count in NEW_COUNTS
        ),
        migrations.AddConstraint(
            model_name="campaigntotals",
            constraint=models.CheckConstraint(
                condition=NOT_NEGATIVE, name="mailmetrics_campaigntotals_not_negative"
            ),
        ),
        migrations.RemoveConstraint(
            model_name="dailytotals", name="mailmetrics_dailytotals_not_negative"
        ),
        *(
            migrations.AddField(
                model_name="dailytotals", name=count, field=models.BigIntegerField(default=0)
            )
            for count in NEW_COUNTS
        ),
        migrations.AddConstraint(
            model_name="dailytotals",
            constraint=models.CheckConstraint(
                condition=NOT_NEGATIVE, name="mailmetrics_dailytotals_not_negative"
            ),
        ),
        migrations.RemoveConstraint(
            model_name="prunedtotals", name="mailmetrics_prunedtotals_not_negative"
        ),
        *(
            migrations.AddField(
                model_name="prunedtotals", name=count, field=models.BigIntegerField(default=0)
            )
            for count in NEW_COUNTS
        ),
        migrations.AddConstraint(
            model_name="prunedtotals",
            constraint=models.CheckConstraint(
                condition=NOT_NEGATIVE, name="mailmetrics_prunedtotals_not_negative"
            ),
        ),
        migrations.CreateModel(
            name="CampaignDailyTotals",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "campaign_id",
                        "day",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="mailmetrics_campaigns.workspace",
                    ),
                ),
                (
                    "campaign",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="mailmetrics_campaigns.campaign",
                    ),
                ),
                ("day", models.DateField()),
                *((count, models.BigIntegerField(default=0)) for count in COUNTS),
            ],
            options={
                "verbose_name_plural": "campaign daily totals",
                "constraints": [
                    models.CheckConstraint(
                        condition=NOT_NEGATIVE,
                        name="mailmetrics_campaigndailytotals_not_negative",
                    )
                ],
            },
        ),
    ]
