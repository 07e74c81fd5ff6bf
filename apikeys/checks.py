"""System checks of what guards the API; docs/embedding.md lists the ids.

Each is a warning: the API answers all the same. What depends on how a site is served is a matter
of ``check --deploy``, what is in the database one of ``check --database``.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.db import BaseDatabaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.checks import CheckMessage, Tags, register
from django.core.checks import Warning as CheckWarning
from django.db import connections, router
from django.db.models import Q
from rest_framework.settings import api_settings

from apikeys.lifetimes import longest_expiry
from apikeys.models import APIKey
from campaigns.base.settings import mailmetrics, mistakes
from campaigns.fields import utc_now

_SECURITY = "django.middleware.security.SecurityMiddleware"
_LIMITED = {"key": "a key", "address": "an address"}
_OURS = f"{__package__}.authentication.plain_http.PlainHTTPMiddleware"


def _warning(id_: str, text: str, hint: str) -> CheckMessage:
    return CheckWarning(text, hint=hint, id=id_)


@register(Tags.security)
def check_store(**kwargs: Any) -> list[CheckMessage]:
    """The cache of the throttles, as far as it can be told without asking it."""
    if any(mistakes()) or not mailmetrics.THROTTLE_RATES:
        return []
    alias = mailmetrics.THROTTLE_CACHE
    try:
        cache = _with_its_client(alias)
    # Each client has errors of its own for a place that it can't read.
    except Exception as error:
        return [
            _warning(
                "mailmetrics.W001",
                f"The cache {alias!r}, which counts for the throttles, can't be used: {error}",
                "Install its client, as the extras redis and memcached of django-mailmetrics "
                "do, and look at its LOCATION.",
            )
        ]
    if isinstance(cache, DummyCache):
        return [
            _warning(
                "mailmetrics.W003",
                f"The cache {alias!r} keeps nothing, so the throttles limit nothing.",
                'Name another by MAILMETRICS["THROTTLE_CACHE"].',
            )
        ]
    return []


def _with_its_client(alias: str) -> Any:
    cache = caches.create_connection(alias)
    getattr(cache, "_cache", None)  # where Django's backends import it; none of them connects
    return cache


@register(Tags.security)
def check_middleware(**kwargs: Any) -> list[CheckMessage]:
    """Whether a key over plain HTTP is refused before it is redirected."""
    redirects = settings.SECURE_SSL_REDIRECT and _SECURITY in settings.MIDDLEWARE
    if any(mistakes()) or mailmetrics.KEYS_OVER_HTTP == "allow" or not redirects:
        return []
    names = list(settings.MIDDLEWARE)
    if _OURS in names and names.index(_OURS) < names.index(_SECURITY):
        return []
    return [
        _warning(
            "mailmetrics.W008",
            "A key that is sent over plain HTTP is redirected, so nobody learns of its exposure.",
            f"Put {_OURS!r} before {_SECURITY!r} in MIDDLEWARE.",
        )
    ]


@register(Tags.security, deploy=True)
def check_deployment(**kwargs: Any) -> list[CheckMessage]:
    return [] if any(mistakes()) else list(_of_the_deployment())


def _of_the_deployment() -> Iterator[CheckMessage]:
    rates = mailmetrics.THROTTLE_RATES or {}
    if missing := [whose for scope, whose in _LIMITED.items() if not rates.get(scope)]:
        yield _warning(
            "mailmetrics.W004",
            f"No throttle limits the requests of {' or '.join(missing)}.",
            'Name rates in MAILMETRICS["THROTTLE_RATES"], such as {"key": "600/min", "address": '
            '"30/min"}.',
        )
    if rates and _backend_is(LocMemCache):
        yield _warning(
            "mailmetrics.W005",
            "The throttles count in a process's own memory, so each worker counts for itself.",
            'With several workers, name a cache that they share by MAILMETRICS["THROTTLE_CACHE"].',
        )
    if not api_settings.NUM_PROXIES and _is_behind_a_proxy():
        yield _warning(
            "mailmetrics.W006",
            "The site is behind a proxy but is not told of it, so all clients have its address.",
            'Set REST_FRAMEWORK["NUM_PROXIES"] to how many proxies add to X-Forwarded-For.',
        )
    if "*" in settings.ALLOWED_HOSTS:
        yield _warning(
            "mailmetrics.W007",
            "ALLOWED_HOSTS has '*', so the site answers to any name.",
            "List the names of the site.",
        )


def _backend_is(kind: type) -> bool:
    try:
        return isinstance(caches.create_connection(mailmetrics.THROTTLE_CACHE), kind)
    except Exception:
        return False  # told by check_store


def _is_behind_a_proxy() -> bool:
    return bool(
        settings.SECURE_PROXY_SSL_HEADER
        or settings.USE_X_FORWARDED_HOST
        or settings.USE_X_FORWARDED_PORT
    )


@register(Tags.database)
def check_table(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """The table of a database cache that counts, in the databases that are asked for."""
    if any(mistakes()) or not mailmetrics.THROTTLE_RATES:
        return []
    if not _backend_is(BaseDatabaseCache):
        return []
    cache: Any = caches.create_connection(mailmetrics.THROTTLE_CACHE)
    alias, table = router.db_for_write(cache.cache_model_class), cache._table
    if alias not in (databases or ()) or table in connections[alias].introspection.table_names():
        return []
    return [
        _warning(
            "mailmetrics.W002",
            f"The table {table!r} of the cache {mailmetrics.THROTTLE_CACHE!r}, which counts for "
            "the throttles, is missing.",
            "Run manage.py createcachetable.",
        )
    ]


@register(Tags.database)
def check_lives(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Keys that were made before the site chose a longest life."""
    alias = router.db_for_write(APIKey)
    if any(mistakes()) or alias not in (databases or ()):
        return []
    longest = longest_expiry()
    if longest is None or not _has_keys(alias):
        return []
    usable = Q(revoked_at__isnull=True) & (Q(expires_at__isnull=True) | Q(expires_at__gt=utc_now()))
    too_long = Q(expires_at__isnull=True) | Q(expires_at__gt=longest)
    number = APIKey.objects.using(alias).filter(usable & too_long).count()
    if not number:
        return []
    return [
        _warning(
            "mailmetrics.W009",
            f"{number} API key{' is' if number == 1 else 's are'} valid for longer than "
            f"MAX_KEY_DAYS, {mailmetrics.MAX_KEY_DAYS} days from now.",
            "Rotate them, or bring their expiry forward in the admin.",
        )
    ]


def _has_keys(alias: str) -> bool:
    """The checks run before the migrations that make the table."""
    return APIKey._meta.db_table in connections[alias].introspection.table_names()
