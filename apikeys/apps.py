import logging
from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class APIKeysConfig(AppConfig):
    name = __package__
    label = "mailmetrics_apikeys"
    verbose_name = _("API keys")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import_module("campaigns.checks")  # they need the models
        import_module("apikeys.checks")
        post_migrate.connect(
            import_module("apikeys.permission_names").rename_permissions, sender=self
        )
        logged = import_module("apikeys.reporting").DigestFilter(
            self.get_model("APIKey")._meta.db_table
        )
        logging.getLogger("django.db.backends").addFilter(logged)
