"""A view whose throttles count all that it answers, and whose answers tell what remains."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import is_client_error
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from apikeys.throttling.windows import (
    AddressThrottle,
    ByteThrottle,
    KeyThrottle,
    ThrottleStoreAway,
    WindowThrottle,
)
from campaigns.base.settings import mailmetrics


class ThrottledView(APIView):
    """A view whose throttles count its refusals too, and whose answers tell what remains.

    DRF alone counts what has passed the permissions: neither bad keys nor missing scopes, nor what
    is refused before: a path, a method or a media type that is not there, a malformed request.
    """

    throttle_classes: Sequence[type[BaseThrottle]] = (KeyThrottle, ByteThrottle, AddressThrottle)
    _counting: list[BaseThrottle] | None = None

    def get_throttles(self) -> list[BaseThrottle]:
        self._counting = super().get_throttles() if mailmetrics.THROTTLE_RATES else []
        return self._counting

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
        response = super().handle_exception(exc)
        # Whatever it was that refused the request before it was counted.
        if self._counting is None and is_client_error(response.status_code):
            try:
                self.check_throttles(self.request)
            except (Throttled, ThrottleStoreAway) as refused:
                return super().handle_exception(refused)
        return response

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if not self._counting:
            return response
        # Its throttles alone: a view that an answer knows would stay as long as the answer.
        throttles = [each for each in self._counting if isinstance(each, WindowThrottle)]
        _tell(response, throttles)
        for throttle in throttles:
            if isinstance(throttle, ByteThrottle) and throttle.rate:
                _count_bytes(response, throttle, throttles)
        return response


def _tell(response: Any, throttles: list[WindowThrottle]) -> None:
    """As in draft-ietf-httpapi-ratelimit-headers-10; the older headers tell of requests alone."""
    policies, remaining = [], []
    for each in throttles:
        if (rate := each.rate) is None:
            continue
        unit = f';qu="{each.unit}"' if each.unit else ""
        policies.append(f'"{each.scope}";q={rate.most};w={rate.seconds}{unit}')
        remaining.append(f'"{each.scope}";r={each.remaining};t={each.reset}')
        if not each.unit:
            response["X-RateLimit-Limit"] = str(rate.most)
            response["X-RateLimit-Remaining"] = str(each.remaining)
            response["X-RateLimit-Reset"] = str(each.resets_at)
    if policies:
        response["RateLimit-Policy"] = ", ".join(policies)
        response["RateLimit"] = ", ".join(remaining)


def _count_bytes(response: Any, throttle: ByteThrottle, throttles: list[WindowThrottle]) -> None:
    """Once they are there: of a streamed answer as they go, when its headers are gone already."""
    if response.streaming:
        response.streaming_content = _counted_pieces(response.streaming_content, throttle)
        return

    def count(answer: Any) -> None:
        throttle.add(len(answer.content))
        _tell(answer, throttles)

    if hasattr(response, "add_post_render_callback"):
        response.add_post_render_callback(count)  # at once, if it is rendered
    else:
        count(response)


def _counted_pieces(pieces: Iterable[bytes], throttle: ByteThrottle) -> Iterator[bytes]:
    for piece in pieces:
        throttle.add(len(piece))
        yield piece
