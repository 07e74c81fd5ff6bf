"""Any text as any parameter: an answer when it is valid, a 400 that names it when it is not."""

import re
from datetime import date, timedelta
from urllib.parse import quote, urlencode

from django.test import Client
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from analytics.periods import utc_today
from campaigns.models import CampaignStatus
from tests.factories import new_key

CAMPAIGNS = "/api/public/v1/analytics/campaigns"
TIMELINE = "/api/public/v1/analytics/campaigns/timeline"
PARAMETERS = {
    CAMPAIGNS: ["status", "from_date", "to_date"],
    TIMELINE: ["from_date", "to_date"],
}

dates = st.dates().map(str)
# Nearly a date: one character of it is another.
near = st.builds(
    lambda day, place, character: day[:place] + character + day[place + 1 :],
    dates,
    st.integers(0, 10),
    st.characters(codec="utf-8") | st.sampled_from("0123456789-٣３\x00\n "),
)
texts = (
    st.text(st.characters(codec="utf-8"), max_size=40)
    | near
    | dates
    | st.sampled_from([*CampaignStatus.values, "active", "", "null", "NaN", "0001-01-01"])
)
urls = st.sampled_from(list(PARAMETERS))


def day_of(text):
    """The date that a text is, by a rule other than the code's; None if it is none."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) or len(text.encode()) != 10:
        return None
    try:
        return date(*map(int, text.split("-")))
    except ValueError:
        return None


def wrong(url, asked):
    """The parameters that a valid request would not have so."""
    unknown = {name for name in asked if name not in PARAMETERS[url]}
    days = {name: day_of(asked[name]) for name in ("from_date", "to_date") if name in asked}
    bad = unknown | {name for name, day in days.items() if day is None}
    if "status" in PARAMETERS[url] and asked.get("status", "DRAFT") not in CampaignStatus.values:
        bad.add("status")
    return bad or wrong_period(url, days.get("from_date"), days.get("to_date"))


def wrong_period(url, first, last):
    if url == TIMELINE:
        if last and not first and last < date.min + timedelta(days=89):
            return {"to_date"}
        last = last or utc_today()
        first = first or last - timedelta(days=89)
        return {"from_date"} if first > last or (last - first).days >= 3653 else set()
    return {"from_date"} if first and last and first > last else set()


class AnyText(TestCase):
    def setUp(self):
        self.client = Client(headers={"X-API-Key": new_key()})

    def check(self, url, asked):
        response = self.client.get(f"{url}?{urlencode(asked)}")
        expected = wrong(url, asked)
        assert response.status_code == (400 if expected else 200)
        assert response["Content-Type"] == "application/json"
        if expected:
            assert set(response.json()) == expected

    @settings(max_examples=250, deadline=None)
    @given(url=urls, name=st.sampled_from(["status", "from_date", "to_date"]), text=texts)
    @example(TIMELINE, "to_date", "0001-03-30")
    @example(TIMELINE, "to_date", "0001-03-31")
    def test_each_parameter(self, url, name, text):
        self.check(url, {name: text})

    @settings(max_examples=250, deadline=None)
    @given(
        url=urls,
        asked=st.dictionaries(
            st.sampled_from(["status", "from_date", "to_date", "from", "Status", "format"]), texts
        ),
    )
    def test_several_parameters(self, url, asked):
        self.check(url, asked)

    @settings(max_examples=150, deadline=None)
    @given(url=urls, first=st.dates(), days=st.integers(-3700, 3700))
    def test_windows(self, url, first, days):
        last = date.fromordinal(min(max(1, first.toordinal() + days), date.max.toordinal()))
        self.check(url, {"from_date": str(first), "to_date": str(last)})

    @settings(max_examples=150, deadline=None)
    @given(url=urls, query=st.binary(max_size=60))
    @example(CAMPAIGNS, b"from_date=%FF%FE&%00=&&=&status")
    def test_any_bytes_as_a_query(self, url, query):
        response = self.client.get(f"{url}?{quote(query, safe='&=;+%')}")
        assert response.status_code in {200, 400}
        assert response["Content-Type"] == "application/json"
