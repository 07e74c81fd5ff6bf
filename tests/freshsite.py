"""A fresh Django site in a virtual environment of its own, made as its owner would make it."""

import json
import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener

START_SECONDS = 30
FOUND = 302

SHOP = {
    "shop/models.py": """
class Order(models.Model):
    number = models.IntegerField()
    placed_at = models.DateTimeField()
""",
    "shop/admin.py": """
from shop.models import Order

admin.site.register(Order, list_display=["number", "placed_at"])
""",
    "shop/views.py": """
from django.http import HttpResponse
from rest_framework.viewsets import ModelViewSet
from rest_framework.serializers import ModelSerializer
from shop.models import Order


class OrderSerializer(ModelSerializer):
    class Meta:
        model = Order
        fields = ["number", "placed_at"]


class OrderViewSet(ModelViewSet):
    queryset = Order.objects.all()
    serializer_class = OrderSerializer


def home(request):
    return HttpResponse("Welcome to the shop")
""",
    "mysite/urls.py": """
from rest_framework.routers import DefaultRouter
from shop.views import OrderViewSet, home

router = DefaultRouter()
router.register("orders", OrderViewSet)
urlpatterns += [path("", home), *router.urls]
""",
    "mysite/settings.py": """
INSTALLED_APPS += ["rest_framework", "shop"]
REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": [], "DEFAULT_PERMISSION_CLASSES": []}
""",
}
DATA = """
from datetime import UTC, datetime
from django.contrib.auth.models import Permission, User
from shop.models import Order
clerk = User.objects.create_user("clerk", password="clerk", is_staff=True)
clerk.user_permissions.set(Permission.objects.filter(content_type__app_label="shop"))
Order.objects.create(number=7, placed_at=datetime(2024, 1, 15, 10, tzinfo=UTC))
"""


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: str


class Browser:
    """Keeps cookies and follows no redirect."""

    def __init__(self, port: int) -> None:
        self.site = f"http://127.0.0.1:{port}"
        self.cookies = CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self.cookies), _NoRedirect)

    def ask(self, path: str, *, method: str = "GET", **headers: str) -> Answer:
        return self._answer(Request(self.site + path, method=method, headers=headers))

    def log_in(self, name: str, password: str) -> None:
        self.ask("/admin/login/")
        (token,) = (cookie.value for cookie in self.cookies if cookie.name == "csrftoken")
        fields = {"username": name, "password": password, "csrfmiddlewaretoken": token}
        form = urlencode(fields).encode()
        assert self._answer(Request(f"{self.site}/admin/login/", form)).status == FOUND

    def _answer(self, request: Request) -> Answer:
        try:
            response = self._opener.open(request)
        except HTTPError as error:
            response = error
        with response:
            return Answer(response.status, dict(response.headers), response.read().decode())


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class FreshEnvironment:
    """A virtual environment and a folder to run commands in, which see ``environment``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "mysite"
        tools = folder / "venv" / "bin"
        kept = {name: value for name, value in os.environ.items() if name[:6] != "DJANGO"}
        self.environment = kept | {
            "PATH": f"{tools}:{kept['PATH']}",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        self.folder.mkdir()

    def run(self, command: str) -> str:
        """Its standard output; variables that it sets are there for the next one."""
        exported = self.folder.parent / "environment.json"
        dump = f"import json, os; json.dump(dict(os.environ), open({str(exported)!r}, 'w'))"
        done = subprocess.run(
            ["sh", "-ae", "-c", f"{command}\npython -c {shlex.quote(dump)}"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        self.environment = json.loads(exported.read_text())
        return done.stdout

    @contextmanager
    def serving(self, *command: str, port: int) -> Iterator[None]:
        """While the command serves there."""
        log = self.folder.parent / "server.log"
        with log.open("w") as output:
            server = subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdout=output, stderr=output
            )
        try:
            _wait_for(port, server, log)
            yield
        finally:
            server.terminate()
            server.wait()


class FreshSite(FreshEnvironment):
    def __init__(self, folder: Path, *, database: Mapping[str, Any] | None) -> None:
        super().__init__(folder)
        driver = "psycopg[binary]" if database else ""
        self.run(f"python -m pip install --quiet django djangorestframework {driver}")
        self.run("django-admin startproject mysite .")
        self.run("python manage.py startapp shop")
        for name, text in SHOP.items():
            self.append(name, text)
        if database:
            self.append("mysite/settings.py", f"DATABASES = {{'default': {dict(database)!r}}}\n")
        self.run("python manage.py makemigrations shop")
        self.run("python manage.py migrate")
        self.run(f"python manage.py shell --no-imports -c {shlex.quote(DATA)}")

    def append(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text((path.read_text() if path.exists() else "") + text)

    @contextmanager
    def served(self) -> Iterator[int]:
        """The port on which Django's own server answers."""
        port = free_port()
        address = f"127.0.0.1:{port}"
        command = ("python", "manage.py", "runserver", "--noreload", address)
        with self.serving(*command, port=port):
            yield port


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
