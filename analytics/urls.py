"""Mounted by the host where it likes: ``path("api/public/v1/", include("analytics.urls"))``.

``schema`` and ``docs`` are open to all: they tell nothing that the public page does not. ``docs``
is there if drf-spectacular-sidecar, whose files it shows, is among the installed apps.
"""

from django.apps import apps
from django.urls import path
from rest_framework.routers import SimpleRouter

from analytics.api import documentation
from analytics.api.isolation import undescribed
from analytics.api.views import CampaignAnalyticsViewSet
from analytics.api.writing import CampaignView, EventsView

app_name = "mailmetrics"

# Paths, not regular expressions: "$" would let a trailing newline through.
router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("analytics/campaigns", CampaignAnalyticsViewSet, basename="campaign-analytics")

writing = [
    path("events", EventsView.as_view(), name="events"),
    path("campaigns/<str:campaign_id>", CampaignView.as_view(), name="campaign"),
]
urlpatterns = [
    *undescribed([*router.urls, *writing]),
    path("schema", documentation.schema, name="schema"),
]
if apps.is_installed("drf_spectacular_sidecar"):
    urlpatterns.append(path("docs", documentation.docs, name="docs"))
