"""A page is cut where the list would be: the database rounds as the answers do."""

from itertools import product
from random import Random

import pytest
from django.db import connection

from analytics.metrics import rate
from analytics.sorting import Order, rounded_rate

# 32 divides each, so that a quotient may lie halfway between two of 4 decimals.
HALFWAY = (32, 64, 96, 160, 800, 4_000, 20_000, 20_032, 60_000)


def rounded(pairs):
    rows = ", ".join(f"({count}, {sent})" for count, sent in pairs)
    return _rounded(
        f"SELECT CAST(column1 AS bigint) AS c, CAST(column2 AS bigint) AS s FROM (VALUES {rows}) v"
    )


def _rounded(source):
    with connection.cursor() as cursor:
        # As reports do, with parameters.
        cursor.execute(f"SELECT {rounded_rate('c', 's')} FROM ({source}) p WHERE 1 = %s", [1])
        return [tenthousandths / 10_000 for (tenthousandths,) in cursor]


def answered(pairs):
    return [rate(count, sent) for count, sent in pairs]


@pytest.mark.django_db
class TestRoundedRate:
    @pytest.mark.parametrize("sent", HALFWAY)
    def test_of_every_count_up_to_twice_what_was_sent(self, sent):
        counts = (
            "WITH RECURSIVE counts (c) AS (SELECT CAST(0 AS bigint) UNION ALL "
            f"SELECT c + 1 FROM counts WHERE c < {2 * sent}) "
            f"SELECT c, CAST({sent} AS bigint) AS s FROM counts"
        )

        assert _rounded(counts) == [rate(count, sent) for count in range(2 * sent + 1)]

    def test_of_any_counts(self):
        random = Random(7)
        pairs = [(random.randrange(10**9), random.randrange(1, 10**7)) for _ in range(1_000)]
        pairs += [(random.randrange(10**13), 32 * random.randrange(1, 10**5)) for _ in range(1_000)]

        assert rounded(pairs) == answered(pairs)

    def test_of_nothing_sent(self):
        assert rounded([(0, 0), (7, 0)]) == [0, 0]

    def test_of_more_than_any_rate_without_an_error(self):
        pairs = list(product([10**13, 2**40 + 1], [1, 32]))

        assert rounded(pairs) == pytest.approx(answered(pairs), abs=0.0002)


@pytest.mark.parametrize("sort_by", ["", "id", "total_clicked", "click_rate", "clicked"])
def test_what_is_not_in_the_answer_can_not_be_sorted_by(sort_by):
    with pytest.raises(ValueError, match=f"can't be sorted by '{sort_by}'"):
        Order(sort_by=sort_by).key("sqlite", {"sent": "t.sent", "opened": "t.opened"})
