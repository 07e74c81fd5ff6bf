"""The lists of campaigns and workspaces, seen by a browser."""

from datetime import UTC, datetime
from itertools import cycle

import pytest

from analytics.models import CampaignTotals
from apikeys.audit.entries import AuditEntry, AuditKind
from apikeys.models import APIKey
from campaigns import workspace_choices
from campaigns.models import Campaign, CampaignStatus, EventKind, Workspace
from campaigns.recording import Event, record_events
from tests.factories import APIKeyFactory, CampaignFactory, WorkspaceFactory

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
CAMPAIGNS = "/admin/mailmetrics_campaigns/campaign/"
KEYS = "/admin/mailmetrics_apikeys/apikey/"
TRAIL = "/admin/mailmetrics_apikeys/auditentry/"
NOTHING = "\N{EN DASH}"
WORKSPACES = "/admin/mailmetrics_campaigns/workspace/"


@pytest.fixture
def numbers(transactional_db):
    acme, globex = WorkspaceFactory(name="Acme"), WorkspaceFactory(name="Globex")
    for workspace, name, sent in [(acme, "Q1 Outreach", 3), (acme, "Q2", 1), (globex, "Hello", 0)]:
        campaign = CampaignFactory(
            workspace=workspace, name=name, launched_at=NOON, status=CampaignStatus.COMPLETED
        )
        kinds = [(EventKind.SENT, n) for n in range(sent)] + [(EventKind.OPENED, 0)] * (sent > 0)
        events = [Event(campaign.pk, f"{name} {n}", kind, NOON) for kind, n in kinds]
        record_events(workspace=workspace, events=events)


@pytest.mark.usefixtures("numbers")
@pytest.mark.parametrize("path", [CAMPAIGNS, WORKSPACES])
def test_a_click_on_a_rate_sorts_by_it(browser, admin_user, path):
    browser.log_in(admin_user)
    browser.open(path)
    browser.screenshot("campaigns" if path == CAMPAIGNS else "workspaces")

    browser.follow(browser.find(".column-open_rate a"))

    rates = [cell.text for cell in browser.all("td.field-open_rate")]
    assert (
        rates
        == {
            CAMPAIGNS: [NOTHING, "33.33%", "100.00%"],
            WORKSPACES: [NOTHING, "50.00%"],
        }[path]
    )


@pytest.mark.usefixtures("numbers")
@pytest.mark.parametrize("path", [CAMPAIGNS, WORKSPACES])
def test_the_other_pages_keep_to_the_policy_too(browser, admin_user, path):
    browser.log_in(admin_user)
    browser.open(f"{path}add/")
    browser.open(path)
    browser.follow(browser.all("th.field-name a")[0])
    browser.screenshot("campaign" if path == CAMPAIGNS else "workspace")
    browser.follow(browser.link("Delete"))
    assert "Are you sure you want to delete" in browser.text


@pytest.fixture
def long_list(numbers):
    """Names and numbers as long as they come, and more rows than a screen has."""
    workspace = WorkspaceFactory(name="Verlag für Donaudampfschifffahrtsliteratur")
    for number in range(40):
        CampaignFactory(
            workspace=workspace,
            name=f"{number} Spring launch: new customers in the European Union, second wave",
            status=CampaignStatus.COMPLETED,
            launched_at=NOON,
            total_leads=1_234_567,
        )
    for campaign in Campaign.objects.all():
        values = dict.fromkeys(("sent", "opened", "replied", "bounced"), 1_234_567)
        CampaignTotals.objects.update_or_create(
            workspace=campaign.workspace, campaign=campaign, defaults=values
        )


def boxes(browser, selector):
    """Each element's left, right, top and bottom, in pixels of the window."""
    script = """
        return [...document.querySelectorAll(arguments[0])]
            .map(each => each.getBoundingClientRect())
            .map(box => [box.left, box.right, box.top, box.bottom])
    """
    return browser.driver.execute_script(script, selector)


def note_all(keys):
    """An entry of the trail for each, of every kind in turn, as long as they come."""
    for key, kind in zip(keys, cycle(AuditKind), strict=False):
        AuditEntry.objects.create(
            kind=kind,
            workspace=key.workspace,
            key=key,
            label=str(key),
            actor="command line (administrator)",
            address="2001:db8:1234:5678::/64",
            detail="expires 2026-11-26 03:20 UTC",
        )


@pytest.mark.usefixtures("long_list")
@pytest.mark.parametrize("language", ["en", "de", "ar"])
@pytest.mark.parametrize("path", [CAMPAIGNS, WORKSPACES, KEYS, TRAIL])
def test_all_of_a_list_is_on_a_small_screen_and_its_header_stays(
    browser, admin_user, path, language
):
    APIKeyFactory.create_batch(
        40, name="Reporting tool " * 6, workspace=Workspace.objects.last(), created_by="a" * 60
    )
    note_all(APIKey.objects.all())
    browser.log_in(admin_user)
    with browser.reading(language, width=1366):
        browser.open(path)

        width = browser.driver.execute_script("return document.documentElement.clientWidth")
        cells = boxes(browser, "#result_list th, #result_list td")
        assert min(left for left, *_ in cells) >= 0
        assert max(right for _, right, *_ in cells) <= width
        browser.driver.execute_script("scrollTo(0, document.body.scrollHeight)")
        [head] = boxes(browser, "#result_list thead th:nth-child(2)")
        assert -2 <= head[2] <= 0 or path == WORKSPACES  # whose list is short
        browser.screenshot(f"list-{path.split('/')[3]}-{language}-1366")


@pytest.mark.usefixtures("long_list")
def test_on_a_phone_the_header_stays_at_the_top_of_the_table(browser, admin_user):
    browser.log_in(admin_user)
    browser.resize(390, 844)
    browser.open(CAMPAIGNS)

    browser.driver.execute_script("document.querySelector('.results').scrollTop = 500")

    [table], [head] = (boxes(browser, path) for path in (".results", "thead th.column-name"))
    assert abs(head[2] - table[2]) <= 2
    assert browser.driver.execute_script("return document.documentElement.scrollWidth") <= 390


def test_on_a_phone_the_words_of_the_trail_are_whole(browser, admin_user, transactional_db):
    note_all(APIKeyFactory.create_batch(8))
    browser.log_in(admin_user)
    browser.resize(390, 844)
    browser.open(TRAIL)
    browser.screenshot("trail-390")

    rows = boxes(browser, "#result_list tbody tr")
    assert max(bottom - top for *_, top, bottom in rows) < 100  # pixels, so a few lines
    assert browser.driver.execute_script("return document.documentElement.scrollWidth") <= 390


@pytest.mark.usefixtures("long_list")
def test_names_wrap_and_numbers_stand_in_line(browser, admin_user):
    browser.log_in(admin_user)
    browser.resize(1366, 768)
    browser.open(CAMPAIGNS)

    columns = [
        cell.get_attribute("class") for cell in browser.all("#result_list tbody tr:first-child > *")
    ]
    assert [name.split()[0].removeprefix("field-") for name in columns[1:]] == [
        *(
            "name",
            "numbers",
            "workspace",
            "status",
            "launched",
            "open_rate",
            "reply_rate",
            "bounce_rate",
        ),
        *("sent", "opened", "replied", "bounced", "leads"),
    ]
    [name, *_] = boxes(browser, "tbody .field-name a")
    assert name[3] - name[2] > 30  # pixels, so more than one line
    sent = browser.all(".field-sent")
    assert {cell.text for cell in sent} == {"1,234,567"}
    assert {cell.value_of_css_property("text-align") for cell in sent} == {"end"}


def test_one_of_many_workspaces_is_found_by_typing(browser, admin_user, monkeypatch):
    monkeypatch.setattr(workspace_choices, "MANY", 2)
    for name in ("Acme", "Globex", "Initech"):
        CampaignFactory(workspace__name=name, name=f"For {name}")
    browser.log_in(admin_user)
    browser.open(CAMPAIGNS)

    def choose(name):
        browser.find(".select2-selection").click()
        browser.find(".select2-search__field").send_keys(name.lower())
        browser.until(
            lambda: [each.text for each in browser.all(".select2-results__option")] == [name]
        )
        browser.find(".select2-results__option").click()

    choose("Globex")
    browser.screenshot("campaigns-of-many-workspaces")
    browser.follow(browser.button("Filter"))
    assert [cell.text for cell in browser.all(".field-name")] == ["For Globex"]
    assert browser.find(".select2-selection__rendered").text.endswith("Globex")

    browser.open(f"{CAMPAIGNS}add/")
    browser.fill("name", "New")
    choose("Initech")
    browser.follow(browser.button("Save"))
    assert Campaign.objects.get(name="New").workspace.name == "Initech"
