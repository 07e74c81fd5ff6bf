"""The lists of campaigns and workspaces, seen by a browser."""

from datetime import UTC, datetime

import pytest

from campaigns.models import CampaignStatus, EventKind
from campaigns.recording import Event, record_events
from tests.factories import CampaignFactory, WorkspaceFactory

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
CAMPAIGNS = "/admin/mailmetrics_campaigns/campaign/"
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
            CAMPAIGNS: ["0.00%", "33.33%", "100.00%"],
            WORKSPACES: ["0.00%", "50.00%"],
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
