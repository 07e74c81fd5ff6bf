"""Windows that are often asked for."""

from datetime import date

import pytest

from analytics.dashboard.presets import presets


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (
            "2024-03-31",
            [
                ("7 days", "2024-03-25", "2024-03-31"),
                ("30 days", "2024-03-02", "2024-03-31"),
                ("90 days", "2024-01-02", "2024-03-31"),
                ("This month", "2024-03-01", "2024-03-31"),
                ("Last month", "2024-02-01", "2024-02-29"),
                ("12 months", "2023-04-01", "2024-03-31"),
            ],
        ),
        (
            "2024-02-29",
            [
                ("7 days", "2024-02-23", "2024-02-29"),
                ("30 days", "2024-01-31", "2024-02-29"),
                ("90 days", "2023-12-02", "2024-02-29"),
                ("This month", "2024-02-01", "2024-02-29"),
                ("Last month", "2024-01-01", "2024-01-31"),
                ("12 months", "2023-03-01", "2024-02-29"),
            ],
        ),
    ],
)
def test_they_end_today_but_for_the_last_month(today, expected):
    found = presets(date.fromisoformat(today))
    assert [
        (str(preset.label), preset.changes["from_date"], preset.changes["to_date"])
        for preset in found
    ] == expected
