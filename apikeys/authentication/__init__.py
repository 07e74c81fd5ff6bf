"""Who is calling: the workspace of the key in the ``X-API-Key`` header."""

from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.views.decorators.debug import sensitive_variables
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from apikeys import crypto
from apikeys.addresses import client_address, is_within, network_of
from apikeys.audit.noting import note_refusal, note_use
from apikeys.authentication import plain_http
from apikeys.authentication.last_use import note_last_use
from apikeys.authentication.lookup import find_key
from apikeys.models import APIKey
from campaigns.fields import utc_now


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
        # What the request is made of: it hands each attribute on by a detour.
        sent = request._request
        header = sent.META.get("HTTP_X_API_KEY")
        if header is None:
            return None
        # With DEBUG on, what is sensitive is shown all the same.
        key = crypto.Secret(header)
        if plain_http.is_refused(sent):
            plain_http.expose(key, sent)
            raise plain_http.KeyOverPlainHTTP
        api_key = find_key(key)
        now = utc_now()
        if api_key is None:
            raise _NotValid
        _check(api_key, client_address(sent), now)
        note_last_use(api_key, now)
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
