from django.apps import AppConfig, apps


class AnalyticsConfig(AppConfig):
    name = "analytics"
    label = "mailmetrics_analytics"
    verbose_name = "Campaign analytics"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        if apps.is_installed("drf_spectacular"):
            import analytics.openapi  # noqa: F401, PLC0415
