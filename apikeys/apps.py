import logging
from importlib import import_module

from django.apps import AppConfig


class APIKeysConfig(AppConfig):
    name = "apikeys"
    label = "mailmetrics_apikeys"
    verbose_name = "API keys"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import_module("campaigns.checks")  # also where campaigns itself is left out
        from apikeys.reporting import DigestFilter  # noqa: PLC0415 - it needs the settings

        table = self.get_model("APIKey")._meta.db_table
        logging.getLogger("django.db.backends").addFilter(DigestFilter(table))
