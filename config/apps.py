from django.apps import AppConfig


class SiteConfig(AppConfig):
    """An app for its commands alone."""

    name = __package__
    label = "mailmetrics_site"
