"""The answers' bytes are the same with and without orjson."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ErrorDetail

from analytics.metrics import rates
from analytics.renderers import JSONRenderer, fast_json, plain_json

counts = st.integers(0, 2**63 - 1)
instants = st.datetimes(timezones=st.just(UTC))
names = st.text(st.characters(exclude_categories=["Cs"]))
rows = st.fixed_dictionaries(
    {
        "campaign_id": st.uuids(),
        "campaign_name": names,
        "total_leads": counts,
        "open_rate": st.builds(
            lambda sent, opened: rates(sent, opened, 0, 0)[0],
            st.integers(0, 10**9),
            st.integers(0, 10**9),
        ),
        "created_at": instants,
        "date": st.dates(),
    }
)


@given(st.lists(rows))
def test_both_ways_write_the_same_bytes(answer):
    assert fast_json(answer) == plain_json(answer)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, b"0.0"),
        (0.0001, b"0.0001"),
        (2.0, b"2.0"),
        (1234567.8901, b"1234567.8901"),
        (2**63 - 1, b"9223372036854775807"),
        ("Grüße \u2028 🎉", '"Grüße \u2028 🎉"'.encode()),
        ('"\\/\b\f\n\r\t\x00\x1b\x7f', b'"\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001b\x7f"'),
        (UUID(int=1), b'"00000000-0000-0000-0000-000000000001"'),
        (date(1, 2, 3), b'"0001-02-03"'),
        (datetime(2024, 1, 15, 10, tzinfo=UTC), b'"2024-01-15T10:00:00Z"'),
        (datetime(1, 1, 1, tzinfo=UTC), b'"0001-01-01T00:00:00Z"'),
        (
            datetime(2024, 1, 15, 10, tzinfo=UTC) + timedelta(microseconds=250_000),
            b'"2024-01-15T10:00:00.250000Z"',
        ),
        (ErrorDetail("Given more than once.", code="invalid"), b'"Given more than once."'),
        (gettext_lazy("Name"), b'"Name"'),
        ({"a": [None, True]}, b'{"a":[null,true]}'),
    ],
    ids=repr,
)
def test_each_kind_of_value(value, written):
    assert (fast_json(value), plain_json(value)) == (written, written)


def test_nothing_is_written_for_no_data():
    assert JSONRenderer().render(None) == b""


def test_json_is_compact_and_keeps_the_order_of_its_fields():
    written = JSONRenderer().render({"b": 1, "a": [1, {"c": "ü"}]})
    assert written == '{"b":1,"a":[1,{"c":"ü"}]}'.encode()


@pytest.mark.parametrize("compact", [True, False])
@pytest.mark.parametrize("readable", [True, False])
def test_the_host_s_settings_for_json_change_nothing(settings, compact, readable):
    settings.REST_FRAMEWORK = {
        "COMPACT_JSON": compact,
        "UNICODE_JSON": readable,
        "STRICT_JSON": False,
        "DATETIME_FORMAT": "%d.%m.%Y",
        "COERCE_DECIMAL_TO_STRING": False,
    }
    data = {"name": "ü", "at": datetime(2024, 1, 15, tzinfo=UTC)}
    assert JSONRenderer().render(data) == '{"name":"ü","at":"2024-01-15T00:00:00Z"}'.encode()
