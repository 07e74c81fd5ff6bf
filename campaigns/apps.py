from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"
    label = "mailmetrics_campaigns"
    verbose_name = "Campaigns"
    default_auto_field = "django.db.models.BigAutoField"
