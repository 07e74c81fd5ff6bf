"""The host's URLs, with ours under a prefix of its own."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("our-mail/v7/", include("analytics.urls")),
]
