"""What staff do with keys, seen by a browser and tried at the live API."""

import http.client
import re
import shlex
import subprocess
from contextlib import closing
from datetime import timedelta

import django
import pytest
from django.contrib.auth.models import Permission

from apikeys.lifetimes import KeyState
from apikeys.models import APIKey
from campaigns.fields import utc_now
from tests.factories import APIKeyFactory, CampaignFactory, WorkspaceFactory

LIST = "/admin/mailmetrics_apikeys/apikey/"
API = "/api/public/v1/analytics/campaigns"
DOCS = "API DOCUMENTATION"
KEY = re.compile(r"mm_[0-9A-Za-z]{38}")


def status(site: str, key: str) -> int:
    """What the live API answers to a request with the key."""
    with closing(http.client.HTTPConnection(site.removeprefix("http://"))) as asked:
        asked.request("GET", API, headers={"X-API-Key": key})
        with asked.getresponse() as answer:
            return answer.status


def page_of(key: APIKey) -> str:
    return f"{LIST}{key.pk}/change/"


@pytest.fixture
def acme(transactional_db):
    return WorkspaceFactory(name="Acme")


@pytest.fixture
def staff(browser, django_user_model):
    """Log in somebody with these permissions, such as "view"."""

    def staff(*permissions):
        user = django_user_model.objects.create_user("ada", is_staff=True)
        names = [f"{permission}_apikey" for permission in permissions]
        user.user_permissions.set(Permission.objects.filter(codename__in=names))
        browser.log_in(user)

    return staff


def make_a_key(browser):
    browser.open(f"{LIST}add/")
    browser.fill("name", "Dashboard")
    browser.find("select[name='workspace'] option:last-child").click()
    browser.find("input[value='campaigns:read']").click()
    browser.follow(browser.button("Save"))


def test_a_made_key_opens_the_api_and_its_curl_line_works(browser, site, admin_user, acme):
    CampaignFactory(workspace=acme, name="Q1 Outreach")
    browser.log_in(admin_user)
    browser.open(f"{LIST}add/")
    browser.screenshot("key-add")

    make_a_key(browser)

    browser.screenshot("key-made")
    made = APIKey.objects.get()
    key = browser.find("#api-key-text").text
    assert made.hint == key[:7] + "…"
    assert status(site, key) == 200
    curl = browser.find("#api-key-curl").text
    assert curl == f"curl -H 'X-API-Key: {key}' {site}{API}"
    told = subprocess.run(
        [*shlex.split(curl), "--silent"], capture_output=True, text=True, check=True
    )
    assert '"Q1 Outreach"' in told.stdout
    browser.follow(browser.link("Done"))
    assert browser.path == page_of(made)
    browser.screenshot("key-change")


def test_the_copy_button_copies_the_key(browser, admin_user, acme):
    browser.log_in(admin_user)
    make_a_key(browser)
    key = browser.find("#api-key-text").text
    browser.allow_clipboard()

    button = browser.find("[data-copies='api-key-text']")
    button.click()

    browser.until(lambda: button.text == "Copied")
    assert browser.clipboard() == key


@pytest.mark.usefixtures("acme")
def test_a_reload_shows_the_key_no_more_and_makes_no_other(browser, admin_user):
    browser.log_in(admin_user)
    make_a_key(browser)
    assert KEY.search(browser.source)

    browser.driver.refresh()

    made = APIKey.objects.get()
    assert browser.path == page_of(made)
    assert made.hint in browser.text
    assert not KEY.search(browser.source)


@pytest.mark.usefixtures("acme")
def test_also_without_its_script_a_reload_shows_nothing_and_makes_nothing(browser, admin_user):
    browser.log_in(admin_user)
    with browser.without("*/key.js"):
        make_a_key(browser)
    assert KEY.search(browser.source)

    browser.driver.refresh()

    assert browser.path == LIST
    assert "its key was shown then, and no other was made" in browser.text
    assert not KEY.search(browser.source)
    assert APIKey.objects.count() == 1


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("steps", [1, 2])
def test_the_back_button_does_not_show_the_key_again(browser, admin_user, steps):
    browser.log_in(admin_user)
    make_a_key(browser)
    browser.open(LIST)
    browser.open("/admin/")

    for _ in range(1 + steps):
        browser.driver.back()
        assert not KEY.search(browser.source)

    for _ in range(steps):
        browser.driver.forward()
        assert not KEY.search(browser.source)
    assert APIKey.objects.count() == 1


def test_a_revoked_key_is_refused(browser, site, admin_user, acme):
    made, key = APIKey.objects.create_key(workspace=acme, name="Dashboard", scopes=["*"])
    assert status(site, key) == 200
    browser.log_in(admin_user)

    browser.open(page_of(made))
    browser.follow(browser.link("Revoke"))
    browser.screenshot("key-revoke")
    assert status(site, key) == 200
    browser.follow(browser.button("Revoke"))

    assert status(site, key) == 401
    assert browser.path == page_of(made)
    assert "1 API key revoked." in browser.text
    assert [tool.text for tool in browser.all(".object-tools a")] == ["HISTORY", DOCS]
    browser.follow(browser.link("History"))
    assert "Revoked." in browser.text
    browser.screenshot("key-history")


def test_many_keys_are_revoked_together(browser, site, admin_user, acme):
    made = [
        APIKey.objects.create_key(workspace=acme, name=f"Key {n}", scopes=["*"]) for n in range(3)
    ]
    APIKeyFactory(workspace=acme, name="Sooner", expires_at=utc_now() + timedelta(days=3))
    APIKeyFactory(workspace=acme, name="Past", expires_at=utc_now() - timedelta(days=3))
    APIKeyFactory(workspace=acme, name="Gone", revoked_at=utc_now(), scopes=["campaigns:all", "*"])
    browser.log_in(admin_user)
    browser.open(LIST)
    browser.screenshot("key-list")

    for key, _ in made[:2]:
        browser.find(f"input[name='_selected_action'][value='{key.pk}']").click()
    browser.find("select[name='action'] option[value='revoke_selected']").click()
    browser.follow(browser.button("Go" if django.VERSION < (6, 1) else "Run"))
    browser.screenshot("key-revoke-many")
    browser.follow(browser.button("Revoke"))

    assert "2 API keys revoked." in browser.text
    assert [status(site, key) for _, key in made] == [401, 401, 200]


def test_a_rotated_key_goes_on_until_the_overlap_is_over(browser, site, admin_user, acme):
    old, old_key = APIKey.objects.create_key(workspace=acme, name="Dashboard", scopes=["*"])
    browser.log_in(admin_user)

    browser.open(page_of(old))
    browser.follow(browser.link("Rotate"))
    browser.screenshot("key-rotate")
    browser.find("select[name='overlap'] option[value='168']").click()
    browser.follow(browser.button("Rotate"))

    key = browser.find("#api-key-text").text
    assert key != old_key
    assert [status(site, key), status(site, old_key)] == [200, 200]
    old.refresh_from_db()
    assert timedelta(days=6) < old.expires_at - utc_now() <= timedelta(days=7)
    APIKey.objects.filter(pk=old.pk).update(expires_at=utc_now())
    assert [status(site, key), status(site, old_key)] == [200, 401]

    browser.driver.refresh()

    new = APIKey.objects.exclude(pk=old.pk).get()
    assert browser.path == page_of(new)
    assert not KEY.search(browser.source)


@pytest.mark.usefixtures("acme")
def test_who_may_only_look_sees_no_button(browser, staff):
    key = APIKeyFactory()
    staff("view")

    browser.open(LIST)
    assert key.hint in browser.text
    assert browser.all("select[name='action'], [type='checkbox']") == []
    assert [tool.text for tool in browser.all(".object-tools a")] == [DOCS]
    browser.open(page_of(key))
    browser.screenshot("key-view-only")

    tools = [tool.text for tool in browser.all(".object-tools a")]
    assert tools == ["HISTORY", DOCS]
    buttons = browser.all("#content input[type='submit'], .submit-row a, .submit-row input")
    assert [button.text for button in buttons] == ["Close"]


@pytest.mark.parametrize(
    ("act", "missing"),
    [
        ("add/", "mailmetrics_apikeys.add_apikey"),
        ("{pk}/revoke/", "mailmetrics_apikeys.change_apikey"),
        ("{pk}/rotate/", "mailmetrics_apikeys.add_apikey"),
        ("{pk}/delete/", "Only a superuser may delete API keys."),
    ],
)
def test_who_may_only_look_is_refused_each_act(browser, staff, act, missing):
    key = APIKeyFactory()
    staff("view")

    browser.open(LIST + act.format(pk=key.pk))

    assert missing in browser.text
    browser.screenshot("refused")
    [told] = browser.problems()
    assert "403 (Forbidden)" in told
    assert APIKey.objects.get().state == KeyState.ACTIVE


@pytest.mark.usefixtures("acme")
def test_whoever_turns_to_the_date_of_an_expiry_means_it(browser, admin_user):
    browser.log_in(admin_user)
    browser.open(f"{LIST}add/")
    lifetime = browser.find("[name='expires_in']")
    assert lifetime.get_attribute("value") == "90"

    browser.fill("expires_at_0", "2998-01-01")
    assert lifetime.get_attribute("value") == "date"
    browser.find("[name='expires_in'] option[value='30']").click()
    assert browser.find("[name='expires_at_0']").get_attribute("value") == ""


def test_a_whole_key_that_is_pasted_into_the_search_reaches_no_address(browser, admin_user, acme):
    _, key = APIKey.objects.create_key(workspace=acme, name="Mine", scopes=["*"])
    APIKeyFactory(workspace=acme)
    browser.log_in(admin_user)
    browser.open(LIST)

    browser.fill("q", key)
    browser.follow(browser.button("Search"))

    assert browser.path == f"{LIST}?q={key[:7]}"
    assert [cell.text for cell in browser.all(".field-name")] == ["Mine"]
    script = "return performance.getEntriesByType('navigation').map(each => each.name).join()"
    assert key[7:] not in browser.driver.execute_script(script) + browser.source
    browser.screenshot("key-search")


def test_the_two_keys_of_a_rotation_lead_to_each_other(browser, admin_user, acme):
    old, _ = APIKey.objects.create_key(workspace=acme, name="Dashboard", scopes=["*"])
    new, _ = old.rotate(overlap=timedelta(days=7))
    browser.log_in(admin_user)

    browser.open(page_of(old))
    browser.screenshot("key-replaced")
    browser.follow(browser.link(str(new)))
    assert browser.path == page_of(new)
    browser.follow(browser.link(str(old)))
    assert browser.path == page_of(old)
