"""System check of what the API alone needs; docs/embedding.md lists the ids."""

from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string

from campaigns.base.settings import mailmetrics, mistakes


@register
def check_exception_handler(**kwargs: Any) -> list[CheckMessage]:
    if any(mistakes()):  # told by campaigns.checks
        return []
    path = mailmetrics.EXCEPTION_HANDLER
    if path is None:
        return []
    try:
        reason = "" if callable(import_string(path)) else "is not callable"
    except ImportError as error:
        reason = f"cannot be imported: {error}"
    if not reason:
        return []
    return [
        Error(
            f'MAILMETRICS["EXCEPTION_HANDLER"] {reason}',
            hint="Name a function of (exception, context) by its dotted path.",
            id="mailmetrics.E004",
        )
    ]
