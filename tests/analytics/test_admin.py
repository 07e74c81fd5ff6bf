"""Campaigns and workspaces in the admin: their totals, and what they cost."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import path, reverse

import analytics.admin
from analytics.models import CampaignTotals, DailyTotals
from campaigns import workspace_choices
from campaigns.models import Campaign, CampaignStatus, EmailEvent, EventKind, Workspace
from campaigns.recording import Event, record_events
from tests.factories import APIKeyFactory, CampaignFactory, WorkspaceFactory

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
CAMPAIGNS = reverse("admin:mailmetrics_campaigns_campaign_changelist")
KEYS = reverse("admin:mailmetrics_apikeys_apikey_changelist")
WORKSPACES = reverse("admin:mailmetrics_campaigns_workspace_changelist")
TOTALS = ("open_rate", "reply_rate", "bounce_rate", "sent", "opened", "replied", "bounced")

NOTHING = "\N{EN DASH}"

pytestmark = pytest.mark.django_db


def record(campaign, **counts):
    events = [
        Event(campaign.pk, f"{campaign.pk} {n}", EventKind[kind.upper()], NOON)
        for kind, count in counts.items()
        for n in range(count)
    ]
    record_events(workspace=campaign.workspace, events=events)


def table(answer, *names):
    """The list's cells, by the names of their columns."""
    html = answer.content.decode()
    rows = re.findall(r"<tr>(<td class=\"action-checkbox.*?)</tr>", html, re.DOTALL)
    return [tuple(_cell(row, name) for name in names) for row in rows]


def _cell(row, name):
    [cell] = re.findall(rf'class="field-{name}[^>]*>(.*?)</t[dh]>', row, re.DOTALL)
    return re.sub("<[^>]*>", "", cell)


@pytest.fixture
def numbers():
    acme, globex = WorkspaceFactory(name="Acme"), WorkspaceFactory(name="Globex")
    WorkspaceFactory(name="Initech")
    q1 = CampaignFactory(workspace=acme, name="Q1", launched_at=NOON)
    q2 = CampaignFactory(workspace=acme, name="Q2", status=CampaignStatus.PAUSED)
    hello = CampaignFactory(workspace=globex, name="Hello", status=CampaignStatus.DRAFT)
    record(q1, sent=3, opened=2, replied=1)
    record(q2, sent=1, opened=1, bounced=1)
    record(hello, opened=1)


@pytest.mark.usefixtures("numbers")
def test_campaigns_are_listed_with_their_own_totals(admin_client):
    answer = admin_client.get(CAMPAIGNS)

    assert sorted(table(answer, "name", "workspace", "status", *TOTALS)) == [
        ("Hello", "Globex", "Draft", NOTHING, NOTHING, NOTHING, "0", "1", "0", "0"),
        ("Q1", "Acme", "Active", "66.67%", "33.33%", "0.00%", "3", "2", "1", "0"),
        ("Q2", "Acme", "Paused", "100.00%", "0.00%", "100.00%", "1", "1", "0", "1"),
    ]


def test_numbers_and_days_are_written_as_the_reader_does(admin_client, settings):
    settings.LANGUAGE_CODE = "de"
    workspace = WorkspaceFactory(time_zone="Pacific/Kiritimati")
    campaign = CampaignFactory(workspace=workspace, launched_at=NOON, total_leads=1_234_567)
    record(campaign, sent=1200, opened=100)

    listed = table(admin_client.get(CAMPAIGNS), "launched", "open_rate", "sent", "leads")

    # At noon in UTC it was the next day there.
    day = "2.\N{NO-BREAK SPACE}Mai 2024"
    assert listed == [(day, "8,33\N{NO-BREAK SPACE}%", "1.200", "1.234.567")]


@pytest.mark.usefixtures("numbers")
def test_workspaces_are_listed_with_the_sums_of_their_campaigns(admin_client):
    answer = admin_client.get(WORKSPACES)

    assert table(answer, "name", "campaign_count", *TOTALS) == [
        ("Acme", "2", "75.00%", "25.00%", "25.00%", "4", "3", "1", "1"),
        ("Globex", "1", NOTHING, NOTHING, NOTHING, "0", "1", "0", "0"),
        ("Initech", "0", NOTHING, NOTHING, NOTHING, "0", "0", "0", "0"),
    ]


ORDERS = {
    (CAMPAIGNS, "sent"): ["Hello", "Q2", "Q1"],
    (CAMPAIGNS, "open_rate"): ["Hello", "Q1", "Q2"],
    (CAMPAIGNS, "opened"): None,
    (CAMPAIGNS, "replied"): None,
    (CAMPAIGNS, "bounced"): None,
    (CAMPAIGNS, "reply_rate"): None,
    (CAMPAIGNS, "bounce_rate"): None,
    (WORKSPACES, "campaign_count"): ["Initech", "Globex", "Acme"],
    (WORKSPACES, "opened"): ["Initech", "Globex", "Acme"],
    (WORKSPACES, "sent"): None,
    (WORKSPACES, "replied"): None,
    (WORKSPACES, "bounced"): None,
    (WORKSPACES, "open_rate"): None,
    (WORKSPACES, "reply_rate"): None,
    (WORKSPACES, "bounce_rate"): None,
}


def _number(text):
    return float(text.rstrip("%").replace(NOTHING, "0"))


@pytest.mark.usefixtures("numbers")
@pytest.mark.parametrize(("listed", "column"), ORDERS)
def test_the_lists_sort_by_each_total_and_rate(admin_client, listed, column):
    model = Campaign if listed == CAMPAIGNS else Workspace
    number = admin.site.get_model_admin(model).list_display.index(column) + 1

    up, down = (
        table(admin_client.get(listed, {"o": f"{sign}{number}"}), "name", column)
        for sign in ("", "-")
    )

    values, falling = ([_number(value) for _, value in rows] for rows in (up, down))
    assert values == sorted(values) == falling[::-1]
    assert len(set(values)) > 1
    if ORDERS[listed, column]:
        assert [name for name, _ in up] == ORDERS[listed, column]


@pytest.mark.usefixtures("numbers")
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"status__exact": "PAUSED"}, ["Q2"]),
        ({"workspace__name": "Globex"}, ["Hello"]),
        ({"launched_at__isnull": "False"}, ["Q1"]),
        ({"launched_at__isnull": "True"}, ["Hello", "Q2"]),
        ({"launched_at__gte": "2024-05-01 00:00:00Z", "launched_at__lt": "2024-05-02"}, ["Q1"]),
        ({"launched_at__gte": "2024-05-02 00:00:00Z"}, []),
        ({"q": "acme"}, ["Q1", "Q2"]),
        ({"q": "hello"}, ["Hello"]),
    ],
)
def test_campaigns_are_filtered_and_searched(admin_client, query, names):
    if "workspace__name" in query:
        workspace = Workspace.objects.get(name=query["workspace__name"])
        query = {"workspace__id__exact": workspace.pk}

    assert sorted(name for (name,) in table(admin_client.get(CAMPAIGNS, query), "name")) == names


@pytest.mark.usefixtures("numbers")
@pytest.mark.parametrize("listed", [CAMPAIGNS, WORKSPACES])
def test_a_list_costs_as_much_whatever_it_holds_and_never_looks_at_events(admin_client, listed):
    admin_client.get(listed)
    with CaptureQueriesContext(
        connection,
    ) as few:
        admin_client.get(listed)
    for number in range(5):
        record(CampaignFactory(workspace__name=f"More {number}"), sent=2, opened=1)
    with CaptureQueriesContext(connection) as many:
        admin_client.get(listed)

    assert len(few) == len(many)
    assert EmailEvent._meta.db_table not in str(many.captured_queries)


@pytest.mark.usefixtures("numbers")
@pytest.mark.parametrize("listed", [CAMPAIGNS, WORKSPACES])
@pytest.mark.parametrize("many", [True, False])
def test_deleting_asks_without_a_look_at_events_and_takes_them_along(admin_client, listed, many):
    model = Campaign if listed == CAMPAIGNS else Workspace
    chosen = model.objects.get(name="Q1" if listed == CAMPAIGNS else "Acme")
    act, sent = f"{listed}{chosen.pk}/delete/", {}
    if many:
        act, sent = listed, {"action": "delete_selected", "_selected_action": str(chosen.pk)}

    with CaptureQueriesContext(connection) as asking:
        answer = admin_client.post(act, sent) if many else admin_client.get(act)
    assert "Are you sure" in answer.content.decode()
    assert EmailEvent._meta.db_table not in str(asking.captured_queries)
    assert admin_client.post(act, {**sent, "post": "yes"}).status_code == 302

    assert not model.objects.filter(pk=chosen.pk).exists()
    left = Campaign.objects.values_list("pk", flat=True)
    assert set(EmailEvent.objects.values_list("campaign", flat=True)) == set(left)
    assert set(CampaignTotals.objects.values_list("campaign", flat=True)) == set(left)


def test_deleting_says_how_much_history_goes_and_lists_no_campaign(admin_client):
    workspace = WorkspaceFactory(name="Acme")
    campaigns = [CampaignFactory(workspace=workspace, name=f"No. {n}") for n in range(3)]
    record(campaigns[0], sent=1200)
    record(campaigns[1], sent=1, opened=1)

    page = admin_client.get(f"{WORKSPACES}{workspace.pk}/delete/").content.decode()
    assert "Workspace: Acme, with 1,201 messages sent and 1 day of history" in page
    assert "Campaigns: 3" in page
    assert "No. 1" not in page
    Campaign.objects.bulk_create(Campaign(workspace=workspace, name="-") for _ in range(1000))
    page = admin_client.get(f"{WORKSPACES}{workspace.pk}/delete/").content.decode()
    assert "Campaigns: 1,003" in page
    for campaign, history in zip(
        campaigns,
        [
            "with 1,200 messages sent and 1 day of history",
            "with 1 message sent and 1 day of history",
            "without any history",
        ],
        strict=True,
    ):
        page = admin_client.get(f"{CAMPAIGNS}{campaign.pk}/delete/").content.decode()
        assert f"Campaign: {campaign.name}, {history}" in page


@pytest.mark.parametrize("many", [True, False])
def test_asking_before_a_workspace_goes_reads_none_of_its_campaigns(admin_client, many):
    workspace = WorkspaceFactory(name="Acme")
    CampaignFactory.create_batch(3, workspace=workspace)
    act, sent = f"{WORKSPACES}{workspace.pk}/delete/", {}
    if many:
        act, sent = (
            WORKSPACES,
            {"action": "delete_selected", "_selected_action": str(workspace.pk)},
        )

    with CaptureQueriesContext(connection) as asking:
        answer = admin_client.post(act, sent) if many else admin_client.get(act)

    assert "Campaigns: 3" in answer.content.decode()
    read = f'"{Campaign._meta.db_table}"."name"'
    assert [query for query in asking.captured_queries if read in query["sql"]] == []


def test_a_campaigns_own_page_tells_its_totals_and_keeps_it_in_its_workspace(admin_client):
    campaign = CampaignFactory(name="Q1", launched_at=NOON)
    record(campaign, sent=3, opened=1)
    path, other = f"{CAMPAIGNS}{campaign.pk}/change/", WorkspaceFactory()

    html = admin_client.get(path).content.decode()
    sent = {
        "name": "Q1 Outreach",
        "status": "COMPLETED",
        "total_leads": "7",
        "launched_at_0": "2024-05-02",
        "launched_at_1": "13:00:00",
        "workspace": other.pk,
        "id": "00000000-0000-0000-0000-000000000000",
        "created_at_0": "2001-01-01",
        "created_at_1": "00:00",
        "sent": "900",
    }
    assert admin_client.post(path, sent).status_code == 302

    assert "33.33%" in html
    assert str(campaign.pk) in html
    assert 'name="id"' not in html
    [row] = Campaign.objects.values()
    assert row == {
        "id": campaign.pk,
        "workspace_id": campaign.workspace_id,
        "name": "Q1 Outreach",
        "status": "COMPLETED",
        "total_leads": 7,
        "launched_at": datetime(2024, 5, 2, 13, tzinfo=UTC),
        "created_at": campaign.created_at,
    }


@pytest.mark.parametrize("use_tz", [True, False])
def test_saving_a_campaign_untouched_leaves_its_launch_where_it_was(admin_client, settings, use_tz):
    settings.TIME_ZONE, settings.USE_TZ = "America/New_York", use_tz
    campaign = CampaignFactory(launched_at=NOON)
    path = f"{CAMPAIGNS}{campaign.pk}/change/"

    html = admin_client.get(path).content.decode()
    sent = {
        name: re.search(rf'name="{name}" value="([^"]*)"', html)[1]
        for name in ("name", "total_leads", "launched_at_0", "launched_at_1")
    }
    assert sent["launched_at_1"] == "08:00:00"
    assert admin_client.post(path, {**sent, "status": "ACTIVE"}).status_code == 302

    assert Campaign.objects.get().launched_at == NOON


def test_campaigns_and_workspaces_can_be_added(admin_client):
    assert (
        admin_client.post(f"{WORKSPACES}add/", {"name": "Acme", "time_zone": "UTC"}).status_code
        == 302
    )
    acme = Workspace.objects.get(name="Acme")
    sent = {"name": "Q1", "workspace": acme.pk, "status": "DRAFT", "total_leads": "0"}
    assert admin_client.post(f"{CAMPAIGNS}add/", sent).status_code == 302

    assert [str(each) for each in acme.campaigns.all()] == ["Q1"]
    answer = admin_client.post(f"{WORKSPACES}add/", {"name": "Acme"})
    assert "A workspace with this name exists." in answer.content.decode()


def test_ordinary_staff_delete_no_workspace_that_has_keys(client, django_user_model):
    workspace = APIKeyFactory().workspace
    user = django_user_model.objects.create_user("ada", is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    client.force_login(user)

    answer = client.post(f"{WORKSPACES}{workspace.pk}/delete/", {"post": "yes"})

    assert answer.status_code == 403
    assert Workspace.objects.filter(pk=workspace.pk).exists()


office = admin.AdminSite(name="office")
analytics.admin.register(office)
urlpatterns = [path("office/", office.urls)]


@pytest.mark.usefixtures("numbers")
@pytest.mark.urls(__name__)
@pytest.mark.parametrize("model", ["campaign", "workspace"])
def test_all_works_in_a_hosts_own_site_without_the_default_one(admin_client, model):
    base = f"/office/mailmetrics_campaigns/{model}/"
    html = admin_client.get(base).content.decode()

    [chosen, *_] = re.findall(rf'href="({base}[^"]*/change/)', html)
    for page in (base, f"{base}add/", chosen, chosen.replace("change", "delete")):
        html = admin_client.get(page).content.decode()
        assert f'href="{base}' in html
        assert '"/admin/' not in html


def test_neither_events_nor_totals_are_in_the_admin():
    registered = {model for model, _ in admin.site._registry.items()}

    assert {Campaign, Workspace} <= registered
    assert not registered & {EmailEvent, CampaignTotals, DailyTotals}


def test_a_workspace_s_days_follow_the_time_zone_that_is_chosen_for_it(admin_client):
    campaign = CampaignFactory()
    record(campaign, sent=1)
    change = f"{WORKSPACES}{campaign.workspace_id}/change/"
    answer = admin_client.post(change, {"name": "Acme", "time_zone": "Mars/Olympus"})
    assert "Mars/Olympus is not a time zone." in answer.content.decode()
    answer = admin_client.post(change, {"name": "Acme", "time_zone": "Pacific/Kiritimati"})
    assert answer.status_code == 302
    days = DailyTotals.objects.filter(sent=1).values_list("day", flat=True)
    assert list(days) == [NOON.astimezone(ZoneInfo("Pacific/Kiritimati")).date()]


@pytest.mark.parametrize(
    ("page", "query", "status"),
    [
        (CAMPAIGNS, "workspace__name__regex=(", 400),
        (WORKSPACES, "api_keys__digest__startswith=0", 400),
        (CAMPAIGNS, "workspace__api_keys__digest__gte=0", 400),
        (CAMPAIGNS, "launched_at__gte=tomorrow", 302),
        (CAMPAIGNS, "total_sent__gt=1", 400),
    ],
)
def test_no_address_written_by_hand_breaks_a_list(admin_client, page, query, status):
    CampaignFactory()

    assert admin_client.get(f"{page}?{query}").status_code == status


@pytest.mark.parametrize("listed", [CAMPAIGNS, KEYS])
def test_many_workspaces_are_searched_for_and_few_are_listed(admin_client, listed, monkeypatch):
    monkeypatch.setattr(workspace_choices, "MANY", 3)
    workspaces = [WorkspaceFactory(name=f"Tenant {n}") for n in range(3)]
    CampaignFactory(workspace=workspaces[0])

    def pages():
        return [admin_client.get(f"{listed}{page}").content.decode() for page in ("", "add/")]

    assert ["Tenant 2" in page for page in pages()] == [True, True]
    WorkspaceFactory(name="Tenant 3")
    assert ["Tenant 2" in page for page in pages()] == [False, False]
    assert all("admin-autocomplete" in page for page in pages())
    found = admin_client.get(f"{listed}workspaces/", {"term": "NANT 2"}).json()
    assert found == {
        "results": [{"id": str(workspaces[2].pk), "text": "Tenant 2"}],
        "pagination": {"more": False},
    }


@pytest.mark.parametrize("listed", [CAMPAIGNS, KEYS])
def test_a_search_for_workspaces_answers_twenty_at_a_time(admin_client, listed):
    for number in range(21):
        WorkspaceFactory(name=f"Tenant {number:02}")

    first, second = (
        admin_client.get(f"{listed}workspaces/", {"term": "tenant", "page": page}).json()
        for page in (1, 2)
    )

    assert [row["text"] for row in first["results"]] == [f"Tenant {n:02}" for n in range(20)]
    assert [row["text"] for row in second["results"]] == ["Tenant 20"]
    assert (first["pagination"], second["pagination"]) == ({"more": True}, {"more": False})


def test_a_list_stays_narrowed_by_the_workspace_that_was_searched_for(admin_client, monkeypatch):
    monkeypatch.setattr(workspace_choices, "MANY", 1)
    acme, globex = WorkspaceFactory(name="Acme"), WorkspaceFactory(name="Globex")
    CampaignFactory(workspace=acme, name="Q1")
    CampaignFactory(workspace=globex, name="Q2")
    query = {"workspace__id__exact": globex.pk, "status__exact": "ACTIVE", "q": "Q", "p": "1"}

    answer = admin_client.get(CAMPAIGNS, query)

    assert table(answer, "name") == [("Q2",)]
    [form] = re.findall(r'class="workspace-filter">.*?</form>', answer.content.decode(), re.DOTALL)
    assert f'<option value="{globex.pk}" selected>Globex</option>' in form
    assert "Acme" not in form
    hidden = re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', form)
    assert sorted(hidden) == [("q", "Q"), ("status__exact", "ACTIVE")]
    cleared = admin_client.get(CAMPAIGNS, {**query, "workspace__id__exact": ""})
    assert table(cleared, "name") == [("Q2",), ("Q1",)]


@pytest.mark.parametrize(
    ("permissions", "status"),
    [(["add_apikey"], 200), (["view_apikey"], 200), (["view_workspace"], 403), ([], 403)],
)
def test_who_works_with_keys_finds_their_workspace(client, django_user_model, permissions, status):
    user = django_user_model.objects.create_user("ada", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    WorkspaceFactory(name="Acme")

    answer = client.get(f"{KEYS}workspaces/", {"term": "acme"})

    assert answer.status_code == status
    assert ("Acme" in answer.content.decode()) == (status == 200)


REFUSED = {
    CAMPAIGNS: "mailmetrics_campaigns.view_campaign",
    f"{CAMPAIGNS}add/": "mailmetrics_campaigns.add_campaign",
    f"{WORKSPACES}add/": "mailmetrics_campaigns.add_workspace",
    f"{WORKSPACES}{{workspace}}/change/": "mailmetrics_campaigns.view_workspace",
    f"{WORKSPACES}{{workspace}}/delete/": "mailmetrics_campaigns.delete_workspace",
    f"{WORKSPACES}{{workspace}}/history/": "mailmetrics_campaigns.view_workspace",
    reverse("admin:mailmetrics_analytics_dashboard_changelist"): (
        "mailmetrics_campaigns.view_campaign mailmetrics_campaigns.view_workspace"
    ),
    KEYS: "mailmetrics_apikeys.view_apikey",
    f"{KEYS}add/": "mailmetrics_apikeys.add_apikey",
    f"{KEYS}{{key}}/rotate/": "mailmetrics_apikeys.add_apikey mailmetrics_apikeys.change_apikey",
    f"{KEYS}{{key}}/revoke/": "mailmetrics_apikeys.change_apikey",
}


@pytest.mark.parametrize("page", REFUSED)
def test_a_refused_page_names_the_missing_permission(client, django_user_model, page):
    client.force_login(django_user_model.objects.create_user("ada", is_staff=True))
    key = APIKeyFactory()

    answer = client.get(page.format(workspace=key.workspace_id, key=key.pk))

    assert answer.status_code == 403
    html = answer.content.decode()
    assert re.findall(r"<code>(mailmetrics_.*?)</code>", html) == REFUSED[page].split()
    assert key.workspace.name not in html


def test_a_refused_page_names_only_what_is_missing_and_a_rule_where_nothing_is(
    client, django_user_model
):
    user = django_user_model.objects.create_user("ada", is_staff=True)
    key = APIKeyFactory()
    codenames = ["view_apikey", "add_apikey", "delete_apikey"]
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client.force_login(user)

    rotate = client.get(f"{KEYS}{key.pk}/rotate/").content.decode()
    saved = client.post(f"{KEYS}{key.pk}/change/", {"name": "New"}).content.decode()
    delete = client.get(f"{KEYS}{key.pk}/delete/")

    for html in (rotate, saved):
        assert "<li>Can change API key (<code>mailmetrics_apikeys.change_apikey</code>)" in html
        assert "add_apikey" not in html
    assert delete.status_code == 403
    assert "Only a superuser may delete API keys. Revoke them instead." in delete.content.decode()
