from django.apps import AppConfig, apps


class CampaignsConfig(AppConfig):
    name = "campaigns"
    label = "mailmetrics_campaigns"
    verbose_name = "Campaigns"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        if apps.is_installed("anymail"):
            from campaigns import esp  # noqa: PLC0415 - it can't be imported without anymail

            esp.connect()
