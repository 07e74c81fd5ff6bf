"""How often a key may ask and how many bytes it may get, and how often an address may be refused.

Requests are counted in a fixed window of the clock: ``600/min`` is 600 from one whole minute to
the next. Of many at once, in however many processes, exactly so many get through if they share a
cache whose ``incr`` is atomic: Redis, Memcached, or our ``DatabaseCache``. A cache of Django's own
memory counts for one process alone. While the cache fails, requests are not counted, or refused
with 503 where ``THROTTLE_FAILURE`` says so.
"""

import time
from contextlib import suppress
from hashlib import sha256
from math import ceil
from typing import Any, ClassVar

from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.status import HTTP_503_SERVICE_UNAVAILABLE
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from apikeys.addresses import client_address, network_of
from apikeys.models import APIKey
from apikeys.throttling import counting
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

    unit: str | None = None  # requests, unless it is another of the draft's

    # What the answer's headers tell; None where nothing is counted.
    rate: ThrottleRate | None = None
    remaining = 0
    reset = 0  # in seconds from now
    resets_at = 0  # in Unix seconds

    def caller(self, request: Request) -> str | None:
        """Whom the request counts for; None if this throttle does not concern it."""
        raise NotImplementedError

    def allow_request(self, request: Any, view: APIView | None) -> bool:
        text = (mailmetrics.THROTTLE_RATES or {}).get(self.scope)
        caller = self.caller(request) if text else None
        if not text or caller is None:
            return True
        rate = ThrottleRate.parse(text)
        window, passed = divmod(time.time(), rate.seconds)
        key = f"mailmetrics:{self.scope}:{caller}:{rate.seconds}:{int(window)}"
        try:
            count = self.counted(key, 2 * rate.seconds)
        except counting.StoreFailed:
            if mailmetrics.THROTTLE_FAILURE == "refuse":
                raise ThrottleStoreAway from None
            return True
        self.rate = rate
        self.reset = ceil(rate.seconds - passed)
        self.resets_at = (int(window) + 1) * rate.seconds
        self.remaining = max(0, rate.most - count)
        return self.is_within(count, rate)

    def is_within(self, count: int, rate: ThrottleRate) -> bool:
        return count <= rate.most

    def counted(self, key: str, timeout: int) -> int:
        """The caller's sum, with this request if it counts; StoreFailed if the cache can't tell."""
        return counting.count(key, timeout, self.weight)

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


class ByteThrottle(KeyThrottle):
    """The bytes of all answers to a key, ``THROTTLE_RATES["bytes"]``, before any compression.

    An answer counts once it is made: it is the one after it that is refused.
    """

    scope = "bytes"
    unit = "content-bytes"

    def counted(self, key: str, timeout: int) -> int:
        self._key, self._timeout = key, timeout
        return counting.look(key)

    def is_within(self, count: int, rate: ThrottleRate) -> bool:
        return count < rate.most

    def add(self, number: int) -> None:
        """Count the bytes of an answer, which is given whatever becomes of the count."""
        if self.rate is None or not number:
            return
        with suppress(counting.StoreFailed):
            count = counting.count(self._key, self._timeout, number)
            self.remaining = max(0, self.rate.most - count)


class AddressThrottle(WindowThrottle):
    """Every request without a good key, by the client's address, ``THROTTLE_RATES["address"]``.

    A good key is never refused for what others at its address do: 190 random bits are not guessed
    sooner, and behind one proxy or office a stranger could shut everyone out. The address is the
    peer's, or behind ``REST_FRAMEWORK["NUM_PROXIES"]`` proxies the one that the outermost saw;
    IPv6 counts by /64.
    """

    scope = "address"

    def caller(self, request: Any) -> str | None:
        # A request that was refused before its key was looked at counts as one without.
        if hasattr(request, "_auth") and isinstance(request.auth, APIKey):
            return None
        # Of any length and in any characters where a proxy passes on what it was told.
        network = network_of(client_address(request))
        return sha256(network.encode("utf-8", "replace")).hexdigest()[:32]


def count_refusal(request: Any) -> None:
    """Count, for its address, a request that is refused outside of a view."""
    if mailmetrics.THROTTLE_RATES:
        with suppress(ThrottleStoreAway):
            AddressThrottle().allow_request(request, None)
