"""Any text as any parameter: an answer when it is valid, a 400 that names it when it is not."""

import re
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote, urlencode

from django.test import Client
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from campaigns.models import CampaignStatus
from tests.factories import new_key

CAMPAIGNS = "/api/public/v1/analytics/campaigns"
TIMELINE = "/api/public/v1/analytics/campaigns/timeline"
DAYS = ["from_date", "to_date", "activity_from", "activity_to"]
PARAMETERS = {
    CAMPAIGNS: [
        *("status", "campaign_id", "search", "metrics", "sort_by", "sort_order", "page", "limit"),
        *DAYS,
    ],
    TIMELINE: ["from_date", "to_date", "campaign_id", "status", "interval", "metrics"],
}
NAMES = sorted({*PARAMETERS[CAMPAIGNS], *PARAMETERS[TIMELINE], "from", "Status", "format"})
OPTIONAL = ["clicked", "unsubscribed", "complained", "machine_opened"]
RATES = ["open", "reply", "bounce", "click", "unsubscribe", "complaint", "machine_open"]
COUNTS = ["sent", "opened", "replied", "bounced", *OPTIONAL]
SORTABLE = [
    *("created_at", "launched_at", "name", "total_leads"),
    *(f"total_{count}" for count in COUNTS),
    *(f"{rate}_rate" for rate in RATES),
]
UUID = "550e8400-e29b-41d4-a716-446655440000"

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
    | st.sampled_from([UUID, UUID.upper(), UUID.replace("-", ""), f"{UUID},{UUID}", f"{UUID},"])
    | st.sampled_from(["1", "0", "01", "1000", "1001", "1000000", "1000001", "-1", "1.0", "\u0661"])
    | st.sampled_from([*SORTABLE, "asc", "desc", "day", "week", "month", "year"])
    | st.lists(st.sampled_from([*OPTIONAL, "sent"]), min_size=1, max_size=4).map(",".join)
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


def each_once(text, good):
    values = text.split(",")
    return len(set(values)) == len(values) and all(map(good, values))


def is_number(text, most):
    return bool(re.fullmatch(r"[1-9][0-9]*", text)) and int(text) <= most


GOOD = {
    **dict.fromkeys(DAYS, lambda text: day_of(text) is not None),
    "status": lambda text: text in CampaignStatus.values,
    "campaign_id": lambda text: each_once(text.lower(), UUID.__eq__),
    "search": lambda text: 0 < len(text) <= 255 and not re.search(r"[\x00-\x1f\x7f]", text),
    "metrics": lambda text: each_once(text, OPTIONAL.__contains__),
    "sort_by": lambda text: text in SORTABLE,
    "sort_order": lambda text: text in ("asc", "desc"),
    "page": lambda text: is_number(text, 1_000_000),
    "limit": lambda text: is_number(text, 1_000),
    "interval": lambda text: text in ("day", "week", "month"),
}


def wrong(url, asked):
    """The parameters that a valid request would not have so."""
    bad = {name for name in asked if name not in PARAMETERS[url] or not GOOD[name](asked[name])}
    good = {name: text for name, text in asked.items() if name not in bad}
    bad |= wrong_sorting(asked, good)
    for first, last in (DAYS[:2], DAYS[2:]):
        days = [day_of(good[name]) if name in good else None for name in (first, last)]
        if url == CAMPAIGNS:
            bad |= {first} if None not in days and days[0] > days[1] else set()
        elif first == "from_date" and not bad & {first, last}:
            bad |= wrong_window(*days)
    return bad


def wrong_sorting(asked, good):
    """Only what is in the answer can be sorted by."""
    names = good.get("metrics", "").split(",")
    kinds = dict(zip([f"{rate}_rate" for rate in RATES[3:]], OPTIONAL, strict=True))
    sort_by = good.get("sort_by", "")
    kind = kinds.get(sort_by, sort_by.removeprefix("total_"))
    missing = kind in OPTIONAL and kind not in names
    return {"sort_by"} if missing and ("metrics" in good or "metrics" not in asked) else set()


def wrong_window(first, last):
    if last and not first and last < date.min + timedelta(days=89):
        return {"to_date"}
    last = last or datetime.now(UTC).date()
    first = first or last - timedelta(days=89)
    return {"from_date"} if first > last or (last - first).days >= 3653 else set()


class AnyText(TestCase):
    def setUp(self):
        self.client = Client(headers={"X-API-Key": new_key()})

    def check(self, url, asked):
        response = self.client.get(f"{url}?{urlencode(asked)}")
        expected = wrong(url, asked)
        assert response.status_code == (400 if expected else 200)
        assert response["Content-Type"] == "application/json"
        if expected:
            assert {mistake["loc"][1] for mistake in response.json()["detail"]} == expected

    @settings(max_examples=250)
    @given(url=urls, name=st.sampled_from(NAMES), text=texts)
    @example(TIMELINE, "to_date", "0001-03-30")
    @example(TIMELINE, "to_date", "0001-03-31")
    def test_each_parameter(self, url, name, text):
        self.check(url, {name: text})

    @settings(max_examples=250)
    @given(
        url=urls,
        asked=st.dictionaries(st.sampled_from(NAMES), texts),
    )
    def test_several_parameters(self, url, asked):
        self.check(url, asked)

    @settings(max_examples=150)
    @given(url=urls, first=st.dates(), days=st.integers(-3700, 3700))
    def test_windows(self, url, first, days):
        last = date.fromordinal(min(max(1, first.toordinal() + days), date.max.toordinal()))
        self.check(url, {"from_date": str(first), "to_date": str(last)})

    @settings(max_examples=150)
    @given(url=urls, query=st.binary(max_size=60))
    @example(CAMPAIGNS, b"from_date=%FF%FE&%00=&&=&status")
    def test_any_bytes_as_a_query(self, url, query):
        response = self.client.get(f"{url}?{quote(query, safe='&=;+%')}")
        assert response.status_code in {200, 400}
        assert response["Content-Type"] == "application/json"
