"""The site's own settings with a known environment, whatever the developer's shell has set.

``DATABASE_URL`` alone is taken from outside: it chooses the database that the tests run on.
"""

import os

for _name in (
    "ALLOWED_HOSTS",
    "CACHE_URL",
    "CONN_MAX_AGE",
    "CSRF_TRUSTED_ORIGINS",
    "AUDIT_DAYS",
    "DEBUG",
    "KEYS_OVER_HTTP",
    "LOGIN_FAILURES",
    "LOGIN_LOCK_MINUTES",
    "LOG_LEVEL",
    "MAX_KEY_DAYS",
    "NUM_PROXIES",
    "REPLICA_MAX_LAG",
    "REPLICA_URL",
    "SECURE_HSTS_INCLUDE_SUBDOMAINS",
    "SECURE_HSTS_PRELOAD",
    "SECURE_HSTS_SECONDS",
    "SESSION_COOKIE_AGE",
    "THROTTLE_FAILURE",
    "TRUST_X_FORWARDED_PROTO",
):
    os.environ.pop(_name, None)
os.environ["SECRET_KEY"] = "only-for-tests"
os.environ["SECURE_SSL_REDIRECT"] = "0"
for _name in ("KEY", "BYTES", "ADDRESS", "EVENTS"):
    os.environ[f"THROTTLE_{_name}"] = ""
os.environ["DATABASE_URL"] = os.environ.get("DATABASE_URL") or "sqlite://:memory:"

from config.settings import *  # noqa: E402, F403
from config.settings import INSTALLED_APPS, REST_FRAMEWORK, STORAGES  # noqa: E402
from tests.mailing import sent_by  # noqa: E402

# A host site's own, whose signals bring the events.
INSTALLED_APPS += ["anymail"]

# From Django 6.1 on a site that sends mail names its mailers itself.
MAILERS = sent_by("django.core.mail.backends.locmem.EmailBackend").get("MAILERS", {})

# The files' own names: tests run without collectstatic.
STATIC_ROOT = None
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# `make openapi` describes the API with it; the site itself has no part of it.
INSTALLED_APPS += ["drf_spectacular"]
REST_FRAMEWORK["DEFAULT_SCHEMA_CLASS"] = "drf_spectacular.openapi.AutoSchema"
