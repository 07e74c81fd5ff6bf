"""The runnable site. Everything that differs between machines comes from the environment.

In production set ``SECRET_KEY``, ``ALLOWED_HOSTS`` and ``DATABASE_URL``; nothing else is needed.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from config import caches

# "mailmetrics." in the published package, nothing in the checkout.
NAMESPACE = __name__.rpartition("config.")[0]
# Of the checkout; an installed site keeps its files where it is started.
BASE_DIR = Path.cwd() if NAMESPACE else Path(__file__).resolve().parent.parent
env = environ.Env()

DEBUG = env.bool("DEBUG", default=False)
# Not by env.str: it takes a leading "$", which Django's own key generator makes, for a reference.
SECRET_KEY = os.environ.get("SECRET_KEY") or ("only-for-development" if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "Set SECRET_KEY in the environment to a long random string (or DEBUG=1 for development)."
    )
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", cast=str.strip, default=[])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", cast=str.strip, default=[])

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "axes",
    "drf_spectacular_sidecar",
    *(f"{NAMESPACE}{app}" for app in ("campaigns", "apikeys", "analytics", "config")),
]

MIDDLEWARE = [
    # Before the next one, which redirects to HTTPS.
    "apikeys.authentication.plain_http.PlainHTTPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # The last: it answers for the login page.
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Before the apps': it adds to a page of the admin's.
        "DIRS": [Path(__file__).resolve().parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

SQLITE = "django.db.backends.sqlite3"
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url_config(env.str("DATABASE_URL"))
    if env.str("DATABASE_URL", default="")
    else {"ENGINE": SQLITE, "NAME": BASE_DIR / "db.sqlite3"}
}
if DATABASES["default"]["ENGINE"] == SQLITE:
    # Readers go on while a batch is written, and a writer waits for its turn instead of failing.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    } | DATABASES["default"].get("OPTIONS", {})
else:
    DATABASES["default"].setdefault("CONN_MAX_AGE", env.int("CONN_MAX_AGE", default=60))
    DATABASES["default"].setdefault("CONN_HEALTH_CHECKS", True)

# Reports are read from a streaming replica while it keeps up; one that is gone costs two seconds.
if REPLICA_URL := env.str("REPLICA_URL", default=""):
    DATABASES["replica"] = {
        **DATABASES["default"],
        **env.db_url_config(REPLICA_URL),
        "TEST": {"MIRROR": "default"},
    }
    DATABASES["replica"]["OPTIONS"] = {
        "connect_timeout": 2,
        "tcp_user_timeout": 2_000,
    } | DATABASES["replica"].get("OPTIONS", {})
    DATABASE_ROUTERS = ["analytics.replica.ReplicaRouter"]

# Counts requests: each process for itself, unless CACHE_URL names a cache that all of them share:
# redis://..., pymemcache://..., or dbcache://TABLE once `createcachetable` has made the table.
CACHES = {"default": env.cache_url_config(env.str("CACHE_URL", default="") or "locmemcache://")}
CACHES["default"] |= caches.SUITED.get(CACHES["default"]["BACKEND"], {})
# An empty rate is none. An address is counted for what it is refused.
RATES = {
    "key": env.str("THROTTLE_KEY", default="600/min"),
    "address": env.str("THROTTLE_ADDRESS", default="30/min"),
    "events": env.str("THROTTLE_EVENTS", default="1000000/min"),
    # Some thirty times the answer of 50,000 campaigns.
    "bytes": env.str("THROTTLE_BYTES", default="500000000/min"),
}
MAILMETRICS = {
    "THROTTLE_FAILURE": env.str("THROTTLE_FAILURE", default="allow"),
    "KEYS_OVER_HTTP": env.str("KEYS_OVER_HTTP", default="auto"),
    "MAX_KEY_DAYS": env.int("MAX_KEY_DAYS", default=0) or None,
    "AUDIT_DAYS": env.int("AUDIT_DAYS", default=365),
    "REPLICA_MAX_LAG": env.int("REPLICA_MAX_LAG", default=10),
    "THROTTLE_RATES": {scope: rate for scope, rate in RATES.items() if rate},
}
# How many proxies pass a request on, each adding whom it got it from to X-Forwarded-For.
REST_FRAMEWORK = {"NUM_PROXIES": env.int("NUM_PROXIES", default=0)}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # the first: it refuses before a password is looked at
    "django.contrib.auth.backends.ModelBackend",
]
# So many failures, each within so many minutes of the one before, lock the login of an address and
# of a name for so long. A failure during the lock does not prolong it: else a stranger could keep
# a name locked with one request in that time.
AXES_FAILURE_LIMIT = env.int("LOGIN_FAILURES", default=10)
AXES_COOLOFF_TIME = timedelta(minutes=env.int("LOGIN_LOCK_MINUTES", default=15))
AXES_LOCKOUT_PARAMETERS = ["ip_address", "username"]
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "config.logins.client_address"
AXES_USERNAME_CALLABLE = "config.logins.client_name"
AXES_LOCKOUT_CALLABLE = "config.logins.locked_page"
# What is typed as a name may be a password. Only failures are kept, until their lock has ended.
AXES_SENSITIVE_PARAMETERS = ["username", "csrfmiddlewaretoken"]
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# A reader gets the language that the browser asks for. Only those that our own pages are translated
# into: of Django's others the admin would speak one language, and our pages in it another.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("en-gb", "English"), ("de", "Deutsch"), ("ar", "العربية")]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG

# Over TLS alone, unless DEBUG. Only a proxy that always sets X-Forwarded-Proto may be believed.
if env.bool("TRUST_X_FORWARDED_PROTO", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=not DEBUG)
# A balancer asks without TLS.
SECURE_REDIRECT_EXEMPT = ["^health/(live|ready)$"]
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=0 if DEBUG else 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=not DEBUG)
# A domain leaves the browsers' list only after months, so nobody enters it by default.
SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_PRELOAD", default=False)
SILENCED_SYSTEM_CHECKS = ["security.W021"]  # which asks for it
SESSION_COOKIE_AGE = env.int("SESSION_COOKIE_AGE", default=1_209_600)  # two weeks
SESSION_COOKIE_SECURE = not DEBUG
CSRF_COOKIE_SECURE = not DEBUG
X_FRAME_OPTIONS = "DENY"
# Nothing from elsewhere and nothing inline; the images are those in the API page's style sheet.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
    }
}

DEFAULT_EXCEPTION_REPORTER = "apikeys.reporting.KeylessExceptionReporter"

# Everything to standard error, also in production, where Django alone would mail it to nobody.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
    },
    "filters": {"without_keys": {"()": "apikeys.reporting.KeyFilter"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["without_keys"],
        },
    },
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO").upper()},
    # Without handlers of its own: each record is written once, by the root's.
    "loggers": {"django": {"level": "INFO"}, "axes": {"level": "WARNING"}},
}
