"""Numbers to geometry, and days to points and ticks."""

import re
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.dashboard.charts import (
    HEIGHT,
    MARKERS,
    MOST_MARKED,
    Series,
    chart,
    line,
    middle,
    round_ticks,
    scale,
)
from analytics.dashboard.timeaxis import (
    MOST_POINTS,
    MOST_TICKS,
    earlier,
    interval_of,
    points,
    rate_points,
    slots_of,
    ticks,
)
from analytics.periods import Period

counts = st.integers(0, 2**63 - 1) | st.integers(0, 20)
series = st.lists(st.none() | counts, min_size=1, max_size=80)


@st.composite
def periods(draw):
    days = draw(st.sampled_from([1, 2, 31, 366, 367, 1100, 1101, 3653]) | st.integers(1, 3653))
    first = draw(st.dates(date.min, date.max - timedelta(days - 1)))
    return Period(first, first + timedelta(days - 1))


class TestRoundTicks:
    @pytest.mark.parametrize(
        ("most", "expected"),
        [
            (1, [0, 1]),
            (2, [0, 1, 2]),
            (5, [0, 1, 2, 3, 4, 5]),
            (6, [0, 2, 4, 6]),
            (7, [0, 2, 4, 6, 8]),
            (10, [0, 2, 4, 6, 8, 10]),
            (11, [0, 5, 10, 15]),
            (120, [0, 50, 100, 150]),
            (498, [0, 100, 200, 300, 400, 500]),
            (10_000, [0, 2000, 4000, 6000, 8000, 10_000]),
        ],
    )
    def test_they_are_round_and_hold_the_most(self, most, expected):
        assert list(round_ticks(most)) == expected

    @given(most=st.integers(1, 2**70))
    def test_equal_round_steps_that_end_within_one_of_the_most(self, most):
        found = list(round_ticks(most))
        (step,) = {after - before for before, after in pairwise(found)}
        assert re.fullmatch("[125]0*", str(step))
        assert found[0] == 0
        assert found[-1] - step < most <= found[-1]
        assert len(found) <= 6


class TestScale:
    def test_it_holds_the_greatest_value(self):
        assert list(scale([3, None, 44, 0]).ticks) == [0, 10, 20, 30, 40, 50]

    @pytest.mark.parametrize("nothing", [[], [None], [0, 0]])
    def test_without_values_it_holds_the_least(self, nothing):
        assert list(scale(nothing, least=100).ticks) == [0, 20, 40, 60, 80, 100]


def drawn(values, axis, **kwargs):
    return line(Series(look=1, label="Sent", values=values, **kwargs), axis)


class TestLine:
    def test_through_the_middle_of_each_slot(self):
        found = drawn([0, 5, 10], scale([10]), filled=True)
        assert found.path == "M1 240.0h0L3 120.0L5 0.0"
        assert found.area == "M1 240L1 240.0L3 120.0L5 0.0V240Z"
        assert found.marks == [
            ("16.67%", "240.0", False),
            ("50.00%", "120.0", False),
            ("83.33%", "0.0", False),
        ]
        assert (found.grey, found.previous) == ("", "")

    def test_none_is_a_gap_and_a_point_between_two_is_a_dot(self):
        found = drawn([None, 10, None, 5, 0], scale([10]), filled=True)
        assert found.path == "M3 0.0h0M7 120.0h0L9 240.0"
        assert found.area == ""

    def test_the_window_before_is_a_line_of_its_own(self):
        found = drawn([0, 5], scale([10]), previous=[10, None])
        assert (found.path, found.previous) == ("M1 240.0h0L3 120.0", "M1 0.0h0")

    def test_a_thin_point_is_grey_and_the_line_goes_around_it(self):
        found = drawn([5, 10, 5, 0], scale([10]), thin={1})
        assert found.path == "M1 120.0h0M5 120.0h0L7 240.0"
        assert found.grey == "M1 120.0h0L3 0.0L5 120.0L7 240.0"
        assert [thin for _, _, thin in found.marks] == [False, True, False, False]

    def test_a_thin_point_above_the_axis_is_a_gap(self):
        found = drawn([5, 1000, 5], scale([10]), thin={1})
        assert found.grey == found.path == "M1 120.0h0M5 120.0h0"
        assert len(found.marks) == 2

    def test_of_many_points_some_are_marked_at_other_places_for_each_look(self):
        slots = 2 * MOST_MARKED
        marked = {}
        for look in MARKERS:
            series = Series(look=look, label="", values=[1] * slots)
            marked[look] = {x for x, _, _ in line(series, scale([1])).marks}
        assert all(5 < len(places) < MOST_MARKED for places in marked.values())
        assert len(set.union(*marked.values())) == sum(map(len, marked.values()))
        assert len(drawn([1] * MOST_MARKED, scale([1])).marks) == MOST_MARKED

    def test_of_many_points_one_between_two_gaps_is_marked(self):
        slots = 3 * MOST_MARKED
        for alone in (0, slots // 2 + 1, slots - 1):
            values = [5 if slot == alone else None for slot in range(slots)]
            assert [y for _, y, _ in drawn(values, scale([10])).marks] == ["120.0"]

    @given(values=series)
    def test_any_values_stay_within_the_box(self, values):
        found = drawn(values, scale(values))
        there = [(2 * i + 1, value) for i, value in enumerate(values) if value is not None]
        spots = re.findall(r"[ML](\d+) (\d+\.\d)", found.path)
        assert [int(x) for x, _ in spots] == [x for x, _ in there]
        assert all(0 <= float(y) <= HEIGHT for _, y in spots)
        assert re.sub(r"[ML]\d+ \d+\.\d|h0", "", found.path) == ""
        assert found.path.count("M") == sum(
            value is not None and before is None for before, value in pairwise([None, *values])
        )
        by_value = sorted(zip((value for _, value in there), spots, strict=True))
        heights = [float(y) for _, (_, y) in by_value]
        assert heights == sorted(heights, reverse=True)


def whole_chart(*all_series):
    return chart(
        name="counts",
        title="Messages",
        series=all_series,
        readouts=[""] * len(all_series[0].values),
        along=[],
        label=lambda tick, step: f"{tick} by {step}",
        least=5,
    )


@st.composite
def any_series(draw):
    slots = draw(st.integers(1, 40))
    column = st.lists(st.none() | counts, min_size=slots, max_size=slots)
    return [
        Series(
            look=look,
            label="",
            values=draw(column),
            previous=draw(column | st.just([])),
            thin=draw(st.sets(st.integers(0, slots - 1))),
        )
        for look in range(1, draw(st.integers(1, 5)) + 1)
    ]


class TestChart:
    def test_the_axis_holds_every_series_and_the_window_before(self):
        before = Series(look=2, label="Opened", values=[0, 1], previous=[70, None])
        found = whole_chart(Series(look=1, label="Sent", values=[9, 40]), before)
        assert [mark.label for mark in found.across] == [f"{n} by 20" for n in (0, 20, 40, 60, 80)]
        assert (found.width, found.left_out) == (4, 0)

    def test_the_axis_leaves_out_thin_points_unless_there_are_no_others(self):
        values = [10, 467, 8]
        found = whole_chart(Series(look=1, label="", values=values, thin={1}))
        assert (found.across[-1].label, found.left_out) == ("10 by 2", 1)
        found = whole_chart(Series(look=1, label="", values=values, thin={0, 1, 2}))
        assert (found.across[-1].label, found.left_out) == ("500 by 100", 0)

    def test_of_nothing_it_has_the_least_axis(self):
        found = whole_chart(Series(look=1, label="", values=[None, 0]))
        assert found.across[-1].label == "5 by 1"

    @given(all_series=any_series())
    def test_no_value_is_drawn_elsewhere_than_at_its_height(self, all_series):
        """So none is pinned to the top, and none leaves the box."""
        found = whole_chart(*all_series)
        top = int(found.across[-1].label.split()[0])
        for each, shown in zip(all_series, found.lines, strict=True):
            expected = {
                "path": [None if n in each.thin else v for n, v in enumerate(each.values)],
                "previous": each.previous,
            }
            for name, values in expected.items():
                spots = re.findall(r"[ML](\d+) (\d+\.\d)", getattr(shown, name))
                assert spots == [
                    (f"{2 * slot + 1}", f"{HEIGHT * (1 - value / top):.1f}")
                    for slot, value in enumerate(values)
                    if value is not None
                ]
            assert all(
                0 <= float(y) <= HEIGHT for y in re.findall(r"[ML]\d+ (-?\d+\.\d)", shown.grey)
            )

    def test_a_sixth_series_is_refused(self):
        with pytest.raises(ValueError, match="up to 5 series, not 6"):
            whole_chart(*[Series(look=1, label="", values=[1])] * 6)


def test_the_middle_of_a_slot():
    assert [middle(slot, 4) for slot in range(4)] == ["12.50%", "37.50%", "62.50%", "87.50%"]
    assert middle(0, 1) == "50.00%"


class TestPoints:
    @pytest.mark.parametrize(
        ("days", "wanted", "expected"),
        [
            (1, None, "day"),
            (100, None, "day"),
            (101, None, "week"),
            (1100, None, "week"),
            (1101, None, "month"),
            (3653, "day", "month"),
            (400, "day", "day"),
            (401, "day", "week"),
            (1100, "day", "week"),
            (90, "week", "week"),
            (90, "month", "month"),
            (36_600, "month", "month"),
        ],
    )
    def test_the_interval_suits_the_window_or_the_reader(self, days, wanted, expected):
        first = date(2015, 1, 1)
        assert interval_of(Period(first, first + timedelta(days - 1)), wanted) == expected

    def test_weeks_begin_on_monday_and_are_cut_by_the_window(self):
        spans = points(Period(date(2023, 12, 30), date(2024, 1, 9)), "week")
        assert spans == [
            Period(date(2023, 12, 30), date(2023, 12, 31)),
            Period(date(2024, 1, 1), date(2024, 1, 7)),
            Period(date(2024, 1, 8), date(2024, 1, 9)),
        ]

    @given(period=periods(), wanted=st.sampled_from([None, "day", "week", "month"]))
    def test_every_day_is_in_one_point_and_they_are_not_too_many(self, period, wanted):
        spans = points(period, interval_of(period, wanted))
        assert [day for span in spans for day in span] == list(period)
        assert len(spans) <= MOST_POINTS


class TestRatePoints:
    week = Period(date(2024, 1, 1), date(2024, 1, 7))

    def test_weeks_where_the_window_has_some(self):
        period = Period(date(2024, 1, 1), date(2024, 1, 28))
        interval, spans = rate_points(period, "day", None)
        assert (interval, spans[0], len(spans)) == ("week", self.week, 4)

    @pytest.mark.parametrize(("days", "wanted"), [(27, None), (28, "day")])
    def test_seven_rolling_days_else(self, days, wanted):
        period = Period(date(2024, 1, 7), date(2024, 1, 7) + timedelta(days - 1))
        interval, spans = rate_points(period, "day", wanted)
        assert (interval, len(spans)) == (None, days)
        assert spans[:2] == [self.week, Period(date(2024, 1, 2), date(2024, 1, 8))]

    @pytest.mark.parametrize("interval", ["week", "month"])
    def test_the_same_weeks_and_months_as_the_counts(self, interval):
        period = Period(date(2024, 1, 3), date(2024, 2, 9))
        expected = (interval, points(period, interval))
        assert rate_points(period, interval, None) == expected

    def test_the_first_days_there_are_have_fewer_before_them(self):
        _, spans = rate_points(Period(date(1, 1, 1), date(1, 1, 2)), "day", None)
        assert spans == [
            Period(date(1, 1, 1), date(1, 1, 1)),
            Period(date(1, 1, 1), date(1, 1, 2)),
        ]


def test_the_window_before():
    period = Period(date(2024, 3, 1), date(2024, 3, 31))
    assert earlier(period, 31) == Period(date(2024, 1, 30), date(2024, 2, 29))
    assert earlier(Period(date(1, 1, 5), date(1, 1, 9)), 5) is None


@given(period=periods(), interval=st.sampled_from(["day", "week", "month"]))
def test_each_day_is_found_in_its_slot(period, interval):
    spans = points(period, interval)
    days = ticks(period)[1]
    assert [day in spans[slot] for slot, day in zip(slots_of(days, spans), days, strict=True)] == [
        True
    ] * len(days)


class TestTicks:
    @pytest.mark.parametrize(
        ("first", "days", "kind", "expected"),
        [
            ("2024-01-15", 1, "day", ["2024-01-15"]),
            ("2024-02-28", 3, "day", ["2024-02-28", "2024-02-29", "2024-03-01"]),
            ("2024-01-01", 31, "day", [f"2024-01-{day:02}" for day in (1, 8, 15, 22, 29)]),
            (
                "2024-01-01",
                90,
                "day",
                [
                    "2024-01-08",
                    "2024-01-22",
                    "2024-02-05",
                    "2024-02-19",
                    "2024-03-04",
                    "2024-03-18",
                ],
            ),
            ("2024-01-01", 366, "month", [f"2024-{month:02}-01" for month in (1, 3, 5, 7, 9, 11)]),
            ("2014-01-02", 3653, "year", [f"{year}-01-01" for year in range(2015, 2025)]),
            ("2014-01-01", 3653, "year", [f"{year}-01-01" for year in range(2014, 2025, 2)]),
            ("1900-01-01", 36600, "year", [f"{year}-01-01" for year in range(1900, 2001, 20)]),
        ],
    )
    def test_round_days(self, first, days, kind, expected):
        start = date.fromisoformat(first)
        found = ticks(Period(start, start + timedelta(days - 1)))
        assert (found[0], [day.isoformat() for day in found[1]]) == (kind, expected)

    @given(period=periods())
    def test_some_and_not_too_many_within_the_window(self, period):
        _, days = ticks(period)
        assert 1 <= len(days) <= MOST_TICKS
        assert days == sorted(set(days) & set(period))
