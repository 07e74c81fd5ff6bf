"""What a host changes on purpose, and what a caller's headers and a host's language do not."""

import gc
import struct
from weakref import ref

import pytest
from django.test import Client, RequestFactory, modify_settings, override_settings
from django.urls import resolve, reverse
from django.utils.translation import gettext

from tests.api.test_contract import CAMPAIGNS, TIMELINE, new_key
from tests.factories import WorkspaceFactory
from tests.mistakes import TIMELINE_PARAMETERS, unknown

pytestmark = pytest.mark.django_db


def test_the_host_gives_our_errors_the_shape_of_its_own():
    handler = "tests.hostile.shop.rest.envelope"
    with override_settings(MAILMETRICS={"EXCEPTION_HANDLER": handler}):
        response = Client().get(CAMPAIGNS)
    assert response.json() == {
        "error": {
            "code": "not_authenticated",
            "title": "Authentication credentials were not provided.",
        }
    }
    assert Client().get(CAMPAIGNS).json() == {
        "detail": "Authentication credentials were not provided."
    }


@pytest.mark.parametrize(
    ("method", "headers", "status", "detail"),
    [
        ("get", {}, 401, "Authentication credentials were not provided."),
        ("post", {}, 405, 'Method "POST" not allowed.'),
        ("get", {"Accept": "text/html"}, 406, "Could not satisfy the request Accept header."),
    ],
)
def test_errors_are_in_english_for_a_german_caller(method, headers, status, detail):
    locale = {"append": "django.middleware.locale.LocaleMiddleware"}
    with modify_settings(MIDDLEWARE=locale), override_settings(LANGUAGE_CODE="de"):
        response = getattr(Client(), method)(
            TIMELINE, headers={"Accept-Language": "de, fr;q=0.9", **headers}
        )
    assert (response.status_code, response.json()) == (status, {"detail": detail})
    assert response["Content-Language"] == "en"


def catalog(folder, texts):
    """A compiled catalog of English, as a host may have one in its ``LOCALE_PATHS``."""
    texts = {"": "Content-Type: text/plain; charset=UTF-8\n", **texts}
    places, strings = [], b""
    start = 28 + 16 * len(texts)
    for text in [*sorted(texts), *(texts[text] for text in sorted(texts))]:
        places += [len(text), start + len(strings)]
        strings += text.encode() + b"\0"
    header = [0x950412DE, 0, len(texts), 28, 28 + 8 * len(texts), 0, 0]
    file = folder / "en" / "LC_MESSAGES" / "django.mo"
    file.parent.mkdir(parents=True)
    file.write_bytes(struct.pack(f"<{7 + len(places)}I", *header, *places) + strings)


def test_errors_are_ours_where_the_host_has_english_of_its_own(tmp_path):
    text = "Authentication credentials were not provided."
    catalog(tmp_path, {text: "Who goes there?"})
    with override_settings(LOCALE_PATHS=[tmp_path], LANGUAGE_CODE="en-us"):
        assert gettext(text) == "Who goes there?"
        assert Client().get(TIMELINE).json() == {"detail": text}


@pytest.mark.parametrize("format_", ["json", "xml", "api"])
def test_no_parameter_chooses_a_format(format_):
    workspace = WorkspaceFactory()
    key = new_key(workspace=workspace)
    response = Client().get(TIMELINE, {"format": format_}, headers={"X-API-Key": key})
    assert (response.status_code, response.json()) == (
        400,
        unknown("format", TIMELINE_PARAMETERS),
    )


@pytest.mark.parametrize("name", ["schema", "docs"])
def test_the_description_is_open_in_a_host_where_pages_need_a_login(name):
    login = {"append": "django.contrib.auth.middleware.LoginRequiredMiddleware"}
    with modify_settings(MIDDLEWARE=login):
        response = Client().get(reverse(f"mailmetrics:{name}"))
    assert response.status_code == 200


@pytest.mark.parametrize("url", [CAMPAIGNS, TIMELINE])
def test_an_answer_goes_with_its_request_and_not_with_the_garbage(url):
    request = RequestFactory(headers={"X-API-Key": new_key(workspace=WorkspaceFactory())}).get(url)
    gc.disable()
    try:
        answer = resolve(url).func(request)
        assert answer.status_code == 200
        there = ref(answer)
        del answer, request
        assert there() is None
    finally:
        gc.enable()
