"""A strict Content-Security-Policy, as a host site may set it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

POLICY = "default-src 'self'"
API_PAGE = "/api/public/v1/docs"


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    def answer(request: HttpRequest) -> HttpResponse:
        # A browser asks for it of its own accord, and would tell of a 404 in its console.
        if request.path == "/favicon.ico":
            return HttpResponse(status=204)
        response = get_response(request)
        # The page of the API has images in its style sheet; the site's own policy allows those.
        if request.path != API_PAGE:
            response["Content-Security-Policy"] = POLICY
        return response

    return answer
