"""The timeline as two charts, and numbers as text."""

from datetime import date, timedelta

import pytest
from django.utils import translation

from analytics.dashboard.figures import (
    count_text,
    rate_text,
    short_count,
    short_rate,
    timeline_charts,
)
from analytics.metrics import rate
from analytics.periods import Period


def drawn(*days, first="2024-03-01"):
    """The charts of consecutive days, each its (sent, opened, replied, bounced)."""
    start = date.fromisoformat(first)
    timeline = [
        {
            "date": start + timedelta(number),
            **dict(zip(("sent", "opened", "replied", "bounced"), day, strict=True)),
            "open_rate": rate(day[1], day[0]),
            "reply_rate": rate(day[2], day[0]),
            "bounce_rate": rate(day[3], day[0]),
        }
        for number, day in enumerate(days)
    ]
    period = Period(start, start + timedelta(len(days) - 1))
    return timeline_charts(timeline=timeline, period=period)


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
        assert (count_text(48320), rate_text(12.3456)) == ("48.320", "1.234,56%")


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


class TestCharts:
    def test_of_days(self):
        unit, (counts, rates) = drawn((120, 41, 9, 1), (0, 3, 0, 0), (80, 40, 2, 4))
        assert unit == "day"
        assert counts.legend == [
            ("sent", "Sent", "200"),
            ("opened", "Opened", "84"),
            ("replied", "Replied", "11"),
            ("bounced", "Bounced", "5"),
        ]
        assert rates.legend == [
            ("opened", "Open rate", "42.00%"),
            ("replied", "Reply rate", "5.50%"),
            ("bounced", "Bounce rate", "2.50%"),
        ]
        assert [mark.label for mark in counts.across] == ["0", "50", "100", "150"]
        assert [mark.label for mark in rates.across] == ["0%", "10%", "20%", "30%", "40%", "50%"]
        assert [mark.label for mark in counts.along] == ["Mar 1", "Mar 2", "Mar 3"]
        assert counts.slots == rates.slots
        assert counts.slots[0] == (
            0,
            "Fri 1 Mar 2024\n120 sent\n41 opened (34.17%)\n9 replied (7.50%)\n1 bounced (0.83%)",
        )
        assert counts.description == (
            "2024-03-01 to 2024-03-03, one point a day. "
            "The most of one day: 120 sent, 41 opened, 9 replied, 4 bounced."
        )
        assert rates.description == (
            "2024-03-01 to 2024-03-03, one point a day. "
            "The highest of one day: 50.00% opened, 7.50% replied, 5.00% bounced."
        )
        assert (counts.note, rates.note) == ("", "")

    def test_where_nothing_was_sent_there_is_no_rate_to_draw(self):
        _, (_, rates) = drawn((10, 5, 0, 0), (0, 3, 0, 0), (10, 0, 0, 0))
        assert [line.path for line in rates.lines] == [
            "M1 0.0h0M5 240.0h0",
            "M1 240.0h0M5 240.0h0",
            "M1 240.0h0M5 240.0h0",
        ]

    def test_a_point_of_weeks_pools_its_days(self):
        unit, (counts, _) = drawn(*[(1, 1, 0, 0)] * 7, *[(9, 2, 0, 0)] * 360, first="2024-03-04")
        assert (unit, len(counts.slots), counts.width) == ("week", 53, 106)
        assert counts.slots[1] == (
            2,
            "Mon 11 Mar 2024 to Sun 17 Mar 2024\n"
            "63 sent\n14 opened (22.22%)\n0 replied (0.00%)\n0 bounced (0.00%)",
        )

    def test_few_points_above_100_percent_are_marked_and_told(self):
        _, (_, rates) = drawn((10, 4, 0, 0), (1, 25, 0, 0), (0, 9, 0, 0), (10, 5, 0, 0))
        assert [mark.label for mark in rates.across] == ["0%", "20%", "40%", "60%", "80%", "100%"]
        assert [line.beyond for line in rates.lines] == ["M3 0h0", "", ""]
        assert rates.note == (
            "Above 100% at 1 of 3 points, marked at the top; the highest is 2,500.00%."
        )

    def test_where_most_points_are_above_100_percent_the_axis_holds_them(self):
        _, (_, rates) = drawn((10, 25, 0, 0), (0, 9, 0, 0), (0, 9, 0, 0))
        assert rates.across[-1].label == "250%"
        assert ([line.beyond for line in rates.lines], rates.note) == ([""] * 3, "")

    def test_of_nothing(self):
        _, (counts, rates) = drawn((0, 0, 0, 0))
        assert [mark.label for mark in counts.across] == ["0", "1", "2", "3", "4", "5"]
        assert rates.across[-1].label == "100%"
        assert counts.lines[0].path == "M1 240.0h0"
        assert rates.lines[0].path == ""
        assert counts.note == "Nothing happened in this time."
        assert rates.note == "Nothing was sent in this time."

    def test_coordinates_are_the_same_in_every_language(self):
        days = [(1234, 567, 89, 1), (4321, 765, 98, 2)]
        with translation.override("de"):
            _, (german, _) = drawn(*days)
        _, (english, _) = drawn(*days)
        assert german.lines == english.lines
        assert [mark.at for mark in german.along] == [mark.at for mark in english.along]
