"""Addresses of the admin's pages, written by hand: none breaks a page or guesses what it hides."""

import re

import pytest
from django.contrib import admin
from django.contrib.admin.views.main import IGNORED_PARAMS
from django.urls import reverse

from apikeys.audit.entries import AuditEntry
from apikeys.models import APIKey
from campaigns import workspace_choices
from campaigns.models import Campaign, Workspace
from tests.factories import APIKeyFactory, CampaignFactory

MODELS = [Campaign, Workspace, APIKey]
LISTED = [*MODELS, AuditEntry]
NONSENSE = [
    *("", "[", "{", "\0", "9" * 30, "1e400", "9999-12-31 23:59:59-12:00", "x" * 3000),
    ",".join("7" * 2000),
]
# What the filters of each list send.
FILTERS = {
    Campaign: {"status", "workspace", "launched_at"},
    Workspace: set(),
    APIKey: {"workspace"},
    AuditEntry: {"key", "kind", "workspace"},
}

pytestmark = pytest.mark.django_db


def pages_of(model, name, **values):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", **values)


def lookups(model, *, depth=2):
    """Each way to write a filter: fields, those of related objects, and what may follow them."""
    for field in model._meta.get_fields():
        attname = getattr(field, "attname", field.name)
        endings = {*getattr(field, "get_lookups", dict)(), "exact", "in", "range", "regex"}
        for name in {field.name, attname}:
            yield from (name, *(f"{name}__{ending}" for ending in endings))
        if depth and field.related_model:
            for inner in lookups(field.related_model, depth=depth - 1):
                yield f"{field.name}__{inner}"


def allowed(model):
    page = admin.site.get_model_admin(model)
    annotated = [f"total_sent{ending}" for ending in ("", "__gt", "__regex")]
    written = dict.fromkeys([*lookups(model), *annotated, "own__sent", "pk", "pk__in", "foo"])
    return [name for name in written if page.lookup_allowed(name, "1", None)]


@pytest.mark.parametrize("model", LISTED)
def test_a_list_is_filtered_by_its_filters_alone_so_no_digest_can_be_guessed(model):
    names = allowed(model)

    assert {re.split("__", name)[0] for name in names} == FILTERS[model]
    hidden = re.compile("digest|request_id|regex|range|contains|startswith")
    assert [name for name in names if hidden.search(name)] == []


@pytest.mark.parametrize("model", LISTED)
def test_no_value_of_a_filter_breaks_a_list(admin_client, model):
    CampaignFactory()
    APIKeyFactory()
    states = {} if model is not APIKey else {"state": NONSENSE, "scope": NONSENSE}
    filters = dict.fromkeys(allowed(model), NONSENSE) | states
    others = dict.fromkeys(["o", "p", "e", *IGNORED_PARAMS], NONSENSE)
    words = {"q": [" ".join("a" * 2000), '"' * 99, "'\\" * 50]}

    answers = {
        (name, value): admin_client.get(pages_of(model, "changelist"), {name: value}).status_code
        for sent in (filters, others, words)
        for name, values in sent.items()
        for value in values
    }

    assert {sent: code for sent, code in answers.items() if code not in {200, 302}} == {
        ("_to_field", value): 400 for value in NONSENSE if value
    }


@pytest.mark.parametrize("query", ["digest=0", "name__iregex=[", "digest__gte=8", "name__range=1"])
@pytest.mark.parametrize("model", LISTED)
def test_any_other_filter_is_a_bad_request(admin_client, model, query):
    assert admin_client.get(f"{pages_of(model, 'changelist')}?{query}").status_code == 400


def test_a_field_to_choose_by_is_no_digest(admin_client):
    for name in ("digest", "request_id", "digest__startswith"):
        query = {"_popup": "1", "_to_field": name}
        assert admin_client.get(pages_of(APIKey, "changelist"), query).status_code == 400


@pytest.mark.parametrize("many", [True, False])
@pytest.mark.parametrize("model", MODELS)
def test_no_initial_value_and_no_form_breaks_the_page_that_adds(
    admin_client, model, many, monkeypatch
):
    monkeypatch.setattr(workspace_choices, "MANY", 0 if many else 100)
    CampaignFactory()
    add = pages_of(model, "add")
    fields = [field.name for field in model._meta.fields]

    for value in NONSENSE:
        values = dict.fromkeys(fields, value) | {"expires_at_0": value, "launched_at_1": value}
        assert admin_client.get(add, values).status_code == 200
        assert admin_client.post(add, values).status_code in {200, 302}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("page", ["change", "delete", "history"])
def test_no_id_breaks_a_page(admin_client, model, page):
    for value in filter(None, NONSENSE):
        answer = admin_client.get(pages_of(model, page, args=[value]))
        assert answer.status_code in {302, 404}


@pytest.mark.parametrize("model", LISTED)
def test_no_action_breaks_a_list(admin_client, model):
    CampaignFactory()
    for value in NONSENSE:
        for action in ("", "delete_selected", "revoke_selected", value):
            sent = {"action": action, "_selected_action": value, "index": value, "keys": value}
            answer = admin_client.post(pages_of(model, "changelist"), sent)
            assert answer.status_code in {200, 302, 400, 403}


def test_no_search_for_a_workspace_breaks(admin_client):
    CampaignFactory(workspace__name="Acme")
    own = reverse("admin:mailmetrics_campaigns_campaign_workspaces")
    django = {
        "app_label": "mailmetrics_campaigns",
        "model_name": "campaign",
        "field_name": "workspace",
    }
    for value in [*NONSENSE, " ".join("a" * 2000)]:
        for query in ({"term": value}, {"page": value}):
            assert admin_client.get(own, query).status_code == 200
        query = {**django, "term": value}
        assert admin_client.get(reverse("admin:autocomplete"), query).status_code == 200
