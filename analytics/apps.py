from importlib import import_module

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class AnalyticsConfig(AppConfig):
    name = __package__
    label = "mailmetrics_analytics"
    verbose_name = _("Campaign analytics")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import_module("campaigns.checks")  # also where campaigns itself is left out
        import_module("analytics.api.checks")
        import_module("analytics.replica")
        import_module("analytics.totals.checks")
        import_module("analytics.totals.sqlite_connections").connect()
        import_module("analytics.totals.sqlite_deletion").connect()
        import_module("analytics.totals.fixtures").connect()
        unmigrated = import_module("analytics.totals.unmigrated")
        post_migrate.connect(unmigrated.install_triggers, sender=self)
        distribution = import_module("analytics.totals.distribution")
        pre_migrate.connect(distribution.refuse_migration, sender=self)
        counting = import_module("campaigns.recording.counting")
        triggers = import_module("analytics.totals.triggers")
        counting.require(
            triggers.missing_for_events,
            condition=triggers.condition_for_events(),
            on_citus=triggers.CONDITION_ON_CITUS,
        )
        if apps.is_installed("drf_spectacular"):
            import_module("analytics.description.openapi")
