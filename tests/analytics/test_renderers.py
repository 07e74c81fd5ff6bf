"""The answers' bytes: the contract's, and the same with and without orjson."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ErrorDetail

from analytics.api.rendering import JSONRenderer, fast_json, plain_json
from analytics.metrics import rate

counts = st.integers(0, 2**63 - 1)
sent = st.integers(0, 10**12)
rows = st.fixed_dictionaries(
    {
        "campaign_id": st.uuids(),
        "campaign_name": st.text(st.characters(exclude_categories=["Cs"])),
        "total_leads": counts,
        "rate": st.builds(rate, sent, sent),
        "created_at": st.datetimes(timezones=st.just(UTC)),
        "date": st.dates(),
    }
)


def rendered(data):
    return JSONRenderer().render(data, "application/json", {"indent": 4})


@given(st.lists(rows))
def test_the_bytes_are_the_same_with_and_without_orjson(answer):
    assert fast_json(answer) == plain_json(answer)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.3394, "0.3394"),
        (0.0, "0.0"),
        (2**63 - 1, "9223372036854775807"),
        (None, "null"),
        (True, "true"),
        ([], "[]"),
        ("Grüße \U0001f4e7", '"Grüße \U0001f4e7"'),
        ('a"b\\c/\b\f\n\r\t\x00\x1b\x7f', '"a\\"b\\\\c/\\b\\f\\n\\r\\t\\u0000\\u001b\x7f"'),
        ("\u2028", '"\u2028"'),
        (date(2024, 1, 15), '"2024-01-15"'),
        (datetime(2024, 1, 15, 10, tzinfo=UTC), '"2024-01-15T10:00:00Z"'),
        (datetime(2024, 1, 15, 10, 0, 0, 1, tzinfo=UTC), '"2024-01-15T10:00:00.000001Z"'),
        (UUID(int=255), '"00000000-0000-0000-0000-0000000000ff"'),
        (gettext_lazy("January"), '"January"'),
        (ErrorDetail("wrong", code="invalid"), '"wrong"'),
    ],
)
def test_each_value_as_json(value, text):
    assert (plain_json(value), fast_json(value)) == (text.encode(), text.encode())


def test_an_instant_of_another_zone_is_brought_to_utc():
    instant = datetime(2024, 1, 15, tzinfo=timezone(timedelta(hours=2)))
    assert plain_json(instant) == b'"2024-01-14T22:00:00Z"'


def test_no_data_is_no_body():
    assert rendered(None) == b""


def test_json_is_compact_and_keeps_the_order_of_its_fields():
    assert rendered({"b": 1, "a": [1, {"c": "ü"}]}) == '{"b":1,"a":[1,{"c":"ü"}]}'.encode()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_has_no_number_for_is_an_error(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        plain_json([value])


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
    assert rendered(data) == '{"name":"ü","at":"2024-01-15T00:00:00Z"}'.encode()
    assert json.loads(rendered(data)) == {"name": "ü", "at": "2024-01-15T00:00:00Z"}
