"""A key that is sent over plain HTTP is refused and told as exposed: others may have read it."""

import logging
from typing import Any

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.deprecation import MiddlewareMixin
from django.views.decorators.debug import sensitive_variables
from rest_framework.exceptions import PermissionDenied

from apikeys import crypto
from apikeys.addresses import client_address, network_of
from apikeys.audit.noting import AGAIN_AFTER, note_exposure
from apikeys.audit.seldom import Seldom
from apikeys.authentication.lookup import find_key
from apikeys.throttling.windows import count_refusal
from campaigns.base.settings import mailmetrics

logger = logging.getLogger(__name__)

seldom = Seldom()
_EXPOSED = "The API key %s was sent over plain HTTP from %s: it is exposed, revoke it."


class KeyOverPlainHTTP(PermissionDenied):
    default_detail = (
        "The API key was sent over plain HTTP, where others can read it. Revoke it, and send a "
        "new one over https:// alone."
    )
    default_code = "plain_http"


class PlainHTTPMiddleware(MiddlewareMixin):
    """Refuses before Django redirects to HTTPS: a client that follows would never know.

    Its place is before ``SecurityMiddleware``. Without it, only sites that don't redirect refuse.
    """

    # Keeps the key out of error reports, here and in every call below.
    @sensitive_variables()
    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        header = request.META.get("HTTP_X_API_KEY")
        if header is None or not is_refused(request):
            return None
        expose(crypto.Secret(header), request)
        count_refusal(request)
        refusal = KeyOverPlainHTTP()
        return JsonResponse(
            {"detail": refusal.detail},
            status=refusal.status_code,
            headers={"Cache-Control": "private, no-cache", "Vary": "X-API-Key"},
        )


def is_refused(request: Any) -> bool:
    """Whether a key in this request is refused, by ``MAILMETRICS["KEYS_OVER_HTTP"]``."""
    if request.is_secure():
        return False
    choice = mailmetrics.KEYS_OVER_HTTP
    return choice == "refuse" or (choice == "auto" and settings.SECURE_SSL_REDIRECT)


@sensitive_variables()
def expose(key: str, request: Any) -> None:
    """Tell of a key in the log and the audit trail, once in a while; never fails.

    Of one that nobody was given there is nothing to tell.
    """
    try:
        api_key = find_key(key)
    except Error:
        return  # it is told when it is sent again
    if api_key is None:
        return
    address = network_of(client_address(request))
    if seldom.is_due((api_key.digest, address), seconds=AGAIN_AFTER):
        logger.warning(_EXPOSED, api_key.hint, address)
        note_exposure(api_key, address=address)
