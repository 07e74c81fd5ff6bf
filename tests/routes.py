"""Every route of the site, from its URL conf."""

from django.urls import URLPattern, get_resolver

API = "api/public/v1/"
ADMIN = "admin/"
# Of the API; what they do across workspaces is tried in test_writing.
WRITING = ["/api/public/v1/campaigns/<str:campaign_id>", "/api/public/v1/events"]


def routes_under(prefix):
    """Each route below the prefix with the view that answers it, as ``(path, callback)``."""
    return [
        (f"/{path}", callback)
        for path, callback in _walk(get_resolver().url_patterns, "")
        if path.startswith(prefix)
    ]


def _walk(patterns, before):
    for each in patterns:
        path = before + str(each.pattern)
        if isinstance(each, URLPattern):
            yield path, each.callback
        else:
            yield from _walk(each.url_patterns, path)
