import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.metrics import core_rates, rate

counts = st.integers(0, 2**63 - 1)


@pytest.mark.parametrize(
    ("count", "sent", "answer"),
    [
        (169, 498, 0.3394),
        (40, 498, 0.0803),
        (2, 498, 0.004),
        (1, 3, 0.3333),
        (2, 3, 0.6667),
        (0, 7, 0.0),
        (7, 7, 1.0),
        (9, 3, 3.0),
        (1, 20_001, 0.0),
        (1, 19_999, 0.0001),
        # Halves that a float holds exactly: to the even neighbour.
        (1, 32, 0.0312),
        (3, 32, 0.0938),
        (5, 32, 0.1562),
        (2**63 - 1, 1, float(2**63 - 1)),
    ],
)
def test_a_rate_has_four_decimals(count, sent, answer):
    assert rate(count, sent) == answer


@pytest.mark.parametrize("count", [0, 1, 2**63 - 1])
def test_a_rate_of_nothing_sent_is_zero(count):
    assert rate(count, 0) == 0.0


@given(count=counts, sent=counts)
def test_a_rate_is_always_a_number_near_the_quotient(count, sent):
    answer = rate(count, sent)
    assert type(answer) is float
    assert math.isfinite(answer)
    if sent:
        assert math.isclose(answer, count / sent, rel_tol=1e-15, abs_tol=0.00005000001)


realistic = st.integers(0, 2**32)


@given(count=realistic, sent=realistic | st.integers(1, 2**27).map(lambda n: 32 * n))
def test_a_rate_is_the_quotient_rounded(count, sent):
    assert rate(count, sent) == (round(count / sent, 4) if sent else 0.0)


@given(
    sent=realistic | st.integers(1, 2**27).map(lambda n: 32 * n), counts=st.tuples(*[realistic] * 3)
)
def test_the_core_rates_are_those_rates(sent, counts):
    assert core_rates(sent, *counts) == tuple(rate(count, sent) for count in counts)
