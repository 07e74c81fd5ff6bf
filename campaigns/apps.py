from importlib import import_module

from django.apps import AppConfig, apps
from django.utils.translation import gettext_lazy as _


class CampaignsConfig(AppConfig):
    name = __package__
    label = "mailmetrics_campaigns"
    verbose_name = _("Campaigns")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import_module("campaigns.checks")  # it needs the models
        if apps.is_installed("anymail"):
            import_module("campaigns.intake.esp").connect()  # it can't be imported without anymail
