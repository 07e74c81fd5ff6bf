"""The dashboard on paper: the numbers, in few pages, without what only a screen has a use for."""

import re

import pytest

from campaigns.models import EventKind
from campaigns.recording import Event, record_events
from tests.factories import CampaignFactory
from tests.pages import NOON, WINDOW, admin, make_campaign

# For time's sake; the pages are the same on both.
pytestmark = pytest.mark.sqlite
FOR_THE_SCREEN = (
    "#header, #nav-sidebar, .breadcrumbs, .mm-choice, .mm-compare, .mailmetrics nav, .mm-hint"
)
PAGE = re.compile(rb"/Type\s*/Page\b")
SIZE = re.compile(rb"/MediaBox\s*\[0 0 ([0-9.]+) ([0-9.]+)\]")


@pytest.fixture
def dashboard(browser, transactional_db, admin_user):
    """Open it in a window of twenty days, for a workspace with that many campaigns more."""
    workspace = make_campaign().workspace

    def dashboard(campaigns=0):
        for n in range(campaigns):
            campaign = CampaignFactory(workspace=workspace, name=f"№ {n}", launched_at=NOON)
            sent = Event(campaign.pk, f"n{n}", EventKind.SENT, NOON)
            record_events(workspace=workspace, events=[sent])
        browser.log_in(admin_user)
        browser.open(admin("analytics_dashboard_changelist") + WINDOW)
        return browser

    return dashboard


def test_a_few_campaigns_are_one_page_across(dashboard):
    paper = dashboard(5).printed()
    assert len(PAGE.findall(paper)) == 1
    [(width, height)] = {(float(w), float(h)) for w, h in SIZE.findall(paper)}
    assert width > height


def test_forty_campaigns_are_two_pages_whatever_the_theme(dashboard):
    browser = dashboard(40)
    browser.choose_theme("dark")
    assert len(PAGE.findall(browser.printed())) <= 2


def test_only_the_numbers_are_printed(dashboard):
    browser = dashboard(5)
    shown = [each for each in browser.all(FOR_THE_SCREEN) if each.is_displayed()]
    assert shown
    with browser.on_paper():
        assert [each for each in browser.all(FOR_THE_SCREEN) if each.is_displayed()] == []
        for selector in (".mm-kpis", ".mm-chart", "#mm-campaigns-table thead"):
            assert browser.all(selector)[0].is_displayed()
        head = browser.find("#mm-campaigns-table thead")
        assert head.value_of_css_property("display") == "table-header-group"
        assert (
            browser.find("body").value_of_css_property("background-color")
            == "rgba(255, 255, 255, 1)"
        )
