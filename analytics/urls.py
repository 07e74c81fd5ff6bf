"""Mounted by the host where it likes: ``path("api/public/v1/", include("analytics.urls"))``.

``schema`` and ``docs`` are open to all: they tell nothing that the public page does not. ``docs``
is there if drf-spectacular-sidecar, whose files it shows, is among the installed apps.
"""

from django.apps import apps
from django.urls import path, register_converter
from django.urls.converters import StringConverter
from rest_framework.routers import SimpleRouter

from analytics.api.isolation import undescribed
from analytics.api.views import CampaignAnalyticsViewSet, MeView, NotFoundView
from analytics.api.writing import CampaignView, EventsView
from analytics.description.views import DocsView, SchemaView


class AnythingConverter(StringConverter):
    regex = r"(?s:.*)"  # also nothing, and lines


register_converter(AnythingConverter, "mailmetrics_anything")

app_name = "mailmetrics"

# Paths, not regular expressions: "$" would let a trailing newline through.
router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("analytics/campaigns", CampaignAnalyticsViewSet, basename="campaign-analytics")

others = [
    path("me", MeView.as_view(), name="me"),
    path("events", EventsView.as_view(), name="events"),
    path("campaigns/<str:campaign_id>", CampaignView.as_view(), name="campaign"),
]
urlpatterns = [
    *undescribed([*router.urls, *others]),
    path("schema", SchemaView.as_view(), name="schema"),
]
if apps.is_installed("drf_spectacular_sidecar"):
    urlpatterns.append(path("docs", DocsView.as_view(), name="docs"))
urlpatterns += undescribed([path("<mailmetrics_anything:path>", NotFoundView.as_view())])
