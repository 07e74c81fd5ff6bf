"""How a site's mail goes out, in the settings of the Django that is installed."""

from typing import Any

import django


def sent_by(backend: str) -> dict[str, Any]:
    if django.VERSION < (6, 1):
        return {"EMAIL_BACKEND": backend}
    return {"MAILERS": {"default": {"BACKEND": backend}}}


def admins(*addresses: str) -> list[Any]:
    if django.VERSION < (6, 0):
        return [("Admin", address) for address in addresses]
    return list(addresses)
