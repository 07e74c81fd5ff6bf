"""The site's choices: the settings dict ``MAILMETRICS``, each key with a default."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What a site may choose, with the defaults."""

    # The longest window that the timeline answers. Lower it to bound the cost of one request.
    MAX_TIMELINE_DAYS: int = 3653
    # How old a key's "last used" may get. Raise it to write less, lower it to see use sooner.
    LAST_USED_MINUTES: int = 5
    # Most requests of a "key" and most refused ones of an "address", each like "600/min"; what
    # is not named is not counted. Name them on the open internet.
    THROTTLE_RATES: Mapping[str, str] = field(default_factory=dict)
    # The alias of the cache that counts. Name one that all processes share.
    THROTTLE_CACHE: str = "default"


def resolve() -> Configuration:
    """The defaults with ``settings.MAILMETRICS`` over them; ImproperlyConfigured if it is odd."""
    given = getattr(settings, "MAILMETRICS", {})
    if not isinstance(given, Mapping):
        raise ImproperlyConfigured("MAILMETRICS must be a dict.")
    known = [field.name for field in fields(Configuration)]
    unknown = [str(key) for key in given if key not in known]
    if unknown:
        raise ImproperlyConfigured(
            f"MAILMETRICS has no key {', '.join(unknown)}; it may have {', '.join(known)}."
        )
    return Configuration(**given)


class _Lazy:
    """Resolves the settings when the first is read, for they may not be there on import."""

    resolved: Configuration | None = None

    def __getattr__(self, name: str) -> Any:
        if self.resolved is None:
            self.resolved = resolve()
        return getattr(self.resolved, name)

    def forget(self, *, setting: str, **kwargs: Any) -> None:
        if setting == "MAILMETRICS":
            self.resolved = None


_lazy = _Lazy()
setting_changed.connect(_lazy.forget, dispatch_uid="mailmetrics")

# Read a choice where it is used, ``mailmetrics.LAST_USED_MINUTES``: it follows override_settings.
mailmetrics = cast(Configuration, _lazy)
