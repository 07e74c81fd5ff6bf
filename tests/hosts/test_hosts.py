"""The wheel in hosts of the kinds that it was tried in: nothing of theirs is hidden, nor ours."""

import json
from pathlib import Path

import pytest

from tests.distributions import build
from tests.installed import InstalledHost
from tests.mailing import sent_by

pytestmark = pytest.mark.sqlite  # which names are whose is the same on every database

OWN_COMMAND = """
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    def handle(self, *args, **options):
        self.stdout.write("the host's")
"""
OWN_MODELS = """
from django.db import models


class Campaign(models.Model):
    title = models.CharField(max_length=9)
"""
OURS_FIRST = "INSTALLED_APPS += ['analytics', 'campaigns']\n"
OURS_LAST = "INSTALLED_APPS = ['analytics', 'campaigns', *INSTALLED_APPS]\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", into=tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def host(tmp_path: Path, wheel: Path) -> InstalledHost:
    return InstalledHost(tmp_path, wheel)


def give_it_apps_of_our_names(host: InstalledHost, *, under: str = "") -> None:
    for app in ("analytics", "campaigns"):
        host.write(f"{under}{app}/__init__.py", "")
        host.write(f"{under}{app}/models.py", OWN_MODELS)
        host.write(f"{under}{app}/migrations/__init__.py", "")
    for name in ("create_api_key", "verify_totals"):
        host.write(f"{under}analytics/management/commands/{name}.py", OWN_COMMAND)


def test_beside_a_package_that_owns_analytics(host: InstalledHost, wheel: Path) -> None:
    (host.packages / "analytics").mkdir()
    (host.packages / "analytics" / "__init__.py").write_text("write_key = 'of the package'\n")
    host.install(wheel)

    assert host.run("-c", "import analytics; print(analytics.write_key)") == "of the package\n"
    host.assert_it_works()


@pytest.mark.parametrize("apps", [OURS_FIRST, OURS_LAST], ids=["ours first", "ours last"])
def test_in_a_host_with_its_own_analytics_campaigns_and_commands(
    host: InstalledHost, apps: str
) -> None:
    give_it_apps_of_our_names(host)
    host.write("settings.py", apps)
    host.manage("makemigrations", "analytics", "campaigns")

    host.assert_it_works()
    assert host.manage("create_api_key") == host.manage("verify_totals") == "the host's\n"
    key = host.manage("mailmetrics_create_api_key", "Acme", "--name=k", "--scope=campaigns:read")
    assert key.startswith("mm_")
    assert host.shell("from campaigns.models import Campaign; print(Campaign._meta.label)") == (
        "campaigns.Campaign\n"
    )


def test_in_an_editable_host_whose_modules_come_last(host: InstalledHost) -> None:
    give_it_apps_of_our_names(host, under="src/")
    (host.packages / "zz_editable.pth").write_text(f"{host.folder / 'src'}\n")
    host.write("settings.py", OURS_FIRST)
    host.manage("makemigrations", "analytics", "campaigns")

    host.assert_it_works()
    where = "import analytics; print(analytics.__file__)"
    assert host.shell(where).strip() == str(host.folder / "src" / "analytics" / "__init__.py")


def test_a_tuple_of_installed_apps(host: InstalledHost) -> None:
    host.write("settings.py", "INSTALLED_APPS = (*INSTALLED_APPS,)\n")

    host.assert_it_works()


SEND = """
from anymail.message import AnymailMessage
from mailmetrics.campaigns.models import Campaign
message = AnymailMessage("News", "Read this.", "news@example.com", ["reader@example.org"])
message.metadata = {"campaign_id": str(Campaign.objects.get().pk)}
message.send()
"""


def test_mail_that_goes_out_by_the_mailer_that_this_django_wants_is_counted(
    host: InstalledHost,
) -> None:
    host.write("settings.py", "INSTALLED_APPS += ['anymail']\n")
    for name, value in sent_by("anymail.backends.test.EmailBackend").items():
        host.write("settings.py", f"{name} = {value!r}\n")
    host.assert_it_works()

    host.run("-W", "error", "manage.py", "shell", "-v", "0", "-c", SEND)

    count = "from mailmetrics.campaigns.models import EmailEvent as E; print(E.objects.count())"
    assert host.shell(count) == "2\n"


SPECTACULAR = """
INSTALLED_APPS += ["rest_framework", "drf_spectacular"]
REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}
"""
OWN_API = """
from django.urls import path
from rest_framework import serializers
from rest_framework.views import APIView
from drf_spectacular.utils import extend_schema


class ErrorSerializer(serializers.Serializer):
    reason = serializers.CharField()


class OrderSerializer(serializers.Serializer):
    status = serializers.ChoiceField(["open", "paid"])


class Orders(APIView):
    @extend_schema(responses={200: OrderSerializer, 400: ErrorSerializer})
    def get(self, request): ...


urlpatterns += [path("api/orders", Orders.as_view())]
"""
CALLED_HOOK = """
SPECTACULAR_SETTINGS = {
    "PREPROCESSING_HOOKS": ["mailmetrics.analytics.description.openapi.include_mailmetrics"]
}
"""


def described(host: InstalledHost) -> dict[str, object]:
    described = json.loads(host.manage("spectacular", "--fail-on-warn", "--format=openapi-json"))
    assert isinstance(described, dict)
    return described


def test_a_host_that_describes_its_own_api_has_the_same_description_as_without_us(
    host: InstalledHost,
) -> None:
    host.write("settings.py", SPECTACULAR)
    host.write("urls.py", OWN_API)
    with_ours, deployed = described(host), host.manage("check", "--deploy")
    host.write("urls.py", "urlpatterns = urlpatterns[1:]\n")

    assert described(host) == with_ours
    assert host.manage("check", "--deploy") == deployed
    assert "spectacular" not in deployed
    assert sorted(with_ours["components"]["schemas"]) == ["Error", "Order", "StatusEnum"]  # type: ignore[index] # of JSON


def test_a_host_that_asks_for_it_describes_our_endpoints_too(host: InstalledHost) -> None:
    host.write("settings.py", SPECTACULAR + CALLED_HOOK)

    paths = described(host)["paths"]

    assert isinstance(paths, dict)
    assert "/api/public/v1/analytics/campaigns" in paths
