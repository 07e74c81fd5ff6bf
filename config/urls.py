from django.contrib import admin
from django.urls import include, path

from config import health

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/public/v1/", include("analytics.urls")),
    path("health/live", health.live),
    path("health/ready", health.ready),
]
