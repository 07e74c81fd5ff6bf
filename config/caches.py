"""What each kind of cache needs to count requests well: room for many, and no patience."""

from typing import Any

SECONDS = 0.1  # for an answer; a cache in the same network takes a hundredth of it
CALLERS = 1_000_000

SUITED: dict[str, dict[str, Any]] = {
    "django.core.cache.backends.locmem.LocMemCache": {"OPTIONS": {"MAX_ENTRIES": CALLERS}},
    "django.core.cache.backends.db.DatabaseCache": {
        "BACKEND": "apikeys.throttling.caches.DatabaseCache"
    },
    "django.core.cache.backends.redis.RedisCache": {
        "OPTIONS": {"socket_timeout": SECONDS, "socket_connect_timeout": SECONDS}
    },
    "django.core.cache.backends.memcached.PyMemcacheCache": {
        # Without the client's own pause of a minute after a failure: ours is shorter.
        "OPTIONS": {"timeout": SECONDS, "connect_timeout": SECONDS, "dead_timeout": 5}
    },
}
