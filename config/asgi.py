"""The site for an ASGI server."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# An ASGI server runs requests in changing threads, where a kept connection would pile up.
os.environ.setdefault("CONN_MAX_AGE", "0")

application = get_asgi_application()
