"""``ETag`` and ``If-None-Match``: an answer that the caller has already is not sent again."""

from hashlib import blake2b

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags

OK = 200
# A 304 has no body to tell the type and length of.
_OF_THE_BODY = {"content-type", "content-length"}


def conditional(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The rendered answer with its ETag, or a 304 for a caller that names it.

    The comparison is weak, as RFC 9110 wants it for ``If-None-Match``.
    """
    if response.status_code != OK or request.method not in ("GET", "HEAD"):
        return response
    tag = f'"{blake2b(response.content, digest_size=16).hexdigest()}"'
    response["ETag"] = tag
    known = parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))
    if "*" not in known and tag not in (each.removeprefix("W/") for each in known):
        return response
    headers = {name: value for name, value in response.items() if name.lower() not in _OF_THE_BODY}
    return HttpResponseNotModified(headers=headers)
