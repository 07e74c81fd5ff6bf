"""Numbers to geometry, and days to points and ticks."""

import re
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.dashboard.charts import HEIGHT, MOST_DOTS, line, middle, round_ticks, scale
from analytics.dashboard.timeaxis import MOST_TICKS, points, ticks
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


class TestLine:
    def test_through_the_middle_of_each_slot(self):
        drawn = line("sent", [0, 5, 10], scale([10]))
        assert (drawn.name, drawn.path) == ("sent", "M1 240.0h0L3 120.0L5 0.0")
        assert drawn.area == "M1 240L1 240.0L3 120.0L5 0.0V240Z"
        assert drawn.dots == "M1 240.0h0M3 120.0h0M5 0.0h0"
        assert drawn.beyond == ""

    def test_none_is_a_gap_and_a_point_between_two_is_a_dot(self):
        drawn = line("opened", [None, 10, None, 5, 0], scale([10]))
        assert drawn.path == "M3 0.0h0M7 120.0h0L9 240.0"
        assert drawn.area == ""

    def test_above_the_scale_is_at_its_top_and_marked(self):
        drawn = line("opened", [10, 11, 1000], scale([10]))
        assert drawn.path == "M1 0.0h0L3 0.0L5 0.0"
        assert drawn.beyond == "M3 0h0M5 0h0"

    def test_many_points_have_no_dots(self):
        assert line("sent", [1] * MOST_DOTS, scale([1])).dots.count("h0") == MOST_DOTS
        assert line("sent", [1] * (MOST_DOTS + 1), scale([1])).dots == ""

    @given(values=series)
    def test_any_values_stay_within_the_box(self, values):
        drawn = line("sent", values, scale(values))
        there = [(2 * i + 1, value) for i, value in enumerate(values) if value is not None]
        found = re.findall(r"[ML](\d+) (\d+\.\d)", drawn.path)
        assert [int(x) for x, _ in found] == [x for x, _ in there]
        assert all(0 <= float(y) <= HEIGHT for _, y in found)
        assert re.sub(r"[ML]\d+ \d+\.\d|h0", "", drawn.path) == ""
        assert drawn.path.count("M") == sum(
            value is not None and before is None for before, value in pairwise([None, *values])
        )
        by_value = sorted(zip((value for _, value in there), found, strict=True))
        heights = [float(y) for _, (_, y) in by_value]
        assert heights == sorted(heights, reverse=True)


def test_the_middle_of_a_slot():
    assert [middle(slot, 4) for slot in range(4)] == ["12.50%", "37.50%", "62.50%", "87.50%"]
    assert middle(0, 1) == "50.00%"


class TestPoints:
    def test_up_to_a_leap_year_each_day(self):
        unit, spans = points(Period(date(2024, 1, 1), date(2024, 12, 31)))
        assert (unit, len(spans)) == ("day", 366)
        assert spans[59] == Period(date(2024, 2, 29), date(2024, 2, 29))

    def test_beyond_that_weeks_from_monday_cut_by_the_window(self):
        unit, spans = points(Period(date(2023, 12, 30), date(2025, 1, 7)))
        assert (unit, len(spans)) == ("week", 55)
        assert spans[:2] == [
            Period(date(2023, 12, 30), date(2023, 12, 31)),
            Period(date(2024, 1, 1), date(2024, 1, 7)),
        ]
        assert spans[-1] == Period(date(2025, 1, 6), date(2025, 1, 7))

    def test_ten_years_are_months(self):
        unit, spans = points(Period(date(2014, 1, 15), date(2024, 1, 14)))
        assert (unit, len(spans)) == ("month", 121)
        assert spans[0] == Period(date(2014, 1, 15), date(2014, 1, 31))
        assert spans[121 - 1] == Period(date(2024, 1, 1), date(2024, 1, 14))

    @given(period=periods())
    def test_every_day_is_in_one_point(self, period):
        _, spans = points(period)
        assert [day for span in spans for day in span] == list(period)


class TestTicks:
    @pytest.mark.parametrize(
        ("first", "days", "style", "expected"),
        [
            ("2024-01-15", 1, "M j", ["2024-01-15"]),
            ("2024-02-28", 3, "M j", ["2024-02-28", "2024-02-29", "2024-03-01"]),
            ("2024-01-01", 31, "M j", [f"2024-01-{day:02}" for day in (1, 8, 15, 22, 29)]),
            (
                "2024-01-01",
                90,
                "M j",
                [
                    "2024-01-08",
                    "2024-01-22",
                    "2024-02-05",
                    "2024-02-19",
                    "2024-03-04",
                    "2024-03-18",
                ],
            ),
            ("2024-01-01", 366, "M Y", [f"2024-{month:02}-01" for month in (1, 3, 5, 7, 9, 11)]),
            ("2014-01-02", 3653, "Y", [f"{year}-01-01" for year in range(2015, 2025)]),
            ("2014-01-01", 3653, "Y", [f"{year}-01-01" for year in range(2014, 2025, 2)]),
            ("1900-01-01", 36600, "Y", [f"{year}-01-01" for year in range(1900, 2001, 20)]),
        ],
    )
    def test_round_days(self, first, days, style, expected):
        start = date.fromisoformat(first)
        found = ticks(Period(start, start + timedelta(days - 1)))
        assert (found[0], [day.isoformat() for day in found[1]]) == (style, expected)

    @given(period=periods())
    def test_some_and_not_too_many_within_the_window(self, period):
        _, days = ticks(period)
        assert 1 <= len(days) <= MOST_TICKS
        assert days == sorted(set(days) & set(period))
