from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"
    label = "mailmetrics_analytics"
    verbose_name = "Campaign analytics"
    default_auto_field = "django.db.models.BigAutoField"
