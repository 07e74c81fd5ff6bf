"""Each choice of a host that could be turned against us, by name.

A list or a dict is added to the one that there is; ``EVERY_DATABASE`` is added to each database.
"""

from typing import Any

_REST = "tests.hostile.shop.rest"

_REST_TURNS: dict[str, dict[str, Any]] = {
    "authentication": {
        "DEFAULT_AUTHENTICATION_CLASSES": [f"{_REST}.Refuse"],
        "UNAUTHENTICATED_USER": f"{_REST}.NoUser",
        "UNAUTHENTICATED_TOKEN": f"{_REST}.NoUser",
    },
    "permissions": {"DEFAULT_PERMISSION_CLASSES": [f"{_REST}.Deny"]},
    "renderers": {
        "DEFAULT_RENDERER_CLASSES": [f"{_REST}.Shout"],
        "DEFAULT_CONTENT_NEGOTIATION_CLASS": f"{_REST}.NotFound",
        "URL_FORMAT_OVERRIDE": "status",
        "FORMAT_SUFFIX_KWARG": "pk",
        "UNICODE_JSON": False,
        "COMPACT_JSON": False,
    },
    "parsers": {"DEFAULT_PARSER_CLASSES": [f"{_REST}.Unreadable"], "STRICT_JSON": False},
    "pagination": {
        "DEFAULT_PAGINATION_CLASS": f"{_REST}.OneAPage",
        "PAGE_SIZE": 1,
    },
    "filter_backends": {
        "DEFAULT_FILTER_BACKENDS": [f"{_REST}.Nothing"],
        "SEARCH_PARAM": "status",
        "ORDERING_PARAM": "from_date",
    },
    "throttles": {"DEFAULT_THROTTLE_CLASSES": [f"{_REST}.Exhausted"], "NUM_PROXIES": 3},
    "exception_handler": {
        "EXCEPTION_HANDLER": f"{_REST}.envelope",
        "NON_FIELD_ERRORS_KEY": "from_date",
    },
    "versioning": {
        "DEFAULT_VERSIONING_CLASS": f"{_REST}.OfTheHost",
        "VERSION_PARAM": "to_date",
        "ALLOWED_VERSIONS": ["7"],
    },
    "descriptions": {
        "DEFAULT_SCHEMA_CLASS": f"{_REST}.NoSchema",
        "DEFAULT_METADATA_CLASS": None,
        "VIEW_NAME_FUNCTION": f"{_REST}.name",
        "VIEW_DESCRIPTION_FUNCTION": f"{_REST}.description",
    },
    "formats": {
        "COERCE_DECIMAL_TO_STRING": False,
        "DATETIME_FORMAT": "%d/%m/%y",
        "DATE_FORMAT": "%d/%m/%y",
        "DATETIME_INPUT_FORMATS": ["%d/%m/%y"],
        "DATE_INPUT_FORMATS": ["%d/%m/%y"],
        "TIME_FORMAT": "%H",
    },
}

TURNS: dict[str, dict[str, Any]] = {
    **{name: {"REST_FRAMEWORK": keys} for name, keys in _REST_TURNS.items()},
    "filters": {
        "FILTERS_DEFAULT_LOOKUP_EXPR": "icontains",
        "FILTERS_NULL_CHOICE_VALUE": "ACTIVE",
        "FILTERS_EMPTY_CHOICE_LABEL": None,
        "FILTERS_DISABLE_HELP_TEXT": True,
        "FILTERS_VERBOSE_LOOKUPS": {},
    },
    "language": {
        "LANGUAGE_CODE": "de",
        "USE_I18N": True,
        "USE_THOUSAND_SEPARATOR": True,
        "MIDDLEWARE": ["django.middleware.locale.LocaleMiddleware"],
    },
    "time_zone": {"TIME_ZONE": "Asia/Kathmandu"},
    "no_time_zones": {"USE_TZ": False, "TIME_ZONE": "America/New_York"},
    "append_slash": {"APPEND_SLASH": False},
    "auto_field": {"DEFAULT_AUTO_FIELD": "django.db.models.SmallAutoField"},
    "user_model": {"AUTH_USER_MODEL": "shop.User", "INSTALLED_APPS": ["tests.hostile.shop"]},
    "prefix": {"ROOT_URLCONF": "tests.hostile.urls", "API_PREFIX": "/our-mail/v7/"},
    "login_required": {"MIDDLEWARE": ["django.contrib.auth.middleware.LoginRequiredMiddleware"]},
    "app_label": {"INSTALLED_APPS": ["tests.hostile.campaigns"]},
    "app_order": {"REVERSED": True},
    "without_apps": {"REMOVED_APPS": ["rest_framework", "django_filters"]},
    "router": {
        "DATABASES": {"mail": {}},
        "DATABASE_ROUTERS": ["tests.hostile.shop.router.MailRouter"],
    },
    "atomic_requests": {"EVERY_DATABASE": {"ATOMIC_REQUESTS": True}},
    "connection_time_zone": {"EVERY_DATABASE": {"TIME_ZONE": "Pacific/Auckland"}},
}

# Without their apps, the other packages would have no translations to answer in; and a connection
# may have a time zone only where Django has them.
_TOGETHER = [name for name in TURNS if name != "without_apps"]
AT_ONCE = [
    [name for name in _TOGETHER if name != "connection_time_zone"],
    [name for name in _TOGETHER if name != "no_time_zones"],
]
