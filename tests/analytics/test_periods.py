from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.periods import (
    InvalidPeriod,
    Period,
    resolve,
    utc_today,
)

TODAY = date(2024, 3, 31)


def resolved(from_date=None, to_date=None, most_days=3653):
    return resolve(from_date=from_date, to_date=to_date, today=TODAY, most_days=most_days)


def refused(**asked):
    with pytest.raises(InvalidPeriod) as raised:
        resolved(**asked)
    assert str(raised.value) == raised.value.reason
    return raised.value.parameter, raised.value.reason


class TestPeriod:
    def test_has_both_its_ends_and_every_day_between_in_order(self):
        period = Period(date(2024, 2, 27), date(2024, 3, 1))
        assert list(period) == [
            date(2024, 2, 27),
            date(2024, 2, 28),
            date(2024, 2, 29),
            date(2024, 3, 1),
        ]
        assert len(period) == 4

    def test_may_be_one_day(self):
        assert list(Period(TODAY, TODAY)) == [TODAY]

    @pytest.mark.parametrize("day", [date.min, date.max])
    def test_may_be_at_either_end_of_time(self, day):
        assert list(Period(day, day)) == [day]

    def test_may_be_all_of_time(self):
        assert len(Period(date.min, date.max)) == 3_652_059

    def test_does_not_end_before_it_begins(self):
        with pytest.raises(InvalidPeriod) as raised:
            Period(date(2024, 1, 2), date(2024, 1, 1))
        assert raised.value.parameter == "from_date"
        assert raised.value.reason == "2024-01-02 is after the last day, 2024-01-01."

    @given(st.dates(max_value=date(9000, 1, 1)), st.integers(0, 500))
    def test_has_each_day_once(self, first, more):
        days = list(Period(first, first + timedelta(days=more)))
        assert days == [first + timedelta(days=n) for n in range(more + 1)]


class TestResolve:
    def test_nothing_given_is_the_90_days_that_end_today(self):
        assert resolved() == Period(date(2024, 1, 2), TODAY)
        assert len(resolved()) == 90

    def test_the_end_alone_is_the_90_days_that_end_there(self):
        assert resolved(to_date=date(2023, 3, 31)) == Period(date(2023, 1, 1), date(2023, 3, 31))

    def test_the_end_may_be_in_the_future(self):
        assert resolved(to_date=date.max) == Period(date(9999, 10, 3), date.max)

    def test_the_beginning_alone_is_from_there_to_today(self):
        assert resolved(from_date=date(2020, 1, 1)) == Period(date(2020, 1, 1), TODAY)
        assert resolved(from_date=TODAY) == Period(TODAY, TODAY)

    def test_both_are_what_is_given(self):
        first, last = date(2030, 1, 1), date(2030, 1, 31)
        assert resolved(from_date=first, to_date=last) == Period(first, last)

    def test_a_beginning_after_the_end_is_refused(self):
        assert refused(from_date=date(2024, 1, 2), to_date=date(2024, 1, 1)) == (
            "from_date",
            "2024-01-02 is after the last day, 2024-01-01.",
        )

    def test_a_beginning_in_the_future_is_refused_without_an_end(self):
        assert refused(from_date=date(2024, 4, 1)) == (
            "from_date",
            "2024-04-01 is after the last day, 2024-03-31.",
        )

    def test_as_many_days_as_there_may_be_are_answered_and_one_more_is_refused(self):
        assert len(resolved(from_date=date(2024, 3, 22), most_days=10)) == 10
        assert refused(from_date=date(2024, 3, 21), most_days=10) == (
            "from_date",
            "2024-03-21 to 2024-03-31 is 11 days; the most is 10.",
        )

    def test_ten_years_are_answered_however_many_leap_days_they_have(self):
        assert len(resolved(from_date=date(2014, 4, 1))) == 3653
        assert refused(from_date=date(2014, 3, 31))[0] == "from_date"

    def test_days_before_the_first_date_there_is_are_refused(self):
        earliest = date.min + timedelta(days=89)
        assert resolved(to_date=earliest) == Period(date.min, earliest)
        assert refused(to_date=earliest - timedelta(days=1)) == (
            "to_date",
            "The 90 days that end on 0001-03-30 begin before 0001-01-01.",
        )


def test_today_is_the_day_in_utc(settings):
    settings.TIME_ZONE = "Pacific/Kiritimati"
    before, today, after = datetime.now(UTC), utc_today(), datetime.now(UTC)
    assert before.date() <= today <= after.date()
