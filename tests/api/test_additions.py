"""What the contract adds to reading, over whole answers, with a second workspace beside."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest
from django.conf import settings as site
from django.test import Client
from rest_framework.response import Response

from campaigns.models import EventKind
from campaigns.recording import Event, record_events
from tests.factories import CampaignFactory, WorkspaceFactory, new_key
from tests.mistakes import invalid

API = getattr(site, "API_PREFIX", "/api/public/v1/")
CAMPAIGNS = f"{API}analytics/campaigns"
TIMELINE = f"{CAMPAIGNS}/timeline"
A, B, C, FOREIGN, UNKNOWN = (str(UUID(int=number)) for number in range(1, 6))
OPTIONAL = ["clicked", "unsubscribed", "complained", "machine_opened"]
RATES = {
    "opened": "open_rate",
    "replied": "reply_rate",
    "bounced": "bounce_rate",
    "clicked": "click_rate",
    "unsubscribed": "unsubscribe_rate",
    "complained": "complaint_rate",
    "machine_opened": "machine_open_rate",
}
# What happened to each campaign, by day of March 2026: the 2nd is a Monday.
HISTORY = {
    A: {1: {"sent": 10, "opened": 4}, 2: {"opened": 2, "clicked": 3}, 31: {"replied": 1}},
    B: {2: {"sent": 4, "opened": 1, "bounced": 1}, 8: {"complained": 1}, 9: {"sent": 4}},
    C: {31: {"sent": 2, "machine_opened": 2, "unsubscribed": 1}},
    FOREIGN: {2: {"sent": 99, "opened": 99, "clicked": 99}},
}

pytestmark = pytest.mark.django_db(databases="__all__")


def at(day):
    return datetime(2026, 3, day, 12, tzinfo=UTC)


def record(campaign, history):
    record_events(
        workspace=campaign.workspace,
        events=[
            Event(campaign.id, f"{campaign.id}-{day}-{n}", EventKind[kind.upper()], at(day))
            for day, counts in history.items()
            for kind, count in counts.items()
            for n in range(count)
        ],
    )


@pytest.fixture
def client():
    workspace = WorkspaceFactory(name="Ours", time_zone="UTC")
    for pk, name, status, leads in (
        (A, "Äpfel 100%", "ACTIVE", 30),
        (B, "birnen_x", "COMPLETED", 20),
        (C, "Cherries", "COMPLETED", 20),
    ):
        campaign = CampaignFactory(
            workspace=workspace,
            id=UUID(pk),
            name=name,
            status=status,
            total_leads=leads,
            created_at=at(1),
            launched_at=at(UUID(pk).int),
        )
        record(campaign, HISTORY[pk])
    record(CampaignFactory(id=UUID(FOREIGN), name="Äpfel theirs"), HISTORY[FOREIGN])
    return Client(headers={"X-API-Key": new_key(workspace=workspace, name="Reader")})


def get(client, url=CAMPAIGNS, **parameters):
    response = client.get(url, parameters)
    assert response.status_code == 200, response.content
    return response.json()


def ids(answer):
    return [row["campaign_id"] for row in answer["campaigns"]]


def counted(pk, days=range(1, 32)):
    counts = dict.fromkeys(["sent", *RATES], 0)
    for day, happened in HISTORY[pk].items():
        for kind, count in happened.items() if day in days else ():
            counts[kind] += count
    return counts


def row(pk, *, metrics=(), days=range(1, 32)):
    name, status, leads = {
        A: ("Äpfel 100%", "ACTIVE", 30),
        B: ("birnen_x", "COMPLETED", 20),
        C: ("Cherries", "COMPLETED", 20),
    }[pk]
    counts = counted(pk, days)
    core = ["sent", "opened", "replied", "bounced"]
    return {
        "campaign_id": pk,
        "campaign_name": name,
        "status": status,
        "total_leads": leads,
        **{f"total_{kind}": counts[kind] for kind in core},
        **{RATES[kind]: rate(counts, kind) for kind in core[1:]},
        "created_at": "2026-03-01T12:00:00Z",
        **{
            key: value
            for kind in metrics
            for key, value in (
                (f"total_{kind}", counts[kind]),
                (RATES[kind], rate(counts, kind)),
            )
        },
    }


def rate(counts, kind):
    return round(counts[kind] / counts["sent"], 4) if counts["sent"] else 0.0


def kpis(*pks, metrics=(), days=range(1, 32)):
    counts = [counted(pk, days) for pk in pks]
    whole = {kind: sum(each[kind] for each in counts) for kind in ["sent", *RATES]}
    return {
        "total_campaigns": len(pks),
        "total_sends": whole["sent"],
        **{f"avg_{RATES[k]}": rate(whole, k) for k in ("opened", "replied", "bounced", *metrics)},
    }


def answer(*pks, **chosen):
    return {
        "workspace_kpis": kpis(*pks, **chosen),
        "campaigns": [row(pk, **chosen) for pk in pks],
    }


class TestCampaignId:
    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            (A, [A]),
            (f"{C},{A}", [A, C]),
            (A.upper(), [A]),
            (f"{B},{FOREIGN},{UNKNOWN}", [B]),
            (FOREIGN, []),
            (UNKNOWN, []),
        ],
        ids=["one", "several", "upper case", "foreign beside", "foreign", "unknown"],
    )
    def test_it_answers_those_of_the_workspace_alone(self, client, asked, found):
        assert get(client, campaign_id=asked) == answer(*found)

    def test_a_foreign_one_is_answered_as_an_unknown_one(self, client):
        for url in (CAMPAIGNS, TIMELINE):
            foreign, unknown = (client.get(url, {"campaign_id": pk}) for pk in (FOREIGN, UNKNOWN))
            assert foreign.content == unknown.content

    def test_the_same_twice_in_any_case_is_refused(self, client):
        response = client.get(CAMPAIGNS, {"campaign_id": f"{A},{A.upper()}"})
        assert (response.status_code, response.json()) == (
            400,
            invalid(("campaign_id", "repeated", "Name each value once.")),
        )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("äpfel", [A]),
        ("ÄPFEL", [A]),
        ("BIRNEN", [B]),
        ("e", [A, B, C]),
        ("%", [A]),
        ("_", [B]),
        (".", []),
        ("\\", []),
        ("theirs", []),
    ],
)
def test_search_is_for_the_text_itself_whatever_its_case(client, text, found):
    assert get(client, search=text) == answer(*found)


@pytest.mark.parametrize(
    ("window", "days"),
    [
        ({"activity_from": "2026-03-02", "activity_to": "2026-03-08"}, range(2, 9)),
        ({"activity_from": "2026-03-31"}, range(31, 32)),
        ({"activity_to": "2026-03-01"}, range(1, 2)),
        ({"activity_from": "2020-01-01", "activity_to": "2020-01-31"}, range(0)),
        ({"activity_from": "0001-01-01", "activity_to": "9999-12-31"}, range(1, 32)),
    ],
)
def test_an_activity_window_changes_what_is_counted_and_not_what_is_listed(client, window, days):
    assert get(client, **window) == answer(A, B, C, days=days)


@pytest.mark.parametrize("chosen", [*permutations(OPTIONAL, 2), OPTIONAL[::-1], OPTIONAL[:1]])
def test_metrics_come_in_their_own_order_however_they_are_named(client, chosen):
    metrics = [kind for kind in OPTIONAL if kind in chosen]
    found = get(client, metrics=",".join(chosen))
    expected = answer(A, B, C, metrics=metrics)
    assert found == expected
    assert [list(each) for each in found["campaigns"]] == [
        list(each) for each in expected["campaigns"]
    ]
    assert list(found["workspace_kpis"]) == list(expected["workspace_kpis"])
    point = get(client, TIMELINE, metrics=",".join(chosen))["timeline"][0]
    added = [name for kind in metrics for name in (kind, RATES[kind])]
    assert list(point)[8:] == added


SORTABLE = [
    *("created_at", "launched_at", "name", "total_leads", "total_sent"),
    *(f"total_{kind}" for kind in RATES),
    *RATES.values(),
]


class TestSorting:
    @pytest.mark.parametrize("sort_by", SORTABLE)
    def test_by_each_field_with_ties_by_id(self, client, sort_by):
        every = ",".join(OPTIONAL)
        rows = [row(pk, metrics=OPTIONAL) for pk in (A, B, C)]
        keys = {
            each["campaign_id"]: {
                **each,
                "launched_at": UUID(each["campaign_id"]).int,
                # By code point or by a collation: the three names have one order in both.
                "name": {A: 0, B: 1, C: 2}[each["campaign_id"]],
            }[sort_by]
            for each in rows
        }
        down = sorted(keys, key=lambda pk: (-_number(keys[pk]), pk))
        up = sorted(keys, key=lambda pk: (_number(keys[pk]), pk))
        if sort_by == "name":  # how a database collates is its own affair; both ways agree
            up = ids(get(client, sort_by="name", sort_order="asc"))
            down = up[::-1]
            assert sorted(up) == [A, B, C]
        found = get(client, sort_by=sort_by, metrics=every)
        assert ids(found) == down
        assert ids(get(client, sort_by=sort_by, sort_order="desc", metrics=every)) == down
        assert ids(get(client, sort_by=sort_by, sort_order="asc", metrics=every)) == up
        assert found["workspace_kpis"] == kpis(A, B, C, metrics=OPTIONAL)

    def test_by_what_happened_in_the_activity_window(self, client):
        window = {"activity_from": "2026-03-02", "activity_to": "2026-03-02"}
        assert ids(get(client, sort_by="total_sent", **window)) == [B, A, C]


def _number(value):
    return value if isinstance(value, int | float) else 0


class TestPages:
    def page(self, number, limit, *, pages, total=3):
        return {
            "page": number,
            "limit": limit,
            "total": total,
            "pages": pages,
            "has_next": number < pages,
            "has_prev": number > 1,
        }

    @pytest.mark.parametrize(("number", "found"), [(1, [A, B]), (2, [C]), (3, []), (1_000_000, [])])
    def test_each_page_has_its_rows_and_the_kpis_of_all(self, client, number, found):
        paged = get(client, page=number, limit=2)
        assert paged == {
            "workspace_kpis": kpis(A, B, C),
            "campaigns": [row(pk) for pk in found],
            "pagination": self.page(number, 2, pages=2),
        }
        assert list(paged) == ["workspace_kpis", "campaigns", "pagination"]

    def test_a_limit_alone_begins_at_the_first(self, client):
        assert get(client, limit=1)["pagination"] == self.page(1, 1, pages=3)

    def test_a_page_of_none(self, client):
        paged = get(client, campaign_id=UNKNOWN, limit=5)
        assert (paged["workspace_kpis"], paged["campaigns"]) == (kpis(), [])
        assert paged["pagination"]["total"] == 0
        assert paged["pagination"]["has_next"] is paged["pagination"]["has_prev"] is False


class TestTimeline:
    @pytest.mark.parametrize(
        ("interval", "window", "starts"),
        [
            ("week", ("2026-03-01", "2026-03-09"), ["2026-03-01", "2026-03-02", "2026-03-09"]),
            ("week", ("2026-03-04", "2026-03-08"), ["2026-03-04"]),
            ("month", ("2026-02-28", "2026-04-01"), ["2026-02-28", "2026-03-01", "2026-04-01"]),
            ("month", ("2026-03-02", "2026-03-30"), ["2026-03-02"]),
            ("day", ("2026-03-01", "2026-03-02"), ["2026-03-01", "2026-03-02"]),
        ],
    )
    @pytest.mark.parametrize(
        "narrowed",
        [
            ({}, [A, B, C]),
            ({"campaign_id": f"{A},{FOREIGN}"}, [A]),
            ({"status": "COMPLETED"}, [B, C]),
            ({"status": "COMPLETED", "campaign_id": f"{A},{B}"}, [B]),
            ({"status": "DRAFT"}, []),
        ],
    )
    def test_a_span_counts_its_days_in_the_window(self, client, interval, window, starts, narrowed):
        first, last = window
        chosen, pks = narrowed
        found = get(client, TIMELINE, from_date=first, to_date=last, interval=interval, **chosen)
        ends = [*starts[1:], str(date.fromisoformat(last) + timedelta(days=1))]
        assert found == {
            "timeline": [point(start, end, pks) for start, end in zip(starts, ends, strict=True)],
            "from_date": first,
            "to_date": last,
        }


def point(start, end, pks):
    days = [
        day
        for day in range(1, 32)
        if date.fromisoformat(start) <= date(2026, 3, day) < date.fromisoformat(end)
    ]
    each = [counted(pk, days) for pk in pks]
    counts = {kind: sum(one[kind] for one in each) for kind in ["sent", *RATES]}
    core = ["opened", "replied", "bounced"]
    return {
        "date": start,
        "sent": counts["sent"],
        **{kind: counts[kind] for kind in core},
        **{RATES[kind]: rate(counts, kind) for kind in core},
    }


class TestCSV:
    def test_the_campaigns(self, client):
        response = client.get(CAMPAIGNS, {"campaign_id": B}, headers={"Accept": "text/csv"})
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        assert response.content.decode() == (
            '"campaign_name","status","total_leads","total_sent","total_opened","total_replied",'
            '"total_bounced","open_rate","reply_rate","bounce_rate","created_at","campaign_id"\r\n'
            f'"birnen_x","COMPLETED",20,8,1,0,1,0.125,0.0,0.125,"2026-03-01T12:00:00Z","{B}"\r\n'
        )

    def test_the_days(self, client):
        window = {"from_date": "2026-03-02", "to_date": "2026-03-02", "metrics": "clicked"}
        response = client.get(TIMELINE, window, headers={"Accept": "text/csv"})
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        assert response.content.decode() == (
            '"date","sent","opened","replied","bounced","clicked",'
            '"open_rate","reply_rate","bounce_rate","click_rate"\r\n'
            '"2026-03-02",4,3,0,1,3,0.75,0.0,0.25,0.75\r\n'
        )

    def test_a_name_that_would_be_a_formula_is_text(self, client):
        CampaignFactory._meta.model.objects.filter(pk=A).update(name="=1+1")
        response = client.get(CAMPAIGNS, {"campaign_id": A}, headers={"Accept": "text/csv"})
        assert response.content.decode().splitlines()[1].startswith('"\'=1+1","ACTIVE",')

    def test_an_error_is_json_all_the_same(self, client):
        response = client.get(CAMPAIGNS, {"page": 0}, headers={"Accept": "text/csv"})
        assert (response.status_code, response["Content-Type"]) == (400, "application/json")


@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
@pytest.mark.parametrize("url", [CAMPAIGNS, TIMELINE])
class TestConditional:
    def test_the_same_answer_is_a_304_without_a_body(self, client, url, accept):
        full = client.get(url, headers={"Accept": accept})
        for known in (full["ETag"], f"W/{full['ETag']}", f'"x", {full["ETag"]}', "*"):
            response = client.get(url, headers={"Accept": accept, "If-None-Match": known})
            assert (response.status_code, response.content) == (304, b"")
            assert response["ETag"] == full["ETag"]
            assert response["Cache-Control"] == "private, no-cache"
            assert "Content-Type" not in response

    def test_another_answer_is_sent(self, client, url, accept):
        old = client.get(url, headers={"Accept": accept})
        campaign = CampaignFactory._meta.model.objects.get(pk=A)
        today = datetime.now(UTC)
        record_events(
            workspace=campaign.workspace, events=[Event(campaign.id, "n", EventKind.SENT, today)]
        )
        new = client.get(url, headers={"Accept": accept, "If-None-Match": old["ETag"]})
        assert new.status_code == 200
        assert new.content != old.content
        assert new["ETag"] != old["ETag"]


def test_me_tells_whose_key_it_is(client):
    found = get(client, f"{API}me")
    hint, used = found["key"].pop("hint"), found["key"].pop("last_used_at")
    assert hint.startswith("mm_")
    assert used is None or used.endswith("Z")
    assert found == {
        "workspace": {"name": "Ours", "time_zone": "UTC"},
        "key": {"name": "Reader", "scopes": ["campaigns:read"], "expires_at": None},
    }


def test_a_key_that_is_told_of_again_is_a_304(client):
    get(client, f"{API}me")  # its first use is noted
    known = client.get(f"{API}me")["ETag"]
    response = client.get(f"{API}me", headers={"If-None-Match": known})
    assert (response.status_code, response.content, response["ETag"]) == (304, b"", known)


@pytest.mark.parametrize("route", ["me", "schema", "docs"])
def test_head_and_options_answer_where_get_does(client, route):
    answer, head = (ask(f"{API}{route}") for ask in (client.get, client.head))
    assert (head.status_code, head.content) == (200, b"")
    assert head["Content-Type"] == answer["Content-Type"]
    assert client.options(f"{API}{route}").status_code == 200
    refused = client.put(f"{API}{route}")
    assert (refused.status_code, refused["Allow"]) == (405, "GET, HEAD, OPTIONS")


class TestRefusals:
    @pytest.mark.parametrize("path", ["", "nothing", "analytics", "analytics/campaigns/x", "me/"])
    @pytest.mark.parametrize("method", ["get", "post", "delete"])
    def test_404_below_the_prefix(self, client, path, method):
        response = getattr(client, method)(f"{API}{path}")
        assert (response.status_code, response["Content-Type"]) == (404, "application/json")
        assert response.json() == {"detail": "Not found."}

    def test_405_names_the_methods(self, client):
        response = client.post(f"{API}me")
        assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, OPTIONS")
        assert response.json() == {"detail": 'Method "POST" not allowed.'}

    @pytest.mark.parametrize("url", [CAMPAIGNS, TIMELINE, f"{API}me"])
    def test_406_for_what_is_not_answered(self, client, url):
        response = client.get(url, headers={"Accept": "image/png"})
        assert (response.status_code, response["Content-Type"]) == (406, "application/json")
        assert response.json() == {"detail": "Could not satisfy the request Accept header."}

    def test_too_many_parameters(self, client):
        response = client.get(CAMPAIGNS, [(f"p{n}", "1") for n in range(1001)])
        assert response.status_code == 400
        assert response.json() == {
            "detail": [
                {"loc": ["query"], "msg": "There are too many parameters.", "type": "too_many"}
            ]
        }


def plain(error, context):
    """A host's own handler."""
    return Response({"host": type(error).__name__}, status=error.status_code)


def test_a_hosts_own_exception_handler_decides(client, settings):
    settings.MAILMETRICS = {"EXCEPTION_HANDLER": f"{__name__}.plain"}
    response = client.get(CAMPAIGNS, {"page": "0"})
    assert (response.status_code, response.json()) == (400, {"host": "InvalidRequest"})
