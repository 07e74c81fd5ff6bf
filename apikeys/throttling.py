"""How often a key may ask, and how often an address may be refused.

Requests are counted in a fixed window of the clock: ``600/min`` is 600 from one whole minute to
the next. Of many at once, in however many processes, exactly so many get through if they share a
cache whose ``incr`` is atomic: Redis, Memcached, or ``apikeys.caches.DatabaseCache``. A cache of
Django's own memory counts for one process alone. While the cache fails, requests are not counted,
or refused with 503 where ``THROTTLE_FAILURE`` says so.
"""

import time
from hashlib import sha256
from math import ceil
from typing import Any, ClassVar

from rest_framework.exceptions import APIException, AuthenticationFailed, Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.status import HTTP_503_SERVICE_UNAVAILABLE, is_client_error
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from apikeys import counting
from apikeys.addresses import network_of
from apikeys.models import APIKey
from campaigns.base.settings import mailmetrics
from campaigns.base.throttle_rate import ThrottleRate


class ThrottleStoreAway(APIException):
    """The site would rather refuse a request than not count it; ``wait`` is in seconds."""

    status_code = HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "Temporarily unavailable, please try again."
    default_code = "throttle_store_away"
    wait = int(counting.LEFT_ALONE)


class WindowThrottle(BaseThrottle):
    """Counts the requests of one caller in the present window; a refused one counts as well."""

    scope: ClassVar[str]
    weight = 1  # what a request counts

    # What the answer's headers tell; None where nothing is counted.
    rate: ThrottleRate | None = None
    remaining = 0
    reset = 0  # in seconds from now
    resets_at = 0  # in Unix seconds

    def caller(self, request: Request) -> str | None:
        """Whom the request counts for; None if this throttle does not concern it."""
        raise NotImplementedError

    def allow_request(self, request: Request, view: APIView) -> bool:
        text = (mailmetrics.THROTTLE_RATES or {}).get(self.scope)
        caller = self.caller(request) if text else None
        if not text or caller is None:
            return True
        rate = ThrottleRate.parse(text)
        window, passed = divmod(time.time(), rate.seconds)
        key = f"mailmetrics:{self.scope}:{caller}:{rate.seconds}:{int(window)}"
        try:
            count = counting.count(key, 2 * rate.seconds, self.weight)
        except counting.StoreFailed:
            if mailmetrics.THROTTLE_FAILURE == "refuse":
                raise ThrottleStoreAway from None
            return True
        self.rate = rate
        self.reset = ceil(rate.seconds - passed)
        self.resets_at = (int(window) + 1) * rate.seconds
        self.remaining = max(0, rate.most - count)
        return count <= rate.most

    def wait(self) -> float:
        return self.reset


class KeyThrottle(WindowThrottle):
    """Every request of a key, ``THROTTLE_RATES["key"]``."""

    scope = "key"

    def caller(self, request: Request) -> str | None:
        known = hasattr(request, "_auth") and isinstance(request.auth, APIKey)
        return str(request.auth.pk) if known else None


class EventThrottle(KeyThrottle):
    """Every event that a key brings, ``THROTTLE_RATES["events"]``: at least as many as a request
    may bring, or no such request passes."""

    scope = "events"

    def __init__(self, number: int) -> None:
        self.weight = number


class AddressThrottle(WindowThrottle):
    """Every request without a good key, by the client's address, ``THROTTLE_RATES["address"]``.

    A good key is never refused for what others at its address do: 190 random bits are not guessed
    sooner, and behind one proxy or office a stranger could shut everyone out. The address is the
    peer's, or behind ``REST_FRAMEWORK["NUM_PROXIES"]`` proxies the one that the outermost saw;
    IPv6 counts by /64.
    """

    scope = "address"

    def caller(self, request: Request) -> str | None:
        # A request that was refused before its key was looked at counts as one without.
        if hasattr(request, "_auth") and isinstance(request.auth, APIKey):
            return None
        # Without a known number of proxies DRF takes the client's word for its address.
        address = (
            self.get_ident(request)
            if api_settings.NUM_PROXIES is not None
            else request.META.get("REMOTE_ADDR")
        )
        # Of any length and in any characters where a proxy passes on what it was told.
        return sha256(network_of(str(address)).encode("utf-8", "replace")).hexdigest()[:32]


class ThrottledView(APIView):
    """A view whose throttles count its refusals too, and whose answers tell what remains.

    DRF alone counts what has passed the permissions: neither bad keys nor missing scopes, nor a
    method or a media type that is not there.
    """

    throttle_classes = (KeyThrottle, AddressThrottle)
    _counting: list[BaseThrottle] | None = None

    def get_throttles(self) -> list[BaseThrottle]:
        self._counting = super().get_throttles() if mailmetrics.THROTTLE_RATES else []
        return self._counting

    def perform_authentication(self, request: Request) -> None:
        try:
            super().perform_authentication(request)
        except AuthenticationFailed:
            self.check_throttles(request)
            raise

    def check_permissions(self, request: Request) -> None:
        self.check_throttles(request)
        super().check_permissions(request)

    def check_throttles(self, request: Request) -> None:
        if self._counting is None:  # once for a request, though DRF asks again
            super().check_throttles(request)

    def count(self, throttle: WindowThrottle) -> None:
        """Count by what a request brings, once that is known; raises Throttled."""
        if not throttle.allow_request(self.request, self):
            self.throttled(self.request, throttle.wait())

    def handle_exception(self, exc: Exception) -> Response:
        if (
            self._counting is None
            and isinstance(exc, APIException)
            and is_client_error(exc.status_code)
        ):
            try:
                self.check_throttles(self.request)
            except (Throttled, ThrottleStoreAway) as refused:
                exc = refused
        return super().handle_exception(exc)

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        for throttle in self._counting or ():
            # As in draft-ietf-httpapi-ratelimit-headers-10. A request has one caller, so one item.
            if isinstance(throttle, WindowThrottle) and (rate := throttle.rate):
                policy = f'"{throttle.scope}";q={rate.most};w={rate.seconds}'
                response["RateLimit-Policy"] = policy
                left = f'"{throttle.scope}";r={throttle.remaining};t={throttle.reset}'
                response["RateLimit"] = left
                response["X-RateLimit-Limit"] = str(rate.most)
                response["X-RateLimit-Remaining"] = str(throttle.remaining)
                response["X-RateLimit-Reset"] = str(throttle.resets_at)
        return response
