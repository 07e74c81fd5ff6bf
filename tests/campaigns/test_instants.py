"""Instants as databases, languages and mail write them, and those that could mean two."""

from datetime import UTC, datetime

import pytest

from campaigns.intake.instants import instant
from campaigns.intake.values import Refused

EIGHT = datetime(2024, 3, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-01 08:00:00+00",  # PostgreSQL
        "2024-03-01 09:00:00.000000+01",
        "2024-03-01 13:30:00+05:30",
        "2024-03-01 08:00:00+00:00",  # pandas
        "2024-03-01 08:00:00.000000000+00:00",
        "2024-03-01 08:00:00 +0000 UTC",  # Go
        "2024-03-01 09:00:00.000000001 +0100 CET m=+0.000012",
        "2024-03-01T08:00:00.000000000Z",
        "2024-03-01T08:00:00.000Z",  # JavaScript
        "Fri Mar 01 2024 09:00:00 GMT+0100 (Central European Standard Time)",
        "Fri, 01 Mar 2024 08:00:00 GMT",
        "2024-03-01t08:00:00z",  # RFC 3339
        "2024-03-01 08:00:00Z",
        "2024-03-01T08:00:00-00:00",
        "2024-02-29T23:59:60-08:00",
        "20240301T080000Z",  # ISO 8601
        "20240301T09+01",
        "2024-W09-5T08:00Z",
        "2024W095T0800Z",
        "2024-061T08:00:00Z",
        "2024061T080000Z",
        "2024-03-01T08:00:00,0Z",
        "2024-03-01T04:00\u221204:00",
        "2024-03-01T13:30:00+0530",
        "2024-03-01T13:45:00+05:45",
        "2024-02-29T24:00:00-08:00",
        "2024-03-01 08:00:00 UTC",  # Ruby, BigQuery
        "2024-03-01 09:00:00 +0100",
        "2024-03-01 13:30:00 +0530 IST",  # Go again, of a zone whose offset has half an hour
        "2024-03-01 08:00:00.5 +0000 +0000",
        "2024-03-01T08:00:00Z[Europe/Berlin]",  # Java, and JavaScript's Temporal
        "2024-03-01T08:00Z[UTC]",
        "2024-03-01T09:00:00+01:00[Europe/Berlin]",
        "2024-03-01T13:30:00.000000000+05:30[!Asia/Kolkata]",
    ],
)
def test_an_instant_in_every_clear_spelling_is_read(text):
    assert instant("at", text).replace(microsecond=0) == EIGHT


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-01T08:00:00",
        "2024-03-01 08:00",
        "2024-03-01",
        "03/01/2024 08:00",
        "01-03-2024 08:00:00 UTC",
        "1709280000",
        "1709280000000",
        "Mar 1, 2024 8:00 AM",
        "2024-03-01 08:00:00 CET",
        "2024-03-01T24:30:00Z",
        "2024-366T08:00:00X",
        "2023-366T08:00:00Z",
        "2024-03-01T08:00:61Z",
        "2024-03-01T08:60Z",
        "2024-03-01T08:60:00Z",
        "20240301T0860Z",
        "2024-03-01T08:00:00+01:60",
        "2024-03-01T08:00:00+0160",
        "2024-03-01T25:00:00Z",
        "2024-03-01T08:00:00+24:00",
        "2024-03-01T08:00:00+01:00[America/New_York]",  # which has another offset then
        "2024-07-01T09:00:00+01:00[Europe/Berlin]",
        "2024-03-01T09:00:00[Europe/Berlin]",
        "2024-03-01T08:00:00Z[Europe/Bonn]",
        "2024-03-01T08:00:00Z[../../etc/passwd]",
        "Fri Mar 01 08:00:00 UTC 2024",
        "\uff12\uff10\uff12\uff14-03-01T08:00:00Z",
        "0000-00-00 00:00:00+00",
        "45352.375",
        "NaT",
        "+002024-03-01T08:00:00.000Z",
        "infinity",
        "Fri, 01 Mar 2024 08:00:00",
    ],
)
def test_an_instant_that_could_mean_another_is_refused(text):
    with pytest.raises(Refused, match=r"has no offset|is not an ISO 8601 instant"):
        instant("at", text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2016-12-31t23:59:60z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("20161231T235960Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2017-01-01 00:59:60.5+01:00", datetime(2017, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)),
        ("2016-12-31T24:00:00Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2016-12-31 24:00:00+00", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2016-366T24:00Z", datetime(2017, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_leap_second_and_a_day_s_end_are_the_instant_that_follows(text, expected):
    assert instant("at", text) == expected


@pytest.mark.parametrize("text", ["9999-12-31T23:59:60Z", "9999-12-31T24:00:00Z"])
def test_what_follows_the_last_instant_is_refused(text):
    with pytest.raises(Refused, match="is not an ISO 8601 instant"):
        instant("at", text)
