"""How often a key may ask, and how often an address may be refused.

Requests are counted in a fixed window of the clock: ``600/min`` is 600 from one whole minute to
the next. Of many at once, in however many processes, exactly so many get through if they share a
cache whose ``incr`` is atomic: Redis, Memcached, or ``apikeys.caches.DatabaseCache``. A cache of
Django's own memory counts for one process alone.
"""

import time
from hashlib import sha256
from math import ceil
from typing import Any, ClassVar

from django.core.cache import BaseCache, caches
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from apikeys.models import APIKey
from campaigns.base.settings import mailmetrics
from campaigns.base.throttle_rate import ThrottleRate


class WindowThrottle(BaseThrottle):
    """Counts the requests of one caller in the present window; a refused one counts as well."""

    scope: ClassVar[str]

    # What the answer's headers tell; None where nothing is counted.
    rate: ThrottleRate | None = None
    remaining = 0
    reset = 0

    def caller(self, request: Request) -> str | None:
        """Whom the request counts for; None if this throttle does not concern it."""
        raise NotImplementedError

    def allow_request(self, request: Request, view: APIView) -> bool:
        text = (mailmetrics.THROTTLE_RATES or {}).get(self.scope)
        caller = self.caller(request) if text else None
        if not text or caller is None:
            return True
        self.rate = ThrottleRate.parse(text)
        window, passed = divmod(time.time(), self.rate.seconds)
        self.reset = ceil(self.rate.seconds - passed)
        key = f"mailmetrics:{self.scope}:{caller}:{self.rate.seconds}:{int(window)}"
        count = _count(caches[mailmetrics.THROTTLE_CACHE], key, 2 * self.rate.seconds)
        self.remaining = max(0, self.rate.most - count)
        return count <= self.rate.most

    def wait(self) -> float:
        return self.reset


def _count(cache: BaseCache, key: str, timeout: int) -> int:
    # The window is in the key, so a count is never set back, and "add" starts it only once.
    try:
        return cache.incr(key)
    except ValueError:
        cache.add(key, 0, timeout)
    try:
        return cache.incr(key)
    except ValueError:  # A cache that keeps nothing can count nothing.
        return 1


class KeyThrottle(WindowThrottle):
    """Every request of a key, ``THROTTLE_RATES["key"]``."""

    scope = "key"

    def caller(self, request: Request) -> str | None:
        return str(request.auth.pk) if isinstance(request.auth, APIKey) else None


class AddressThrottle(WindowThrottle):
    """Every request without a good key, by the client's address, ``THROTTLE_RATES["address"]``.

    A good key is never refused for what others at its address do: 190 random bits are not guessed
    sooner, and behind one proxy or office a stranger could shut everyone out. The address is the
    peer's, or behind ``REST_FRAMEWORK["NUM_PROXIES"]`` proxies the one that the outermost saw.
    """

    scope = "address"

    def caller(self, request: Request) -> str | None:
        if isinstance(request.auth, APIKey):
            return None
        # Without a known number of proxies DRF takes the client's word for its address.
        address = (
            self.get_ident(request)
            if api_settings.NUM_PROXIES is not None
            else request.META.get("REMOTE_ADDR")
        )
        # Of any length and in any characters where a proxy passes on what it was told.
        return sha256(str(address).encode("utf-8", "replace")).hexdigest()[:32]


class ThrottledView(APIView):
    """A view whose throttles count its refusals too, and whose answers tell what remains.

    DRF alone counts what has passed the permissions: neither bad keys nor missing scopes.
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
        return response
