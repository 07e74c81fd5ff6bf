"""The page at ``/``: what this site is, and where its parts are."""

from django.views.generic import TemplateView


class HomeView(TemplateView):
    http_method_names = ["get", "head", "options"]
    template_name = "mailmetrics_site/home.html"
