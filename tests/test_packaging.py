"""What the wheel and the sdist hold, and what they say of themselves."""

import tarfile
import zipfile
from email import message_from_string
from email.message import Message
from pathlib import Path

import pytest

from tests.distributions import ROOT, build

APPS = ("campaigns", "apikeys", "analytics")

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


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def sources() -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for app in APPS
        for path in (ROOT / app).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_the_three_apps_whole_and_nothing_else(wheel: Path) -> None:
    assert names(wheel) == sources()
    assert {f"{app}/py.typed" for app in APPS} <= names(wheel)
    assert "analytics/migrations/0002_triggers.py" in names(wheel)


def test_the_sdist_builds_the_same_wheel(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    again = build("wheel", source=source, into=tmp_path / "again")

    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as other:
        assert {name: one.read(name) for name in one.namelist()} == {
            name: other.read(name) for name in other.namelist()
        }
    assert {path.name for path in source.iterdir()} == {
        *APPS,
        *(".gitignore", "CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "docs"),
        "pyproject.toml",
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
