"""Locking a login that failed too often, by address and by name: what django-axes asks of the site.

It counts in the database, which a login needs in any case: no store can be away that the login
could do without, and all workers count together.
"""

from datetime import timedelta
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext
from rest_framework.status import HTTP_429_TOO_MANY_REQUESTS

from apikeys import addresses

NO_ADDRESS = "0.0.0.0"  # noqa: S104 - nothing is bound to it
LONGEST_NAME = 255


def client_address(request: HttpRequest) -> str:
    """Whom a failure counts for: the address that the API's throttle counts for as well.

    Of an IPv6 address the first of its /64, since the column holds an address; what is none, such
    as the peer of a Unix socket, counts as one.
    """
    network = addresses.network_of(addresses.client_address(request)).partition("/")[0]
    try:
        return str(ip_address(network))
    except ValueError:
        return NO_ADDRESS


def client_name(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """The name that a failure counts for, cut to what its column holds: the form takes any length,
    and no user's name is as long."""
    return str((credentials or {}).get("username", ""))[:LONGEST_NAME]


def locked_page(request: HttpRequest, *unused: Any) -> HttpResponse:
    """The answer to a locked login: the same whether or not there is a user of that name."""
    wait: timedelta = settings.AXES_COOLOFF_TIME
    context = admin.site.each_context(request) | {
        "title": gettext("Too many failed logins"),
        "minutes": -(-wait // timedelta(minutes=1)),
    }
    page = render(
        request, "mailmetrics_site/locked.html", context, status=HTTP_429_TOO_MANY_REQUESTS
    )
    page.headers["Retry-After"] = str(int(wait.total_seconds()))
    add_never_cache_headers(page)
    return page
