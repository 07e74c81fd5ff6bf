"""What a page answers that failed; the API has its own errors."""

import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.views import defaults
from rest_framework.status import HTTP_503_SERVICE_UNAVAILABLE

from analytics.api.outages import RETRY_AFTER, is_outage


def server_error(request: HttpRequest) -> HttpResponse:
    """503 while the database is away or takes no writes, which Django logs; else Django's 500."""
    error = sys.exc_info()[1]
    if not isinstance(error, Exception) or not is_outage(error):
        return defaults.server_error(request)
    page = render(request, "mailmetrics_site/away.html", status=HTTP_503_SERVICE_UNAVAILABLE)
    page.headers["Retry-After"] = str(RETRY_AFTER)
    add_never_cache_headers(page)
    return page
