"""Numbers and days as text."""

from datetime import date, timedelta

import pytest
from django.utils import translation

from analytics.dashboard.activity import Activity
from analytics.dashboard.figures import (
    Figure,
    count_change,
    count_text,
    kpi_figures,
    marks_along,
    rate_change,
    rate_text,
    short_count,
    short_rate,
    span_text,
)
from analytics.dashboard.timeaxis import points
from analytics.periods import Period
from tests.analytics.timelines import activity_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.00%"),
        (0.0001, "0.01%"),
        (0.29, "29.00%"),
        (0.3394, "33.94%"),
        (1.0, "100.00%"),
        (12.3456, "1,234.56%"),
    ],
)
def test_a_rate_is_told_with_all_of_its_decimals(value, text):
    assert rate_text(value) == text


def test_every_rate_is_told_exactly():
    for units in range(10_001):
        assert rate_text(units / 10_000) == f"{units // 100}.{units % 100:02}%"


def test_numbers_follow_the_readers_language():
    with translation.override("de"):
        assert (count_text(48320), rate_text(12.3456)) == ("48.320", "1.234,56\N{NO-BREAK SPACE}%")
    with translation.override("ar"):  # whose format in Django names no size of a group
        assert (count_text(999), count_text(1234567)) == ("999", "1.234.567")
        # Where text runs from right to left, the mark keeps the sign before its number.
        assert (count_change(3, 1), count_change(1, 3)) == ("\u200e+2", "\u200e−2")


@pytest.mark.parametrize(
    ("tick", "step", "text"),
    [
        (0, 5000, "0"),
        (15_000, 5000, "15k"),
        (800, 200, "800"),
        (3_000_000, 1_000_000, "3M"),
        (20 * 10**9, 5 * 10**9, "20B"),
        (10**16, 2 * 10**15, "10,000T"),
    ],
)
def test_the_ticks_of_counts_are_short(tick, step, text):
    assert short_count(tick, step) == text


@pytest.mark.parametrize(
    ("tick", "step", "text"),
    [
        (10_000, 2000, "100%"),
        (100, 50, "1.0%"),
        (50, 50, "0.5%"),
        (4, 2, "0.04%"),
        (200_000, 50_000, "2,000%"),
    ],
)
def test_the_ticks_of_rates_have_the_places_they_need(tick, step, text):
    assert short_rate(tick, step) == text


@pytest.mark.parametrize(
    ("count", "before", "text"),
    [
        (112, 100, "+12%"),
        (1, 20, "−95%"),
        (7, 4, "+3"),
        (1204, 0, "+1,204"),
        (0, 19, "−19"),
        (100, 100, "no change"),
        (0, 0, "no change"),
        (10_001, 10_000, "+less than 1%"),
        (2_000_000, 100, "+1,999,900%"),
    ],
)
def test_a_count_changes_in_percent_or_where_there_were_few_in_number(count, before, text):
    assert count_change(count, before) == text


@pytest.mark.parametrize(
    ("value", "before", "text"),
    [
        (0.3394, 0.3084, "+3.1 points"),
        (0.05, 0.0801, "−3.0 points"),
        (0.0004, 0.0, "no change"),
        (12.3456, 0.0, "+1,234.6 points"),
    ],
)
def test_a_rate_changes_in_points(value, before, text):
    assert rate_change(value, before) == text


def test_changes_follow_the_readers_language():
    with translation.override("de"):
        assert rate_change(0.3394, 0.3084).startswith("+3,1 ")


class TestKeyFigures:
    def test_each_with_its_change_since_the_window_before(self):
        activity = activity_of((200, 80, 10, 0), before=[(100, 30, 10, 2)])
        assert kpi_figures(activity, campaigns=3) == [
            Figure("Campaigns", "3"),
            Figure("Sent", "200", "+100%", "100"),
            Figure("Open rate", "40.00%", "+10.0 points", "30.00%"),
            Figure("Reply rate", "5.00%", "−5.0 points", "10.00%"),
            Figure("Bounce rate", "0.00%", "−2.0 points", "2.00%"),
        ]

    def test_a_rate_of_nothing_is_none_and_changes_from_none(self):
        before_it = activity_of((200, 80, 10, 0), before=[(0, 3, 0, 0)])
        assert kpi_figures(before_it, campaigns=3)[1:3] == [
            Figure("Sent", "200", "+200", "0"),
            Figure("Open rate", "40.00%"),
        ]
        since = activity_of((0, 3, 0, 0), before=[(200, 80, 10, 0)])
        assert kpi_figures(since, campaigns=3)[1:3] == [
            Figure("Sent", "0", "−100%", "200"),
            Figure("Open rate", "–"),
        ]

    def test_before_the_first_date_there_is_no_window(self):
        days = activity_of((2, 1, 0, 0)).days
        activity = Activity(Period(date.min, date.min), days, [])
        assert kpi_figures(activity, campaigns=0)[1] == Figure("Sent", "2")


def test_days_are_told_with_their_weekday():
    day = date(2024, 3, 11)
    assert span_text(Period(day, day)) == "Mon 11 Mar 2024"
    week = Period(day, day + timedelta(6))
    assert span_text(week) == "Mon 11 Mar 2024 to Sun 17 Mar 2024"


@pytest.mark.parametrize(
    ("days", "labels"), [(3, ["Mar 1", "Mar 2", "Mar 3"]), (4000, ["2020", "2022", "2024"])]
)
def test_the_time_axis_has_short_labels(days, labels):
    period = Period(date(2024, 3, 3) - timedelta(days - 1), date(2024, 3, 3))
    marks = marks_along(period, points(period, "day"))
    assert [mark.label for mark in marks][-3:] == labels
    with translation.override("de"):
        assert [mark.at for mark in marks_along(period, points(period, "day"))] == [
            mark.at for mark in marks
        ]
