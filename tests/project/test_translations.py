"""The catalogues that the apps carry: whole, and what the sources and the compiled files have."""

import os
import re
import shutil
import subprocess
import sys
from gettext import GNUTranslations

import pytest
from babel.messages.pofile import read_po

from tests.distributions import ROOT

APPS = ("campaigns", "apikeys", "analytics", "config")
LANGUAGES = ("de", "ar")
CATALOGUES = [
    ROOT / app / "locale" / language / "LC_MESSAGES" / "django.po"
    for app in APPS
    for language in LANGUAGES
]
MEND = "Run `make messages`, translate what is new in the .po files, and run it again."

# The files are the same whatever database the tests run on.
pytestmark = pytest.mark.sqlite


def read(path):
    with path.open("rb") as file:
        return [message for message in read_po(file) if message.id]


def key(message):
    """As a source names it: its context and its text, or both of its texts."""
    return message.context, message.id


def texts(message):
    return message.string if isinstance(message.string, tuple) else (message.string,)


def name(path):
    return str(path.relative_to(ROOT).parents[1])


@pytest.mark.parametrize("path", CATALOGUES, ids=name)
def test_every_text_is_translated(path):
    messages = read(path)
    assert messages
    assert [key(each) for each in messages if each.fuzzy or not all(texts(each))] == [], MEND


@pytest.mark.parametrize("path", CATALOGUES, ids=name)
def test_a_translation_has_the_places_of_its_text(path):
    """But for a form of the plural, which may say "one" and "two" in words."""
    place = re.compile(r"%\(\w+\)\w|%%|</?a\b")
    for message in read(path):
        known = set(place.findall(str(message.id)))
        for text in texts(message):
            found = set(place.findall(text))
            assert found <= known, text
            assert found == known or isinstance(message.id, tuple), text


@pytest.mark.parametrize("path", CATALOGUES, ids=name)
def test_the_compiled_catalogue_is_that_of_the_text(path):
    with path.with_suffix(".mo").open("rb") as file:
        compiled = dict(GNUTranslations(file)._catalog)
    compiled.pop("")
    expected = {}
    for message in read(path):
        context = f"{message.context}\x04" if message.context else ""
        if isinstance(message.id, tuple):
            for form, text in enumerate(message.string):
                expected[context + message.id[0], form] = text
        else:
            expected[context + message.id] = message.string
    assert compiled == expected, MEND


@pytest.mark.parametrize("app", APPS)
def test_the_catalogues_have_the_texts_of_the_sources(app, tmp_path):
    """Needs xgettext, of which ``make test`` says where it comes from."""
    copy = tmp_path / app
    shutil.copytree(ROOT / app, copy, ignore=shutil.ignore_patterns("locale", "__pycache__"))
    (copy / "locale").mkdir()
    command = (sys.executable, "-m", "django", "makemessages", "--locale", "de")
    environment = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(command, cwd=copy, env=environment, check=True, capture_output=True)
    collected = set(map(key, read(copy / "locale" / "de" / "LC_MESSAGES" / "django.po")))
    for language in LANGUAGES:
        path = ROOT / app / "locale" / language / "LC_MESSAGES" / "django.po"
        assert set(map(key, read(path))) == collected, MEND


def test_both_languages_of_an_app_have_the_same_folder():
    """A third language is a folder in each app, and a line in the site's settings."""
    for app in APPS:
        assert {each.name for each in (ROOT / app / "locale").iterdir()} == set(LANGUAGES)
