"""The timeline as two charts."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import translation

from analytics.dashboard.activity import read_activity
from analytics.dashboard.timeaxis import points
from analytics.dashboard.timeline import draw_timeline, few
from analytics.periods import Period
from campaigns.models import Campaign, EventKind
from campaigns.recording import Event, record_events
from tests.analytics.timelines import activity_of
from tests.factories import CampaignFactory, WorkspaceFactory

FIRST_NOON = datetime(2024, 3, 3, 12, tzinfo=UTC)
WEEK = [(100, 40, 5, 1)] * 7


def drawn(*days, interval=None, **kwargs):
    return draw_timeline(activity_of(*days, **kwargs), interval=interval)


def values(line):
    """The heights of the line's points, as shares of the box."""
    return [round(1 - float(y) / 240, 3) for _, y, _ in line.marks]


class TestCounts:
    def test_each_kind_has_a_line_and_its_sum(self):
        timeline = drawn((120, 41, 9, 1), (0, 3, 0, 0), (80, 40, 2, 4))
        counts, _ = timeline.charts
        assert (timeline.interval, counts.title) == ("day", "Messages by day")
        assert [(line.look, line.label, line.figure) for line in counts.lines] == [
            (1, "Sent", "200"),
            (2, "Opened", "84"),
            (3, "Replied", "11"),
            (4, "Bounced", "5"),
        ]
        assert [mark.label for mark in counts.across] == ["0", "50", "100", "150"]
        assert [mark.label for mark in counts.along] == ["Mar 1", "Mar 2", "Mar 3"]
        assert counts.readouts[:2] == [
            "Fri 1 Mar 2024: 120 sent · 41 opened (34.17%) · 9 replied (7.50%) · 1 bounced (0.83%)",
            "Sat 2 Mar 2024: 0 sent · 3 opened · 0 replied · 0 bounced",
        ]
        assert counts.note == ""
        assert not counts.has_previous

    def test_a_week_sums_its_days(self):
        counts, rates = drawn(*WEEK, (9, 2, 0, 0), first="2024-03-04", interval="week").charts
        assert (counts.title, rates.title) == ("Messages by week", "Rates by week")
        assert counts.readouts == rates.readouts
        assert counts.readouts[0] == (
            "Mon 4 Mar 2024 to Sun 10 Mar 2024: "
            "700 sent · 280 opened (40.00%) · 35 replied (5.00%) · 7 bounced (1.00%)"
        )

    def test_the_table_has_a_row_for_each_point(self):
        assert drawn((120, 41, 9, 1), (0, 3, 0, 0)).rows == [
            (
                "2024-03-01",
                "Fri 1 Mar 2024",
                ["120", "41", "9", "1", "34.17%", "7.50%", "0.83%"],
            ),
            ("2024-03-02", "Sat 2 Mar 2024", ["0", "3", "0", "0", "–", "–", "–"]),
        ]
        [week] = drawn(*WEEK, first="2024-03-04", interval="week").rows
        assert week == (
            "",
            "Mon 4 Mar 2024 to Sun 10 Mar 2024",
            ["700", "280", "35", "7", "40.00%", "5.00%", "1.00%"],
        )

    def test_the_window_before_is_drawn_point_by_point(self):
        counts, _ = drawn(
            (5, 0, 0, 0), (10, 0, 0, 0), before=[(9, 9, 9, 9), (0, 0, 0, 0), (5, 0, 0, 0)]
        ).charts
        assert counts.lines[0].previous == "M1 240.0h0L3 120.0"
        assert [bool(line.previous) for line in counts.lines] == [True, False, False, False]


class TestRates:
    def test_by_week_where_the_window_has_some(self):
        timeline = drawn(*WEEK * 4, first="2024-03-04")
        _, rates = timeline.charts
        assert (timeline.interval, timeline.rates_interval) == ("day", "week")
        assert rates.title == "Rates by week"
        assert [(line.look, line.label, line.figure) for line in rates.lines] == [
            (2, "Open rate", "40.00%"),
            (3, "Reply rate", "5.00%"),
            (4, "Bounce rate", "1.00%"),
        ]
        assert values(rates.lines[0]) == [1.0] * 4
        assert rates.across[-1].label == "40%"

    def test_of_seven_days_up_to_each_of_a_short_window(self):
        timeline = drawn((0, 60, 0, 0), (100, 40, 0, 0), before=WEEK)
        _, rates = timeline.charts
        assert (timeline.rates_interval, rates.title) == (
            None,
            "Rates of seven days up to each day",
        )
        # 6 x 40 and 60 opened of 600, then 5 x 40, 60 and 40 of 600: both are 50%.
        assert values(rates.lines[0]) == [1.0, 1.0]
        assert rates.across[-1].label == "50%"
        assert rates.readouts[0].startswith(
            "Sat 24 Feb 2024 to Fri 1 Mar 2024: 600 sent · 300 opened"
        )

    def test_a_saturday_of_few_sends_does_not_reach_a_multiple(self):
        """467% once: nine sends, and the opens of Friday's mail."""
        days = [(200, 80, 10, 1)] * 5 + [(9, 42, 0, 0), (0, 20, 0, 0)]
        for interval in (None, "day"):
            _, rates = drawn(*days * 5, first="2024-03-04", interval=interval).charts
            assert rates.across[-1].label in {"50%", "60%"}

    def test_where_nothing_was_sent_there_is_none(self):
        _, rates = drawn(*[(0, 3, 0, 0)] * 28, first="2024-03-04").charts
        assert [line.path for line in rates.lines] == [""] * 3
        assert rates.note == "Nothing was sent in this time."
        assert rates.across[-1].label == "100%"

    def test_few_sends_are_grey_and_above_the_scale_left_out(self):
        after = [(1, 30, 0, 0)] + [(0, 0, 0, 0)] * 6
        timeline = drawn(*WEEK * 3, *after, first="2024-03-04")
        _, rates = timeline.charts
        assert timeline.fewest == 52
        assert (rates.has_thin, rates.left_out) == (True, 1)
        assert rates.across[-1].label == "40%"
        assert values(rates.lines[0]) == [1.0] * 3
        assert [thin for _, _, thin in rates.lines[1].marks] == [False] * 3 + [True]

    def test_rates_above_100_percent_of_many_sends_are_drawn_where_they_are(self):
        _, rates = drawn(*WEEK * 3, *[(100, 250, 0, 0)] * 7, first="2024-03-04").charts
        assert rates.across[-1].label == "250%"
        assert values(rates.lines[0]) == [0.16, 0.16, 0.16, 1.0]

    def test_the_window_before_without_its_thin_points(self):
        before = [(100, 20, 0, 0)] * 21 + [(0, 9, 0, 0)] * 6 + [(1, 9, 0, 0)]
        _, rates = drawn(*WEEK * 4, before=before, first="2024-03-04").charts
        assert rates.lines[0].previous == "M1 120.0h0L3 120.0L5 120.0"


@pytest.mark.parametrize(
    ("sent", "expected"), [([0, 0], 20), ([100, 100], 20), ([1000, 0, 3000], 200)]
)
def test_few_is_a_tenth_of_an_average_point_that_sent_any(sent, expected):
    activity = activity_of(*[(count, 0, 0, 0) for count in sent])
    assert few(activity, points(activity.window, "day")) == expected


def test_of_nothing():
    counts, rates = drawn((0, 0, 0, 0)).charts
    assert [mark.label for mark in counts.across] == ["0", "1", "2", "3", "4", "5"]
    assert counts.lines[0].path == "M1 240.0h0"
    assert counts.note == "Nothing happened in this time."
    assert rates.note == "Nothing was sent in this time."


def test_an_interval_of_too_many_points_is_made_coarser_and_that_is_told():
    timeline = drawn(*[(1, 1, 0, 0)] * 500, interval="day")
    assert (timeline.interval, timeline.rates_interval, timeline.is_coarser) == (
        "week",
        "week",
        True,
    )
    assert not drawn(*[(1, 1, 0, 0)] * 400, interval="day").is_coarser


def test_coordinates_are_the_same_in_every_language():
    days = [(1234, 567, 89, 1), (4321, 765, 98, 2)]
    with translation.override("de"):
        german, _ = drawn(*days).charts
    english, _ = drawn(*days).charts
    assert [line.path for line in german.lines] == [line.path for line in english.lines]
    assert [mark.at for mark in german.along] == [mark.at for mark in english.along]


@pytest.mark.django_db
class TestActivity:
    window = Period(date(2024, 3, 11), date(2024, 3, 12))

    @pytest.fixture
    def workspace(self):
        """A message on each of ten days, the last two of which are the window."""
        workspace = WorkspaceFactory()
        for status in ("ACTIVE", "DRAFT"):
            campaign = CampaignFactory(workspace=workspace, status=status)
            record_events(
                workspace=workspace,
                events=[
                    Event(
                        campaign.pk,
                        f"{status}{n}",
                        EventKind.SENT,
                        FIRST_NOON + timedelta(n),
                    )
                    for n in range(10)
                ],
            )
        return workspace

    def test_of_the_window_the_one_before_and_the_days_that_roll_into_it(self, workspace):
        activity = read_activity(workspace_id=workspace.pk, campaigns=None, window=self.window)
        assert [day["sent"] for day in activity.days] == [2, 2]
        assert activity.before == Period(date(2024, 3, 9), date(2024, 3, 10))
        assert activity.counts(activity.before)["sent"] == 4
        assert activity.counts(Period(date(2024, 3, 3), date(2024, 3, 9)))["sent"] == 14
        assert len(activity.earlier) == 8

    def test_of_some_campaigns(self, workspace):
        active = Campaign.objects.filter(status="ACTIVE")
        activity = read_activity(workspace_id=workspace.pk, campaigns=active, window=self.window)
        assert activity.counts(self.window) == {"sent": 2, "opened": 0, "replied": 0, "bounced": 0}

    def test_in_one_query(self, workspace, django_assert_num_queries):
        with django_assert_num_queries(1):
            read_activity(workspace_id=workspace.pk, campaigns=None, window=self.window)

    def test_from_the_first_date_there_is(self, workspace):
        first = Period(date.min, date.min + timedelta(3))
        activity = read_activity(workspace_id=workspace.pk, campaigns=None, window=first)
        assert (activity.before, activity.counts_before(first)) == (None, None)
        assert len(draw_timeline(activity).charts) == 2
