"""Lines of a file -> validated rows, without the commands around it."""

import contextlib
import io
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from campaigns.intake.columns import Columns, UnreadableFile
from campaigns.intake.lines import LONGEST_LINE, csv_reader, json_reader, lines_of, read_rows
from campaigns.intake.records import (
    CAMPAIGN_FIELDS,
    EVENT_FIELDS,
    REQUIRED_CAMPAIGN_FIELDS,
    REQUIRED_EVENT_FIELDS,
    ImportedCampaign,
    event_reader,
    imported_campaign,
    imported_campaign_of_text,
)
from campaigns.models import CampaignStatus, EventKind
from campaigns.recording import Event

ID = UUID("0b7c1a52-3a1e-4a53-9d0f-2f0d8a6d1c11")
OTHER_ID = UUID("c0ffee00-0000-4000-8000-000000000001")
KINDS = "sent, opened, replied, bounced, clicked, unsubscribed, complained, machine_opened"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
EVENT = Event(ID, "m1", EventKind.SENT, NOON)
HEADER = b"campaign_id,message_id,kind,occurred_at\n"
GOOD = f"{ID},m1,sent,2026-05-01T12:00:00Z".encode()
GOOD_JSON = (
    f'{{"campaign_id":"{ID}","message_id":"m1","kind":"sent","occurred_at":"2026-05-01T12:00Z"}}'
).encode()

Read = tuple[list[tuple[int, Any]], dict[int, str]]


def _read(lines: Any, read_values: Any, read_row: Callable[..., Any]) -> Read:
    refused: dict[int, str] = {}
    rows = read_rows(lines, read_values=read_values, read_row=read_row, refuse=refused.__setitem__)
    return list(rows), refused


def csv_events(data: bytes, ids: Iterable[UUID] = (ID,)) -> Read:
    lines = enumerate(lines_of(io.BytesIO(data)), start=1)
    reader = csv_reader(lines, Columns(fields=EVENT_FIELDS, required=REQUIRED_EVENT_FIELDS))
    return _read(lines, reader, event_reader(ids))


def json_events(data: bytes) -> Read:
    lines = enumerate(lines_of(io.BytesIO(data)), start=1)
    return _read(lines, json_reader(Columns(fields=EVENT_FIELDS)), event_reader([ID]))


def csv_campaigns(data: bytes) -> Read:
    lines = enumerate(lines_of(io.BytesIO(data)), start=1)
    reader = csv_reader(lines, Columns(fields=CAMPAIGN_FIELDS, required=REQUIRED_CAMPAIGN_FIELDS))
    return _read(lines, reader, imported_campaign_of_text)


def json_campaigns(data: bytes) -> Read:
    lines = enumerate(lines_of(io.BytesIO(data)), start=1)
    return _read(lines, json_reader(Columns(fields=CAMPAIGN_FIELDS)), imported_campaign)


def csv_event(**fields: str) -> bytes:
    values = {
        "campaign_id": str(ID),
        "message_id": "m1",
        "kind": "sent",
        "occurred_at": "2026-05-01T12:00:00Z",
    } | fields
    return HEADER + ",".join(values[name] for name in REQUIRED_EVENT_FIELDS).encode() + b"\n"


def json_event(**fields: str | None) -> bytes:
    """Each field as JSON text; None leaves it out."""
    values = {
        "campaign_id": f'"{ID}"',
        "message_id": '"m1"',
        "kind": '"sent"',
        "occurred_at": '"2026-05-01T12:00:00Z"',
    } | fields
    return json_line({name: value for name, value in values.items() if value is not None})


def json_line(values: dict[str, str]) -> bytes:
    pairs = (f'"{name}": {value}' for name, value in values.items())
    return f"{{{', '.join(pairs)}}}\n".encode()


class TestLines:
    @pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
    @pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
    def test_any_ending_and_byte_order_mark_is_taken(self, ending: bytes, mark: bytes) -> None:
        crlf = b"\r\n" if ending == b"\r\n" else b"\n"
        data = mark + HEADER.replace(b"\n", crlf) + GOOD + crlf + crlf + b" \t" + crlf + GOOD
        assert csv_events(data + ending) == ([(2, EVENT), (5, EVENT)], {})
        assert json_events(mark + GOOD_JSON + ending) == ([(1, EVENT)], {})

    def test_a_byte_order_mark_is_text_elsewhere(self) -> None:
        rows, refused = json_events(GOOD_JSON + b"\n\xef\xbb\xbf" + GOOD_JSON)
        assert rows == [(1, EVENT)]
        assert list(refused) == [2]

    def test_only_newlines_end_a_line(self) -> None:
        name = "a\x0b\x0c\x1c\x85\u2028b"
        data = HEADER + GOOD.replace(b"m1", name.encode()) + b"\nbad\n"
        rows, refused = csv_events(data)
        assert rows == [(2, EVENT._replace(message_id=name))]
        assert list(refused) == [3]

    def test_invalid_utf8_costs_its_own_line(self) -> None:
        bad = GOOD.replace(b"m1", b"m\xff1")
        assert csv_events(HEADER + GOOD + b"\n" + bad + b"\n" + GOOD) == (
            [(2, EVENT), (4, EVENT)],
            {3: "is not UTF-8 from byte 39 on"},
        )

    @pytest.mark.parametrize("extra", [1, LONGEST_LINE, LONGEST_LINE + 1, 3 * LONGEST_LINE])
    @pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
    def test_a_line_too_long_is_skipped_to_its_end(self, extra: int, mark: bytes) -> None:
        long = b"x" * (LONGEST_LINE + extra)
        reason = "is longer than 1,048,576 bytes"
        assert json_events(mark + long + b"\n" + GOOD_JSON) == ([(2, EVENT)], {1: reason})
        assert json_events(GOOD_JSON + b"\n" + long) == ([(1, EVENT)], {2: reason})

    @pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
    def test_a_line_of_the_greatest_length_is_read(self, mark: bytes) -> None:
        padded = GOOD_JSON + b" " * (LONGEST_LINE - len(GOOD_JSON) - 1) + b"\n"
        assert json_events(mark + padded + padded) == ([(1, EVENT), (2, EVENT)], {})

    def test_a_long_line_is_not_held(self) -> None:
        longest = max(len(line) for line in lines_of(io.BytesIO(b"x" * 5 * LONGEST_LINE)))
        assert longest <= LONGEST_LINE + 4


class TestCsv:
    def test_columns_come_in_any_order_beside_others(self) -> None:
        data = (
            "kind,note,occurred_at,message_id,note,campaign_id\n"
            f"sent,x,2026-05-01T12:00:00Z,m1,,{ID}\n"
        )
        assert csv_events(data.encode()) == ([(2, EVENT)], {})

    def test_quoted_fields_hold_commas_and_quotes(self) -> None:
        data = HEADER + f'"{ID}","a,""b""",sent,"2026-05-01T12:00:00Z"\n'.encode()
        assert csv_events(data) == ([(2, EVENT._replace(message_id='a,"b"'))], {})

    def test_the_header_may_be_quoted_and_follow_blank_lines(self) -> None:
        header = b'\n"campaign_id","message_id","kind","occurred_at"\r\n'
        assert csv_events(header + GOOD) == ([(3, EVENT)], {})

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            (f'{ID},"m1,sent,2026-05-01T12:00:00Z', "a quote is not closed on the line"),
            (f'{ID},"m1"x,sent,2026-05-01T12:00:00Z', "',' expected after '\"'"),
        ],
    )
    def test_a_stray_quote_costs_its_own_line(self, line: str, reason: str) -> None:
        assert csv_events(HEADER + line.encode() + b"\n" + GOOD) == (
            [(3, EVENT)],
            {2: f"is not CSV: {reason}"},
        )

    @pytest.mark.parametrize(("line", "count"), [(b"x", 1), (GOOD + b",", 5), (b",m,", 3)])
    def test_a_line_has_as_many_columns_as_the_header(self, line: bytes, count: int) -> None:
        reason = f"has {count} columns where the header has 4"
        assert csv_events(HEADER + line + b"\n") == ([], {2: reason})

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"", "there is no header line"),
            (b"\n \n", "there is no header line"),
            (GOOD + b"\n", "lacks the column campaign_id, message_id, kind, occurred_at"),
            (b"campaign_id,kind,occurred_at\n", "lacks the column message_id"),
            (b"kind," + HEADER, "has the column kind twice"),
            (b"kind,Kind ," + HEADER, "has the column kind twice"),
            (b"\x1f\x8b\x08\x00\x00\x00\x00\n", "it is compressed with gzip"),
            (b"PK\x03\x04\x14\x00", "it is a ZIP file or an Excel workbook"),
            (HEADER.decode().encode("utf-16"), "it is UTF-16; save it as UTF-8"),
            (HEADER.decode().encode("utf-32"), "it is UTF-32; save it as UTF-8"),
            (b"\xe9" + HEADER, "cannot be read: it is not UTF-8 from byte 1 on"),
            (b'campaign_id,"message_id\n', "cannot be read: it is not CSV: a quote is not"),
            (b"x" * (LONGEST_LINE + 1), "cannot be read: it is longer than"),
        ],
    )
    def test_a_header_that_says_too_little_ends_the_reading(self, data: bytes, reason: str) -> None:
        with pytest.raises(UnreadableFile, match=reason):
            csv_events(data)


class TestJsonLines:
    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            (b"{", "is not JSON: Expecting property name enclosed in double quotes at column 2"),
            (b"{} {}", "is not JSON: Extra data at column 4"),
            (b"[1]", "is an array, not a JSON object"),
            (b'"x"', "is text, not a JSON object"),
            (b"null", "is null, not a JSON object"),
            (b"true", "is a boolean, not a JSON object"),
            (b"1.5", "is a number, not a JSON object"),
            (b"[" * 100_000, "is JSON nested too deep"),
            (b"1" * 5_000, "holds a number with too many digits"),
            (b'{"message_id": NaN}', "is not JSON: NaN is no JSON value"),
            (b"-Infinity", "is not JSON: -Infinity is no JSON value"),
        ],
    )
    def test_what_is_no_object_costs_its_own_line(self, line: bytes, reason: str) -> None:
        assert json_events(line + b"\n" + GOOD_JSON) == ([(2, EVENT)], {1: reason})

    @pytest.mark.parametrize("field", REQUIRED_EVENT_FIELDS)
    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            (None, "is missing"),
            ("null", "is missing"),
            ('""', "is empty"),
            ("1", "is a number, not text"),
            ("1.5", "is a number, not text"),
            ("true", "is a boolean, not text"),
            ("[]", "is an array, not text"),
            ("{}", "is an object, not text"),
        ],
    )
    def test_each_field_is_text(self, field: str, value: str | None, reason: str) -> None:
        assert json_events(json_event(**{field: value})) == ([], {1: f"{field} {reason}"})

    def test_other_fields_are_ignored(self) -> None:
        assert json_events(json_event(note='{"deep": [1]}')) == ([(1, EVENT)], {})


class TestEvents:
    @pytest.mark.parametrize(
        "spelling", [str(ID).upper(), ID.hex, f"{{{ID}}}", f"urn:uuid:{ID}", ID.hex.upper()]
    )
    def test_a_campaign_id_has_many_spellings(self, spelling: str) -> None:
        assert csv_events(csv_event(campaign_id=spelling)) == ([(2, EVENT)], {})

    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            ("", "campaign_id is empty"),
            ("17", "campaign_id '17' is not a UUID"),
            (f" {ID}", f"campaign_id ' {ID}' is not a UUID"),
            ("1_" * 16, f"campaign_id '{'1_' * 16}' is not a UUID"),
            ("\u0661" * 32, "campaign_id '" + "\u0661" * 32 + "' is not a UUID"),
            ("x" * 99, f"campaign_id '{'x' * 50}'... is not a UUID"),
            (str(OTHER_ID), f"campaign_id '{OTHER_ID}' is not a campaign of this workspace"),
            (OTHER_ID.hex, f"campaign_id '{OTHER_ID.hex}' is not a campaign of this workspace"),
        ],
    )
    def test_a_campaign_id_is_one_of_the_workspace(self, value: str, reason: str) -> None:
        assert csv_events(csv_event(campaign_id=value)) == ([], {2: reason})

    @pytest.mark.parametrize("value", ["é" * 238, "\u202e", "a\tb", "\U0001f4e7"])
    def test_a_message_id_is_any_text(self, value: str) -> None:
        assert csv_events(csv_event(message_id=value)) == (
            [(2, EVENT._replace(message_id=value))],
            {},
        )

    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            ("a\0b", r"message_id 'a\x00b' holds a NUL character"),
            ("", "message_id is empty"),
            (" ", "message_id is empty"),
        ],
    )
    def test_a_message_id_fits_the_database(self, value: str, reason: str) -> None:
        assert csv_events(csv_event(message_id=value)) == ([], {2: reason})

    @pytest.mark.parametrize("half", [r"\ud800", r"\udc00", r"\ude00\ud83d"])
    def test_a_message_id_has_no_lone_surrogate(self, half: str) -> None:
        ((number, reason),) = json_events(json_event(message_id=f'"a{half}"'))[1].items()
        assert (number, reason) == (1, f"message_id 'a{half}' holds half a surrogate pair")

    def test_a_pair_of_surrogates_is_one_character(self) -> None:
        expected = EVENT._replace(message_id="\U0001f4e7")
        assert json_events(json_event(message_id=r'"\ud83d\udce7"')) == ([(1, expected)], {})

    @pytest.mark.parametrize("kind", list(EventKind))
    def test_each_kind_has_its_name(self, kind: EventKind) -> None:
        assert csv_events(csv_event(kind=kind.label)) == ([(2, EVENT._replace(kind=kind))], {})

    @pytest.mark.parametrize("value", ["Sent", "SENT", "delivered", "1", " sent"])
    def test_no_other_kind_is_known(self, value: str) -> None:
        reason = f"kind {value!r} is not one of {KINDS}"
        assert csv_events(csv_event(kind=value)) == ([], {2: reason})

    @pytest.mark.parametrize(
        "value",
        [
            "2026-05-01T12:00:00Z",
            "2026-05-01 12:00:00+00:00",
            "2026-05-01T14:00:00.000+02:00",
            "2026-05-01T00:30-11:30",
            "20260501T120000Z",
            "2026-W18-5T12Z",
        ],
    )
    def test_an_instant_has_any_offset(self, value: str) -> None:
        assert csv_events(csv_event(occurred_at=value)) == ([(2, EVENT)], {})

    def test_an_instant_is_exact_to_the_microsecond(self) -> None:
        ((_, event),), _ = csv_events(csv_event(occurred_at="0001-01-01T00:00:00.000001Z"))
        assert event.occurred_at == datetime(1, 1, 1, microsecond=1, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            ("", "is empty"),
            ("yesterday", "'yesterday' is not an ISO 8601 instant"),
            (
                "1777636800",
                "'1777636800' is a number, which may be of seconds or of milliseconds, and is not "
                "an ISO 8601 instant",
            ),
            ("2026-05-01x12:00:00Z", "'2026-05-01x12:00:00Z' is not an ISO 8601 instant"),
            ("2026-05-01x12:00 Z", "'2026-05-01x12:00 Z' is not an ISO 8601 instant"),
            ("2026-02-30T12:00:00Z", "'2026-02-30T12:00:00Z' is not an ISO 8601 instant"),
            ("2026-05-01T12:00:00Z ", "'2026-05-01T12:00:00Z ' is not an ISO 8601 instant"),
            ("2026-05-01", "'2026-05-01' is not an ISO 8601 instant"),
            ("2026-05-01T12:00:00", "'2026-05-01T12:00:00' has no offset from UTC"),
            (
                "0001-01-01T00:00:00+00:01",
                "'0001-01-01T00:00:00+00:01' is not within the years 1 to 9999",
            ),
            (
                "9999-12-31T23:59:59-00:01",
                "'9999-12-31T23:59:59-00:01' is not within the years 1 to 9999",
            ),
        ],
    )
    def test_anything_else_is_no_instant(self, value: str, reason: str) -> None:
        assert csv_events(csv_event(occurred_at=value)) == ([], {2: f"occurred_at {reason}"})

    def test_a_reason_is_one_line_fit_for_a_terminal(self) -> None:
        _, refused = csv_events(csv_event(kind="\x1b[2J\u202e"))
        assert refused == {2: rf"kind '\x1b[2J\u202e' is not one of {KINDS}"}


class TestCampaigns:
    def test_a_row_gives_every_field(self) -> None:
        data = (
            "id,name,status,total_leads,launched_at,created_at\n"
            f'{ID},"Spring, early",ACTIVE,0012,2026-05-01T14:00+02:00,2026-05-01T12:00Z\n'
        )
        values = {
            "name": "Spring, early",
            "status": CampaignStatus.ACTIVE,
            "total_leads": 12,
            "launched_at": NOON,
            "created_at": NOON,
        }
        assert csv_campaigns(data.encode()) == ([(2, ImportedCampaign(ID, values))], {})

    def test_blank_fields_give_nothing_but_that_it_was_never_launched(self) -> None:
        data = f"id,name,status,total_leads,launched_at,created_at\n{ID},A,DRAFT,,,\n"
        values = {"name": "A", "status": CampaignStatus.DRAFT, "launched_at": None}
        assert csv_campaigns(data.encode()) == ([(2, ImportedCampaign(ID, values))], {})
        line = (
            f'{{"id": "{ID}", "name": "A", "status": "DRAFT",'
            ' "total_leads": null, "launched_at": null, "created_at": null}'
        )
        assert json_campaigns(line.encode()) == ([(1, ImportedCampaign(ID, values))], {})

    def test_absent_fields_give_nothing(self) -> None:
        row = ImportedCampaign(ID, {"name": "A", "status": CampaignStatus.DRAFT})
        assert csv_campaigns(f"status,id,name\nDRAFT,{ID},A".encode()) == ([(2, row)], {})
        line = f'{{"id": "{ID}", "name": "A", "status": "DRAFT"}}'
        assert json_campaigns(line.encode()) == ([(1, row)], {})

    @pytest.mark.parametrize("missing", REQUIRED_CAMPAIGN_FIELDS)
    def test_a_header_has_the_required_columns(self, missing: str) -> None:
        header = ",".join(name for name in CAMPAIGN_FIELDS if name != missing)
        with pytest.raises(UnreadableFile, match=f"the header lacks the column {missing}"):
            csv_campaigns(header.encode())

    def test_a_header_has_an_optional_column_once(self) -> None:
        header = ",".join([*CAMPAIGN_FIELDS, "total_leads"])
        with pytest.raises(UnreadableFile, match="has the column total_leads twice"):
            csv_campaigns(header.encode())

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"id": '"x"'}, "id 'x' is not a UUID"),
            ({"id": "7"}, "id is a number, not text"),
            ({"name": '""'}, "name is empty"),
            ({"name": "null"}, "name is missing"),
            ({"name": r'"a\u0000"'}, r"name 'a\x00' holds a NUL character"),
            ({"name": r'"a\ud800"'}, r"name 'a\ud800' holds half a surrogate pair"),
            ({"name": f'"{"x" * 256}"'}, f"name '{'x' * 50}'... has 256 characters, 255 at most"),
            (
                {"status": '"active"'},
                "status 'active' is not one of DRAFT, ACTIVE, PAUSED, COMPLETED, FAILED",
            ),
            ({"status": "{}"}, "status is an object, not text"),
            ({"launched_at": "0"}, "launched_at is a number, not text"),
            ({"launched_at": "[]"}, "launched_at is an array, not text"),
            ({"launched_at": '"soon"'}, "launched_at 'soon' is not an ISO 8601 instant"),
            ({"created_at": "false"}, "created_at is a boolean, not text"),
            (
                {"created_at": '"2026-05-01T12:00:00"'},
                "created_at '2026-05-01T12:00:00' has no offset from UTC",
            ),
        ],
    )
    def test_a_bad_field_is_named(self, fields: dict[str, str], reason: str) -> None:
        values = {"id": f'"{ID}"', "name": '"A"', "status": '"DRAFT"'} | fields
        assert json_campaigns(json_line(values)) == ([], {1: reason})

    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            ("-1", "-1"),
            ("2147483648", "2147483648"),
            ("1.5", "1.5"),
            ("1e400", "inf"),
            ("true", "True"),
            ('"12"', "'12'"),
            ('""', "''"),
            ("[12]", "an array"),
            ("1" * 4000, "1" * 50),
        ],
    )
    def test_leads_are_a_json_integer(self, value: str, shown: str) -> None:
        line = f'{{"id": "{ID}", "name": "A", "status": "DRAFT", "total_leads": {value}}}'
        reason = f"total_leads {shown} is not a whole number from 0 to 2147483647"
        assert json_campaigns(line.encode()) == ([], {1: reason})

    @pytest.mark.parametrize(
        "value", ["-1", "1.5", "1e3", "1_000", "+1", " 1", "\u0661", "many", "1" * 5000]
    )
    def test_leads_in_csv_are_digits(self, value: str) -> None:
        data = f"id,name,status,total_leads\n{ID},A,DRAFT,{value}\n"
        rows, refused = csv_campaigns(data.encode())
        assert rows == []
        assert refused[2].startswith(f"total_leads {value[:50]!r}")

    @pytest.mark.parametrize("value", ["0", "2147483647"])
    def test_leads_have_their_range(self, value: str) -> None:
        ((_, row),), _ = csv_campaigns(
            f"id,name,status,total_leads\n{ID},A,DRAFT,{value}\n".encode()
        )
        assert row.values["total_leads"] == int(value)

    @pytest.mark.parametrize("value", ["500", "500.0", "500.00", "500."])
    def test_a_number_that_is_whole_is_whole(self, value: str) -> None:
        ((_, row),), _ = csv_campaigns(
            f"id,name,status,total_leads\n{ID},A,DRAFT,{value}\n".encode()
        )
        assert row.values["total_leads"] == 500
        line = f'{{"id": "{ID}", "name": "A", "status": "DRAFT", "total_leads": 500.0}}'
        ((_, row),), _ = json_campaigns(line.encode())
        assert row.values["total_leads"] == 500


def _one_line(data: bytes) -> bytes:
    return data.replace(b"\n", b"").replace(b"\r", b"")


LINES = st.lists(
    st.one_of(
        st.binary(max_size=60).map(_one_line),
        st.sampled_from([GOOD, GOOD_JSON, b'"', b'{"kind":[]}', b"\xef\xbb\xbf"]),
        st.tuples(st.sampled_from([GOOD, GOOD_JSON]), st.integers(0, 110), st.binary(max_size=2))
        .map(lambda cut: cut[0][: cut[1]] + cut[2] + cut[0][cut[1] + 1 :])
        .map(_one_line),
    ),
    max_size=12,
)


@given(LINES)
@example([b"\xef\xbb\xbf", b'"'])
@example([b",,", b'"",\x00', b'" "'])
def test_any_line_is_an_event_a_refusal_or_blank(lines: list[bytes]) -> None:
    # Of a row no more than empty cells, which a JSON Lines file has not, may be blank.
    for read, first, good, around in [
        (csv_events, HEADER, GOOD, ',"'),
        (json_events, b" \n", GOOD_JSON, ""),
    ]:
        rows, refused = read(first + b"\n".join(lines))
        numbers = {number for number, _ in rows}
        assert not numbers & refused.keys()
        table = str.maketrans("", "", around)
        blank = {
            number
            for number, line in enumerate(lines, 2)
            if not line.strip() or not line.decode(errors="replace").translate(table).strip()
        }
        assert numbers | refused.keys() | blank == set(range(2, len(lines) + 2))
        assert {number for number, line in enumerate(lines, 2) if line == good} <= numbers
        assert all("\n" not in reason and reason.isprintable() for reason in refused.values())


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_lack_a_header(data: bytes) -> None:
    for read in (csv_events, csv_campaigns, json_events, json_campaigns):
        with contextlib.suppress(UnreadableFile):
            read(data)
