"""The site's choices: the settings dict ``MAILMETRICS``, each key with a default."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from campaigns.base.throttle_rate import ThrottleRate

MINUTES_OF_A_YEAR = 525_600
DAYS_OF_THE_CALENDAR = 3_652_059
THROTTLED = {"key", "bytes", "address", "events"}


def option(default: Any, refusal: Callable[[Any], str]) -> Any:
    """A key with its default; ``refusal`` returns why a value is refused, "" if it is good."""
    return field(default=default, metadata={"refusal": refusal})


def between(least: int, most: int) -> Callable[[Any], str]:
    def refusal(value: Any) -> str:
        good = type(value) is int and least <= value <= most
        return "" if good else f"must be a whole number from {least} to {most}"

    return refusal


def optional(refusal: Callable[[Any], str]) -> Callable[[Any], str]:
    def why_not(value: Any) -> str:
        return "" if value is None else refusal(value)

    return why_not


def dotted_path(value: Any) -> str:
    good = isinstance(value, str) and all(part.isidentifier() for part in value.split("."))
    return "" if good and "." in value else 'must be a dotted path such as "shop.api.errors"'


def throttle_rates(value: Any) -> str:
    good = value is None or (
        isinstance(value, Mapping)
        and value.keys() <= THROTTLED
        and all(map(ThrottleRate.is_spelled, value.values()))
    )
    return "" if good else 'must be a dict such as {"key": "600/min", "address": "30/min"}'


def one_of(*values: str) -> Callable[[Any], str]:
    def why_not(value: Any) -> str:
        return "" if value in values else f"must be {' or '.join(map(repr, values))}"

    return why_not


def cache_alias(value: Any) -> str:
    good = isinstance(value, str) and value in settings.CACHES
    return "" if good else f"must be the alias of a cache ({', '.join(settings.CACHES)})"


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What a site may choose, with the defaults."""

    # The longest window that the timeline answers. Lower it to bound the cost of one request.
    MAX_TIMELINE_DAYS: int = option(3653, between(1, DAYS_OF_THE_CALENDAR))
    # How old a key's "last used" may get. Raise it to write less, lower it to see use sooner.
    LAST_USED_MINUTES: int = option(5, between(0, MINUTES_OF_A_YEAR))
    # What turns an exception into an answer, as in REST framework's setting of this name: any
    # response of Django's. Name one to give our errors the shape of your own API's.
    EXCEPTION_HANDLER: str | None = option(None, optional(dotted_path))
    # The most requests ("key"), "events" and "bytes" of a key and the most refused requests of an
    # "address", each in a window; one that is not named is not counted. Name them on the open
    # internet.
    THROTTLE_RATES: Mapping[str, str] | None = option(None, throttle_rates)
    # How many seconds a replica may lag behind and still answer reports. Lower it to see events
    # sooner, raise it to spare the primary while much is written.
    REPLICA_MAX_LAG: int = option(10, between(1, 86_400))
    # The alias of the cache that counts for THROTTLE_RATES. Name one that all processes share.
    THROTTLE_CACHE: str = option("default", cache_alias)
    # What becomes of a request while that cache fails: "allow" answers it uncounted, "refuse" is a
    # 503. Choose "refuse" if your site would rather be away than asked too often.
    THROTTLE_FAILURE: str = option("allow", one_of("allow", "refuse"))
    # What becomes of a key that comes over plain HTTP: "refuse" and "allow" say so, "auto" refuses
    # it where SECURE_SSL_REDIRECT is on. Choose "refuse" if your proxy redirects by itself.
    KEYS_OVER_HTTP: str = option("auto", one_of("auto", "refuse", "allow"))
    # The longest life of a key in days; None is no limit. Name one to have keys rotated.
    MAX_KEY_DAYS: int | None = option(None, optional(between(1, 36_500)))
    # How many days the audit trail of keys is kept. Lower it to keep addresses for less long.
    AUDIT_DAYS: int = option(365, between(1, 36_500))


class Mistake(NamedTuple):
    """Something wrong with ``settings.MAILMETRICS``: at a key that exists, or "" elsewhere."""

    key: str
    text: str


def mistakes() -> Iterator[Mistake]:
    """Everything wrong with ``settings.MAILMETRICS``."""
    values = _values()
    if not isinstance(values, Mapping):
        yield Mistake("", "MAILMETRICS must be a dict.")
        return
    refusals = {each.name: each.metadata["refusal"] for each in fields(Configuration)}
    if unknown := ", ".join(str(key) for key in values if key not in refusals):
        yield Mistake("", f"MAILMETRICS has no key {unknown}; it may have {', '.join(refusals)}.")
    for key, refusal in refusals.items():
        if key in values and (reason := refusal(values[key])):
            yield Mistake(key, f'MAILMETRICS["{key}"] {reason}, not {values[key]!r:.80}.')


def resolve() -> Configuration:
    """The defaults with ``settings.MAILMETRICS`` over them; raises ImproperlyConfigured."""
    for mistake in mistakes():
        raise ImproperlyConfigured(mistake.text)
    return Configuration(**_values())


def _values() -> Any:
    return getattr(settings, "MAILMETRICS", {})


class _Lazy:
    """Resolves the settings when the first is read: on import they may not be ready yet."""

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
