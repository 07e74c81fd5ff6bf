"""Damaged files through ``import_events``: each ends with a clear report and exact totals."""

import gzip
import json
import re
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.core.management import CommandError
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from campaigns.models import EmailEvent, EventKind
from tests.commands import run
from tests.factories import CampaignFactory
from tests.recount import assert_totals_exact

ID = UUID("0b7c1a52-3a1e-4a53-9d0f-2f0d8a6d1c11")
FIELDS = ("campaign_id", "message_id", "kind", "occurred_at")
ROWS = [(str(ID), f"m{n}", "sent", f"2026-05-0{n}T12:00:00Z") for n in range(1, 5)]
HEADER = ",".join(FIELDS).encode() + b"\n"
LINES = [",".join(row).encode() + b"\n" for row in ROWS]
CSV = HEADER + b"".join(LINES)
JSON_LINES = [json.dumps(dict(zip(FIELDS, row, strict=True))).encode() + b"\n" for row in ROWS]
JSONL = b"".join(JSON_LINES)
SUMMARY = re.compile(r"events: (\d+) new, (\d+) moved earlier, (\d+) known; (\d+) lines? refused\n")
LONG = b"x" * 10_000_000


def field(name: str, value: bytes) -> bytes:
    """The first line of JSONL with the value of a field as JSON text."""
    was = json.dumps(dict(zip(FIELDS, ROWS[0], strict=True))[name]).encode()
    return JSON_LINES[0].replace(was, value)


def imported(path, data: bytes):
    """Import; the numbers of new events and refused lines, once all that was told is checked."""
    path.write_bytes(data)
    ended = run("import_events", "acme", path)
    new, moved, known, refused = map(int, SUMMARY.fullmatch(ended.out).groups())
    told = [line for line in ended.err.splitlines() if not line.startswith("columns not used: ")]
    assert ended.status == bool(refused)
    assert len(told) == refused
    assert all(re.fullmatch(r"line \d+: .{1,300}", line) and line.isprintable() for line in told)
    assert EmailEvent.objects.count() == new
    assert_totals_exact()
    return new, moved + known, refused


@pytest.fixture
def campaign(db):
    return CampaignFactory(workspace__name="acme", id=ID)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (CSV, (4, 0, 0)),
        (b"\xef\xbb\xbf" + CSV.replace(b"\n", b"\r\n"), (4, 0, 0)),
        (CSV[:-1], (4, 0, 0)),
        (CSV[:-9], (3, 0, 1)),  # cut off within the last line
        (CSV + CSV[len(HEADER) :], (4, 4, 0)),
        (CSV + HEADER, (4, 0, 1)),
        (CSV.replace(b"m2", b"\xe9\xe8"), (3, 0, 1)),  # Latin-1
        (CSV.replace(b"m2", b'"m2'), (3, 0, 1)),
        (CSV.replace(b"m2", b'"m""2"'), (4, 0, 0)),
        (CSV.replace(b"m2", b"m\x002"), (3, 0, 1)),
        (CSV.replace(b"m2", LONG), (3, 0, 1)),
        (CSV + LONG, (4, 0, 1)),
        (CSV.replace(b"2026-05-02T12:00:00Z", b"nan"), (3, 0, 1)),
        (CSV.replace(b"2026-05-02T12:00:00Z", b"9" * 5000), (3, 0, 1)),
        (CSV.replace(b"sent", b"2", 2), (2, 0, 2)),
    ],
    ids=lambda value: None if isinstance(value, tuple) else f"{value[-12:]!r}",
)
def test_a_damaged_csv_file(campaign, tmp_path, data, told):
    assert imported(tmp_path / "events.csv", data) == told


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (JSONL, (4, 0, 0)),
        (b"\xef\xbb\xbf" + JSONL.replace(b"\n", b"\r\n"), (4, 0, 0)),
        (JSONL[:-9], (3, 0, 1)),
        (b"\0" + JSONL, (3, 0, 1)),
        (JSONL[:1] + b"\0" + JSONL[1:], (3, 0, 1)),
        (JSONL + b"[" * 500_000 + b"\n", (4, 0, 1)),
        (JSONL + b'{"a":' * 200_000 + b"\n", (4, 0, 1)),
        (JSONL + b"9" * 100_000, (4, 0, 1)),
        (JSONL + field("message_id", b"NaN"), (4, 0, 1)),
        (JSONL + field("message_id", b"1e999"), (4, 0, 1)),
        (JSONL + field("occurred_at", b"9" * 4000), (4, 0, 1)),
        (JSONL + field("kind", b'{"a": [1]}'), (4, 0, 1)),
        (JSONL + field("kind", b'"sent", "kind": "opened"'), (5, 0, 0)),  # JSON: the last counts
        (JSONL + LONG + b"\n" + JSON_LINES[0], (4, 1, 1)),
        (JSONL.decode().encode("latin-1").replace(b"m3", b"\xff"), (3, 0, 1)),
        (CSV, (0, 0, 5)),
    ],
    ids=lambda value: None if isinstance(value, tuple) else f"{value[-12:]!r}",
)
def test_a_damaged_json_lines_file(campaign, tmp_path, data, told):
    assert imported(tmp_path / "events.jsonl", data) == told


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "there is no header line"),
        (gzip.compress(CSV, mtime=0), "it is compressed with gzip; unpack it first"),
        (CSV.decode().encode("utf-16"), "it is UTF-16; save it as UTF-8"),
        (HEADER, "nothing was read"),
        (HEADER + b"\n \n\n", "nothing was read"),
        (CSV.decode().encode("utf-16-le"), "it is UTF-16; save it as UTF-8"),
        (JSONL, "lacks the column|cannot be read"),
        (b"kind," + CSV, "has the column kind twice"),
        (HEADER[:-9], "lacks the column occurred_at"),
        (LONG, "longer than"),
        (b'"' + CSV, "cannot be read"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_csv_file_without_a_header_to_go_by_ends_at_once(campaign, tmp_path, data, reason):
    path = tmp_path / "events.csv"
    path.write_bytes(data)
    with pytest.raises(CommandError, match=reason) as ended:
        run("import_events", "acme", path)
    assert str(ended.value).isprintable()
    assert not EmailEvent.objects.exists()


def damage(draw, data: bytes) -> bytes:
    """The file with some of it cut, repeated, or overwritten."""
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 80)))
        put = draw(
            st.sampled_from(
                [b"", data[start:end] * 2, b"\n", b'"', b"\r\n", b"\xff", b"\x00", b","]
            )
            | st.binary(max_size=5)
        )
        data = data[:start] + put + data[end:]
    return data


class AnyDamage(TestCase):
    @settings(max_examples=120)
    @given(data=st.data(), ending=st.sampled_from(["csv", "jsonl"]))
    def test_what_is_told_is_what_is_stored(self, data, ending):
        CampaignFactory(workspace__name="acme", id=ID)
        good = damage(data.draw, b"".join(LINES) if ending == "csv" else JSONL)
        whole = HEADER + good if ending == "csv" else good
        path = self.folder / f"events.{ending}"
        lines = [line for line in good.splitlines() if line.strip()]
        # A row of no more than empty cells is blank, which a JSON Lines file has not.
        cells = str.maketrans("", "", ',"' if ending == "csv" else "")
        full = [line for line in lines if line.decode(errors="replace").translate(cells).strip()]
        try:
            new, known, refused = imported(path, whole)
        except CommandError as error:
            if "nothing was read" not in str(error):
                raise
            new = known = refused = 0
        assert len(full) <= new + known + refused <= len(lines)
        assert new >= len(set(lines) & {line.rstrip() for line in LINES + JSON_LINES})

    @pytest.fixture(autouse=True)
    def in_folder(self, tmp_path):
        self.folder = tmp_path


def test_the_good_lines_are_the_events(campaign, tmp_path):
    imported(tmp_path / "events.csv", CSV.replace(b"m2", b"\xff"))
    assert set(EmailEvent.objects.values_list("message_id", "kind", "occurred_at")) == {
        (f"m{n}", EventKind.SENT, datetime(2026, 5, n, 12, tzinfo=UTC)) for n in (1, 3, 4)
    }
