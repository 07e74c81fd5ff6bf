"""Names that can be translated; the database stays as it is."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("mailmetrics_analytics", "0005_triggers"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="campaigndailytotals",
            options={
                "verbose_name": "campaign daily totals",
                "verbose_name_plural": "campaign daily totals",
            },
        ),
        migrations.AlterModelOptions(
            name="campaigntotals",
            options={"verbose_name": "campaign totals", "verbose_name_plural": "campaign totals"},
        ),
        migrations.AlterModelOptions(
            name="dailytotals",
            options={"verbose_name": "daily totals", "verbose_name_plural": "daily totals"},
        ),
        migrations.AlterModelOptions(
            name="prunedtotals",
            options={"verbose_name": "pruned totals", "verbose_name_plural": "pruned totals"},
        ),
    ]
