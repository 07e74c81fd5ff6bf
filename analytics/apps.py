from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"
    label = "mailmetrics_analytics"
    verbose_name = "Campaign analytics"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from analytics import recursive_triggers  # noqa: PLC0415 - it needs the models

        recursive_triggers.connect()
