from django.contrib import admin
from django.urls import include, path

from config import health
from config.home import HomeView

handler500 = "config.failures.server_error"
urlpatterns = [
    path("", HomeView.as_view(), name="home"),
    path("admin/", admin.site.urls),
    path("api/public/v1/", include("analytics.urls")),
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
]
