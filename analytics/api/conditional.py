"""``ETag`` and ``If-None-Match``: an answer that the caller has already is not sent again.

The comparison is weak, as RFC 9110 wants it for ``If-None-Match``.
"""

from contextlib import suppress
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags
from rest_framework.request import Request

from analytics.api.rendering import compact_json

OK = 200
# A 304 has no body to tell the type and length of.
_OF_THE_BODY = {"content-type", "content-length"}

# Another version may answer the same in another form.
_VERSION = ""
with suppress(PackageNotFoundError):
    _VERSION = version("django-mailmetrics")


class NotModified(Exception):
    """The caller has the answer, whose ETag is ``etag``."""

    def __init__(self, etag: str) -> None:
        super().__init__(etag)
        self.etag = etag


class Validator:
    """The ETag of an answer by what was read for it.

    To make the answer of that and to render it is most of the work, and a 304 needs neither.
    """

    etag: str

    def __init__(self, request: Request) -> None:
        self._request = request

    def check(self, facts: object) -> None:
        """Set ``etag``; raises NotModified if the caller has the answer to the same request."""
        read = compact_json([_VERSION, self._request.accepted_media_type, facts])
        self.etag = _etag(read)
        if _has(self._request._request, self.etag):
            raise NotModified(self.etag)


def conditional(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The rendered answer with its ETag, or a 304 for a caller that names it."""
    if (
        response.status_code != OK
        or request.method not in ("GET", "HEAD")
        or response.has_header("ETag")
        or response.streaming  # by a host's handler of errors
    ):
        return response
    etag = response["ETag"] = _etag(response.content)
    if not _has(request, etag):
        return response
    headers = {name: value for name, value in response.items() if name.lower() not in _OF_THE_BODY}
    return HttpResponseNotModified(headers=headers)


def _etag(content: bytes) -> str:
    return f'"{sha256(content).hexdigest()[:32]}"'


def _has(request: HttpRequest, etag: str) -> bool:
    header = request.META.get("HTTP_IF_NONE_MATCH")
    if not header:
        return False
    known = parse_etags(header)
    return "*" in known or etag in (each.removeprefix("W/") for each in known)
