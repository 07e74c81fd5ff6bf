"""Ours under its usual prefix; every contender answers the same two questions under its name."""

from django.urls import include, path

from benchmarks.site import constant, handwritten, naive, unchecked

urlpatterns = [
    path("ours/", include("analytics.urls")),
    path("unchecked/analytics/campaigns/timeline", unchecked.timeline),
    path("constant/analytics/campaigns", constant.view),
    path("constant/analytics/campaigns/timeline", constant.view),
    *handwritten.URLS,
    path("naive/analytics/campaigns", naive.Campaigns.as_view()),
    path("naive/analytics/campaigns/timeline", naive.Timeline.as_view()),
]
