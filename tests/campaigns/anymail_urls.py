"""A host site that takes its ESP's webhooks beside the API."""

from django.urls import include, path

from config.urls import urlpatterns

urlpatterns = [*urlpatterns, path("anymail/", include("anymail.urls"))]
