"""Equal windows give equal sums, whichever way they are asked for: by reports, pages or files."""

import csv
from datetime import UTC, datetime

from django.contrib.auth import get_user_model
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from campaigns.models import EventKind
from campaigns.recording import Event, record_events
from tests.analytics.dashboards import API as CAMPAIGNS
from tests.analytics.dashboards import PAGE, ask_api, viewer
from tests.factories import CampaignFactory, WorkspaceFactory, new_key

TIMELINE = f"{CAMPAIGNS}/timeline"
CORE = ["sent", "opened", "replied", "bounced"]
OPTIONAL = ["clicked", "unsubscribed", "complained", "machine_opened"]
KINDS = [*CORE, *OPTIONAL]

days = st.integers(1, 31)
happened = st.tuples(st.integers(0, 2), st.sampled_from(EventKind), days, st.integers(1, 3))


def summed(rows, prefix="", kinds=KINDS):
    return {kind: sum(int(row[f"{prefix}{kind}"]) for row in rows) for kind in kinds}


def core(counts):
    return {kind: counts[kind] for kind in CORE}


def rows_of(response):
    """Of a file in CSV, with a byte order mark or without."""
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(response.getvalue().decode("utf-8-sig").splitlines()))


class EqualWindows(TestCase):
    @settings(max_examples=25)
    @given(
        history=st.lists(happened, max_size=12),
        window=st.tuples(days, days).map(sorted),
        chosen=st.sets(st.integers(0, 2)),
    )
    def test_over_http(self, history, window, chosen):
        self.record(history)
        first, last = (f"2026-03-{day:02}" for day in window)
        narrowings = [({}, {0, 1, 2}), ({"status": "COMPLETED"}, {1, 2})]
        if chosen:
            ids = ",".join(str(self.campaigns[n].pk) for n in chosen)
            narrowings.append(({"campaign_id": ids}, chosen))
        for narrowing, inside in narrowings:
            expected = dict.fromkeys(KINDS, 0)
            for of, kind, day, count in history:
                if of in inside and window[0] <= day <= window[1]:
                    expected[kind.label] += count
            self.check_api(narrowing, first, last, expected)
            if "campaign_id" not in narrowing:  # the dashboard has no such filter
                self.check_dashboard(narrowing, first, last, expected)
        self.check_single_campaigns(first, last)

    def record(self, history):
        self.workspace = WorkspaceFactory()
        self.campaigns = [
            CampaignFactory(workspace=self.workspace, status=each)
            for each in ("ACTIVE", "COMPLETED", "COMPLETED")
        ]
        events = [
            Event(self.campaigns[of].pk, f"{number}-{n}", kind, at(day))
            for number, (of, kind, day, count) in enumerate(history)
            for n in range(count)
        ]
        record_events(workspace=self.workspace, events=events)
        other = CampaignFactory()
        events = [
            Event(other.pk, f"{kind}-{n}", kind, at(day))
            for kind in EventKind
            for n, day in enumerate(range(1, 32))
        ]
        record_events(workspace=other.workspace, events=events)
        self.get = ask_api(self.workspace)
        self.key = new_key(workspace=self.workspace)
        get_user_model().objects.filter(username="staff").delete()
        self.staff = viewer(get_user_model())

    def check_api(self, narrowing, first, last, expected):
        every = {"metrics": ",".join(OPTIONAL), **narrowing}
        activity = {"activity_from": first, "activity_to": last, **every}
        assert summed(self.get(**activity)["campaigns"], "total_") == expected
        assert summed(self.file(CAMPAIGNS, activity), "total_") == expected
        pages = [self.get(**activity, page=n, limit=1) for n in (1, 2, 3)]
        rows = [row for page in pages for row in page["campaigns"]]
        assert summed(rows, "total_") == expected
        assert {page["workspace_kpis"]["total_sends"] for page in pages} == {expected["sent"]}
        for interval in ("day", "week", "month"):
            asked = {"from_date": first, "to_date": last, "interval": interval, **every}
            assert summed(self.get(TIMELINE, **asked)["timeline"]) == expected
            assert summed(self.file(TIMELINE, asked)) == expected

    def check_dashboard(self, narrowing, first, last, expected):
        asked = {"workspace": self.workspace.pk, "from_date": first, "to_date": last, **narrowing}
        files = {name: f"{PAGE}{name}.csv" for name in ("campaigns", "timeline")}
        campaigns = rows_of(self.staff.get(files["campaigns"], {**asked, "metrics": OPTIONAL}))
        assert summed(campaigns, "total_") == expected
        days = rows_of(self.staff.get(files["timeline"], asked))
        assert summed(days, kinds=CORE) == core(expected)

    def check_single_campaigns(self, first, last):
        """The file of a campaign's own page."""
        window = {"from_date": first, "to_date": last}
        for campaign in self.campaigns:
            days = self.get(TIMELINE, campaign_id=campaign.pk, **window)["timeline"]
            file = f"{PAGE}campaigns/{campaign.pk}/timeline.csv"
            shown = rows_of(self.staff.get(file, window))
            assert summed(shown, kinds=CORE) == summed(days, kinds=CORE)

    def file(self, url, asked):
        headers = {"X-API-Key": self.key, "Accept": "text/csv"}
        return rows_of(Client(headers=headers).get(url, asked))


def at(day):
    return datetime(2026, 3, day, 12, tzinfo=UTC)
