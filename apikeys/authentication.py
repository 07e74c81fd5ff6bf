"""Who is calling: the workspace of the key in the ``X-API-Key`` header."""

import logging
from datetime import datetime, timedelta

from django.contrib.auth.models import AnonymousUser
from django.db import Error, connections, router
from django.db.models import Q
from django.views.decorators.debug import sensitive_variables
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from apikeys import crypto, plain_http
from apikeys.addresses import client_address, is_within, network_of
from apikeys.lookup import find_key
from apikeys.models import APIKey
from apikeys.trail.noting import note_refusal, note_use
from campaigns.base.settings import mailmetrics
from campaigns.base.waiting import without_waiting
from campaigns.fields import utc_now

logger = logging.getLogger(__name__)

_CLOCKS_DIFFER = timedelta(minutes=1)


class APIKeyAuthentication(BaseAuthentication):
    """``request.auth`` is the APIKey; ``request.user`` stays anonymous.

    Without the header the next authentication class has its turn. A malformed, unknown, expired
    or revoked key is a 401, and the caller can't tell which. One that comes over plain HTTP, or
    from outside its networks, is a 403 that says so. It costs one query, none for a malformed key,
    a second one every ``LAST_USED_MINUTES``, and one for an address that is new to this process.
    Name it first in a view's ``authentication_classes``: DRF takes the 401's header from the first.
    """

    realm = "api"

    # Keeps the key and its digest out of error reports, here and in every call below.
    @sensitive_variables()
    def authenticate(self, request: Request) -> tuple[AnonymousUser, APIKey] | None:
        header = request.META.get("HTTP_X_API_KEY")
        if header is None:
            return None
        # With DEBUG on, what is sensitive is shown all the same.
        key = crypto.Secret(header)
        if plain_http.is_refused(request):
            plain_http.expose(key, request)
            raise plain_http.KeyOverPlainHTTP
        api_key = find_key(key)
        now = utc_now()
        if api_key is None:
            raise _NotValid
        _check(api_key, client_address(request), now)
        _note_use(api_key, now)
        return AnonymousUser(), api_key

    def authenticate_header(self, request: Request) -> str:
        return f'ApiKey realm="{self.realm}"'


class _NotValid(AuthenticationFailed):
    default_detail = "The API key is not valid."


def _check(api_key: APIKey, address: str, now: datetime) -> None:
    network = network_of(address)
    if not api_key.is_usable_at(now):
        note_refusal(api_key, address=network, reason=api_key.state_at(now).value)
        raise _NotValid
    if api_key.networks and not is_within(address, api_key.networks):
        note_refusal(api_key, address=network, reason="address")
        raise PermissionDenied(f"This API key may not be used from {network}.")
    note_use(api_key, address=network)


def _note_use(api_key: APIKey, now: datetime) -> None:
    """Write down that the key is used, unless that would fail or have to wait: then the next
    request writes it."""
    stale = now - timedelta(minutes=mailmetrics.LAST_USED_MINUTES)
    last = api_key.last_used_at
    # One in the future is of a server whose clock is ahead, or was.
    if last is not None and stale <= last <= now + _CLOCKS_DIFFER:
        return
    alias = router.db_for_write(APIKey)
    # Of many requests that read the same old value, the condition lets one write it.
    is_stale = Q(last_used_at__isnull=True) | ~Q(last_used_at__range=(stale, now + _CLOCKS_DIFFER))
    rows = APIKey.objects.using(alias).filter(is_stale, pk=api_key.pk)
    try:
        with without_waiting(alias):
            if connections[alias].features.has_select_for_update_skip_locked:
                free = rows.select_for_update(skip_locked=True).order_by().values("pk")
                rows = APIKey.objects.using(alias).filter(pk__in=free)
            rows.update(last_used_at=now)
    except Error as error:
        reason = str(error).partition("\n")[0]
        logger.info("The last use of key %s is not written: %s", api_key.pk, reason)
