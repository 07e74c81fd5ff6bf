"""Whether every text of our pages can be translated, and what a reader of German or Arabic sees.

The pages are shown from catalogues in which each text stands in brackets: what is outside of them
went past gettext.
"""

import re
from html.parser import HTMLParser
from pathlib import Path
from uuid import uuid4

import django
import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import translation
from django.utils.translation import ngettext

from apikeys.models import APIKey
from apikeys.scopes import known_scopes
from tests import pages
from tests.distributions import ROOT
from tests.pages import PAGES, admin

pytestmark = pytest.mark.django_db

OURS = ("campaigns", "apikeys", "analytics", "config")
DJANGOS = ("conf", "contrib/admin", "contrib/auth", "contrib/contenttypes")
# What a reader is shown of a text that is not a translation's: codes, and data without a language.
CODES = {"CSV", "UTC", "API", "UUID"}
# The search's picture has the text in English alone, beside a button that is translated.
DJANGOS_OWN = {"Search"}
ADMINISTRATOR = {"username": "42", "is_staff": True, "is_superuser": True}
ATTRIBUTES = {"alt", "aria-label", "data-copied", "placeholder", "title"}
SILENT = {"code", "script", "style", "template"}


def sources():
    for app in OURS:
        yield ROOT / app / "locale" / "de" / "LC_MESSAGES" / "django.po"
    for app in DJANGOS:
        folder = Path(django.__file__).parent / app / "locale" / "en"
        yield folder / "LC_MESSAGES" / "django.po"


def in_brackets(text):
    """Outside of them stays what Django cuts off or splits at: line ends and a field's colon."""
    start, body, end = re.fullmatch(r"(\s*)(.*?)(\s*)", text, re.DOTALL).groups()
    return f"{start}⟦{body}⟧{end}"


@pytest.fixture(scope="module")
def bracketed(tmp_path_factory):
    """The folder of a German catalogue in which every text is its original, in brackets."""
    catalogue = Catalog(locale="de")
    for path in sources():
        with path.open("rb") as file:
            for message in read_po(file):
                if not message.id or message.context == "date format":
                    continue
                known = message.id if isinstance(message.id, tuple) else (message.id,)
                marked = tuple(map(in_brackets, known))
                text = marked if len(marked) > 1 else marked[0]
                catalogue.add(message.id, text, context=message.context)
    folder = tmp_path_factory.mktemp("locale")
    file = folder / "de" / "LC_MESSAGES" / "django.mo"
    file.parent.mkdir(parents=True)
    with file.open("wb") as opened:
        write_mo(opened, catalogue)
    return folder


class Unmarked(HTMLParser):
    """The texts of a page that are outside of brackets."""

    def __init__(self, page):
        super().__init__()
        self.depth, self.silent, self.found, self.marked = 0, [], [], 0
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        if tag in SILENT:
            self.silent.append(tag)
        given = dict(attributes)
        names = ATTRIBUTES | ({"value"} if given.get("type") in {"submit", "button"} else set())
        for name in names & given.keys():
            if self.depth == 0:
                self._look(re.sub(r"⟦[^⟦]*?⟧", "", re.sub(r"⟦[^⟦]*?⟧", "", given[name] or "")))

    def handle_endtag(self, tag):
        if self.silent and self.silent[-1] == tag:
            self.silent.pop()

    def handle_data(self, data):
        outside = []
        for part in re.split("([⟦⟧])", data):
            if part in {"⟦", "⟧"}:
                self.depth += 1 if part == "⟦" else -1
                self.marked += part == "⟦"
            elif self.depth == 0:
                outside.append(part)
        if not self.silent:
            self._look(" ".join(outside))

    def _look(self, text):
        if set(re.findall(r"[^\W\d_]{2,}", text)) - CODES:
            self.found.append(" ".join(text.split()))


def unmarked(answer, *data):
    assert answer.status_code == 200
    page = answer.content.decode()
    for each in sorted({*data, *known_scopes()} - {"*"}, key=len, reverse=True):
        page = page.replace(each, "7")
    read = Unmarked(page)
    assert read.marked > 5
    return [text for text in read.found if text not in DJANGOS_OWN]


@pytest.fixture
def reader(db, settings, bracketed):
    """Somebody whose name says nothing, and who reads the brackets."""
    settings.LOCALE_PATHS = [bracketed]
    user = get_user_model().objects.create(**ADMINISTRATOR)
    client = Client(headers={"Accept-Language": "de"})
    client.force_login(user)
    return client


@pytest.fixture
def campaign(db):
    return pages.make_campaign()


@pytest.fixture
def key(campaign):
    return pages.make_key(campaign)


@pytest.mark.parametrize("page", PAGES)
def test_every_text_of_a_page_is_translated(reader, key, campaign, page):
    answer = reader.get(PAGES[page](key, campaign))
    assert unmarked(answer, key.hint, str(campaign.pk)) == []


def test_every_text_around_a_form_of_keys_is_translated(reader, settings, bracketed, key, campaign):
    data = (key.hint,)

    refused = reader.post(admin("apikeys_apikey_add"), {"name": "", "scopes": ["campaigns:all"]})
    assert unmarked(refused, *data) == []

    form = {
        "name": "№ 4",
        "workspace": key.workspace_id,
        "scopes": ["campaigns:read"],
        "expires_in": "30",
    }
    made = reader.post(admin("apikeys_apikey_add"), {**form, "token": str(uuid4())})
    new = APIKey.objects.get(name="№ 4")
    [text] = set(re.findall("mm_[0-9A-Za-z]{38}", made.content.decode()))
    assert unmarked(made, text, new.hint, *data) == []

    rotate = admin("apikeys_apikey_rotate", key.pk)
    assert unmarked(reader.post(rotate, {}), *data) == []
    rotated = reader.post(rotate, {"overlap": "24", "expires_in": "90", "token": str(uuid4())})
    [text] = set(re.findall("mm_[0-9A-Za-z]{38}", rotated.content.decode()))
    hints = APIKey.objects.values_list("hint", flat=True)
    assert unmarked(rotated, text, *hints, *data) == []

    act = {"action": "revoke_selected", "_selected_action": [key.pk, new.pk]}
    keys = admin("apikeys_apikey_changelist")
    assert unmarked(reader.post(keys, act), *hints, *data) == []
    revoked = reader.post(keys, {**act, "post": "yes"}, follow=True)
    assert unmarked(revoked, *hints, *data) == []


def test_every_text_of_a_refused_form_is_translated(reader, campaign):
    workspace = {"name": campaign.workspace.name, "time_zone": "7"}
    assert unmarked(reader.post(admin("campaigns_workspace_add"), workspace)) == []
    assert unmarked(reader.post(admin("campaigns_campaign_add"), {"total_leads": "-1"})) == []


def test_no_script_has_a_text_of_its_own():
    """It takes its texts from the page, where they are translated."""
    said = re.compile(r"""(?:textContent|innerText|title|ariaLabel)\s*=\s*[`'"][^`'"]*[^\W\d]{2}""")
    scripts = [path for app in OURS for path in (ROOT / app).rglob("static/**/*.js")]
    assert scripts
    assert [path.name for path in scripts if said.search(path.read_text())] == []


def read_in(language, path):
    """The page as an administrator reads it."""
    client = Client(headers={"Accept-Language": language})
    client.force_login(get_user_model().objects.get_or_create(**ADMINISTRATOR)[0])
    return client.get(path).content.decode()


def test_a_reader_of_german_has_german_words_dates_and_numbers(key, campaign):
    page = read_in("de-AT,de;q=0.9,en;q=0.5", PAGES["dashboard"](key, campaign))
    assert '<html lang="de" dir="ltr"' in page
    for text in ("Öffnungsrate", "1. Mai 2026", "1.500", "33,33\N{NO-BREAK SPACE}%"):
        assert text in page
    assert "Aktiv" in read_in("de", PAGES["campaigns"](key, campaign))


def test_a_reader_of_arabic_reads_from_right_to_left(key, campaign):
    for name in ("home", "dashboard", "keys"):
        page = read_in("ar", PAGES[name](key, campaign))
        assert 'lang="ar" dir="rtl"' in page
    assert "معدل الفتح" in read_in("ar", PAGES["dashboard"](key, campaign))


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (1, "يوم واحد من السجل"),
        (2, "يومين من السجل"),
        (3, "3 أيام من السجل"),
        (11, "11 يومًا من السجل"),
        (100, "100 يوم من السجل"),
    ],
)
def test_arabic_has_its_forms_of_the_plural(days, told):
    with translation.override("ar"):
        text = ngettext("%(count)s day of history", "%(count)s days of history", days)
    assert text % {"count": days} == told


@pytest.mark.parametrize("language", ["fr", "", "xx", "en-US", "*"])
def test_everybody_else_reads_english(key, campaign, language):
    page = read_in(language, PAGES["dashboard"](key, campaign))
    assert '<html lang="en" dir="ltr"' in page
    for text in ("Open rate", "May 1, 2026", "1,500", "33.33%"):
        assert text in page


def test_a_reader_in_britain_has_the_day_first(key, campaign):
    assert "1 May 2026" in read_in("en-GB", PAGES["dashboard"](key, campaign))


def test_a_file_is_the_same_for_every_reader(key, campaign):
    for name in ("campaigns", "timeline"):
        path = admin(f"analytics_dashboard_{name}") + pages.WINDOW
        client = Client()
        client.force_login(get_user_model().objects.get_or_create(**ADMINISTRATOR)[0])
        read = [
            b"".join(client.get(path, headers={"Accept-Language": language}).streaming_content)
            for language in ("en", "de", "ar")
        ]
        assert read[0].count(b"\n") > 1
        assert read[1:] == [read[0]] * 2
