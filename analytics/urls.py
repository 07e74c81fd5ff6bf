"""Mounted by the host where it likes: ``path("api/public/v1/", include("analytics.urls"))``."""

from rest_framework.routers import SimpleRouter

from analytics.views import CampaignAnalyticsViewSet

app_name = "mailmetrics"

# Paths, not regular expressions: "$" would let a trailing newline through.
router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("analytics/campaigns", CampaignAnalyticsViewSet, basename="campaign-analytics")

urlpatterns = router.urls
