"""Names that can be translated; the database stays as it is."""

import apikeys.scopes
import campaigns.fields
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mailmetrics_apikeys", "0002_replaces"),
        ("mailmetrics_campaigns", "0004_translated_names"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="apikey",
            options={
                "default_permissions": ("change", "delete", "view"),
                "ordering": ["-created_at", "-id"],
                "permissions": [("add_apikey", "Can add API key, and so read every workspace")],
                "verbose_name": "API key",
                "verbose_name_plural": "API keys",
            },
        ),
        migrations.AlterField(
            model_name="apikey",
            name="created_at",
            field=campaigns.fields.InstantField(
                default=campaigns.fields.utc_now, editable=False, verbose_name="created at"
            ),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="created_by",
            field=models.CharField(
                blank=True,
                editable=False,
                max_length=254,
                validators=[
                    django.core.validators.RegexValidator(
                        "[\\x00-\\x1f\\x7f\\ud800-\\udfff]",
                        "Control characters are not allowed.",
                        inverse_match=True,
                    )
                ],
                verbose_name="created by",
            ),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="expires_at",
            field=campaigns.fields.InstantField(blank=True, null=True, verbose_name="expires at"),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="hint",
            field=models.CharField(editable=False, max_length=16, verbose_name="hint"),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="last_used_at",
            field=campaigns.fields.InstantField(
                blank=True, editable=False, null=True, verbose_name="last used at"
            ),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="name",
            field=models.CharField(
                max_length=100,
                validators=[
                    django.core.validators.RegexValidator(
                        "[\\x00-\\x1f\\x7f\\ud800-\\udfff]",
                        "Control characters are not allowed.",
                        inverse_match=True,
                    )
                ],
                verbose_name="name",
            ),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="replaces",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="replaced_by",
                to="mailmetrics_apikeys.apikey",
                verbose_name="replaces",
            ),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="revoked_at",
            field=campaigns.fields.InstantField(
                blank=True, editable=False, null=True, verbose_name="revoked at"
            ),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="scopes",
            field=models.JSONField(
                default=list, validators=[apikeys.scopes.validate_scopes], verbose_name="scopes"
            ),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="workspace",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="api_keys",
                to="mailmetrics_campaigns.workspace",
                verbose_name="workspace",
            ),
        ),
    ]
