"""What the wheel and the sdist hold, and what they say of themselves."""

import ast
import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string
from email.message import Message
from pathlib import Path

import pytest

from build_hook import published, unpublished_names
from tests.distributions import APPS, ROOT, build

PACKAGES = (*APPS, "config")
# Every module of the package, imported in a site of it, where ours of the checkout are not there.
IMPORT_ALL = f"""
import importlib, os, pkgutil, sys
sys.path = [sys.argv[1], *(path for path in sys.path if path not in {("", str(ROOT))!r})]
os.environ.update(SECRET_KEY="k", DATABASE_URL="sqlite://", DJANGO_SETTINGS_MODULE=sys.argv[2])
import django, mailmetrics
django.setup()
from django.conf import settings
for module in pkgutil.walk_packages(mailmetrics.__path__, "mailmetrics."):
    if "_psycopg" not in module.name:
        importlib.import_module(module.name)
print(sorted(name for name in sys.modules if name.partition(".")[0] in {PACKAGES!r}))
"""

# The distributions are the same whatever database the tests run on.
pytestmark = pytest.mark.sqlite


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", into=tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", into=tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        return message_from_string(archive.read(name).decode())


def modules(wheel: Path) -> dict[str, str]:
    with zipfile.ZipFile(wheel) as archive:
        return {
            name: archive.read(name).decode()
            for name in archive.namelist()
            if name.endswith((".py", ".html", ".js", ".css", ".sql"))
        }


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def sources() -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for app in PACKAGES
        for path in (ROOT / app).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_the_apps_and_the_site_under_one_name_and_nothing_else(wheel: Path) -> None:
    assert names(wheel) == {
        *(f"mailmetrics/{name}" for name in sources() - {"config/demo.py"}),
        *("mailmetrics/__init__.py", "mailmetrics/__main__.py", "mailmetrics/py.typed"),
    }
    assert {f"mailmetrics/{app}/py.typed" for app in APPS} <= names(wheel)
    assert {
        "mailmetrics/analytics/migrations/0007_triggers.py",
        "mailmetrics/analytics/totals/sql/3/postgresql_create.sql",
        "mailmetrics/analytics/totals/sql/3/sqlite_create.sql",
        *(
            f"mailmetrics/{app}/locale/{language}/LC_MESSAGES/django.mo"
            for app in PACKAGES
            for language in ("de", "ar")
        ),
    } <= names(wheel)


def test_the_wheel_imports_no_top_level_package_of_ours(wheel: Path) -> None:
    imported = {
        (name, module.partition(".")[0])
        for name, text in modules(wheel).items()
        if name.endswith(".py")
        for node in ast.walk(ast.parse(text))
        for module in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom) and not node.level
            else [
                alias.name for alias in getattr(node, "names", []) if isinstance(node, ast.Import)
            ]
        )
    }
    assert [each for each in imported if each[1] in PACKAGES] == []


def test_the_wheel_names_no_module_of_ours_without_its_namespace(wheel: Path) -> None:
    """In a string, a comment or a template: the first two parts of a dotted name tell."""
    known = "|".join(
        path.relative_to(ROOT).with_suffix("").as_posix().replace("/", r"\.")
        for package in PACKAGES
        for path in (ROOT / package).iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    )
    unpublished = re.compile(rf"(?<![\w.])({known})\b(?! *=)")
    assert {
        name: found for name, text in modules(wheel).items() if (found := unpublished.findall(text))
    } == {}


def test_every_module_of_the_wheel_can_be_imported_without_the_checkout(
    wheel: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)  # noqa: S202 - built by this test
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, tmp_path, "mailmetrics.config.settings"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


@pytest.mark.parametrize(
    ("source", "moved"),
    [
        ("from campaigns.models import X\n", "from mailmetrics.campaigns.models import X\n"),
        ("from campaigns import models\n", "from mailmetrics.campaigns import models\n"),
        ("import analytics.urls as u\n", "import mailmetrics.analytics.urls as u\n"),
        (
            "import campaigns.fields\nf = campaigns.fields.InstantField()\n",
            "import mailmetrics.campaigns.fields\n"
            "f = mailmetrics.campaigns.fields.InstantField()\n",
        ),
        (
            "def f():\n    from config import x\n",
            "def f():\n    from mailmetrics.config import x\n",
        ),
        (
            'x = "apikeys.throttling.caches.Cache"\n',
            'x = "mailmetrics.apikeys.throttling.caches.Cache"\n',
        ),
        ('x = f"{y} campaigns.models.Z"\n', 'x = f"{y} mailmetrics.campaigns.models.Z"\n'),
        (
            '"""See\n\n  é campaigns.models."""\n',
            '"""See\n\n  é mailmetrics.campaigns.models."""\n',
        ),
        (
            "x = 1  # as campaigns.models has it\n",
            "x = 1  # as mailmetrics.campaigns.models has it\n",
        ),
    ],
)
def test_a_reference_to_a_module_moves_with_it(source: str, moved: str) -> None:
    assert published(source) == moved


@pytest.mark.parametrize(
    "source",
    [
        "from . import campaigns\n",
        "from shop.campaigns import models\n",
        "from campaigns_of_mine import models\n",
        "campaigns = get(); campaigns.models\n",
        'path("campaigns.csv", view)\n',
        'path("analytics/campaigns")\n',
        'x = "shop.campaigns.models"\n',
        'x = "mailmetrics.campaigns.models"\n',
        'x = "mailmetrics_campaigns.models"\n',
        'x = "config.toml"\n',
    ],
)
def test_everything_else_stays(source: str) -> None:
    assert published(source) == source


def test_the_sdist_builds_the_same_wheel(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    held = {path.name for path in source.iterdir()}  # before Python leaves its bytecode there
    again = build("wheel", source=source, into=tmp_path / "again")

    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as other:
        assert {name: one.read(name) for name in one.namelist()} == {
            name: other.read(name) for name in other.namelist()
        }
    assert held == {
        *PACKAGES,
        *(".gitignore", "CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "docs"),
        *("build_hook.py", "manage.py", "pyproject.toml"),
    }


def test_the_runtime_needs_three_packages_and_the_rest_is_optional(metadata: Message) -> None:
    needed = metadata.get_all("Requires-Dist") or []
    assert sorted(each for each in needed if "extra ==" not in each) == [
        "django-filter>=25.1",
        "django>=5.2",
        "djangorestframework>=3.16",
    ]
    assert set(metadata.get_all("Provides-Extra") or []) >= {
        *("anymail", "openapi", "postgres", "progress"),
    }


def test_the_metadata_tells_what_it_is(metadata: Message) -> None:
    assert metadata["Name"] == "django-mailmetrics"
    assert metadata["License-Expression"] == "MIT"
    assert metadata["License-File"] == "LICENSE"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload() == (ROOT / "README.md").read_text()
    assert "Typing :: Typed" in (metadata.get_all("Classifier") or [])


# Of the repository itself, where the modules are at the top.
OF_THE_REPOSITORY = {"architecture.md"}


@pytest.mark.parametrize(
    "document",
    [
        ROOT / "README.md",
        ROOT / "SECURITY.md",
        ROOT / "CHANGELOG.md",
        *(ROOT / "docs").glob("*.md"),
    ],
    ids=lambda path: path.name,
)
def test_documents_use_the_published_names(document: Path) -> None:
    if document.name not in OF_THE_REPOSITORY:
        assert unpublished_names(document.read_text()) == []
