"""The lines of a CSV or JSON Lines file, read as validated rows. The database is not needed here.

One record is one line: a quoted CSV field may hold commas and doubled quotes but no newline, so
that an unclosed quote costs its own line and not the rest of the file.
"""

import csv
import functools
import json
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, Literal, NamedTuple, NoReturn, TypeVar
from uuid import UUID

from campaigns.models import Campaign, CampaignStatus, EmailEvent, EventKind, Workspace
from campaigns.recording import Event
from campaigns.values import (
    Refused,
    choice,
    identifier,
    instant,
    json_type,
    shown,
    text,
    whole_number,
)

Format = Literal["csv", "jsonl"]
Record = dict[str, Any]
Row = TypeVar("Row")

LONGEST_LINE = 2**20
EVENT_FIELDS = ("campaign_id", "message_id", "kind", "occurred_at")
CAMPAIGN_FIELDS = ("id", "name", "status", "total_leads", "launched_at", "created_at")
REQUIRED_CAMPAIGN_FIELDS = CAMPAIGN_FIELDS[:3]

_LONGEST_MESSAGE_ID = EmailEvent.message_id.field.max_length or 0
_LONGEST_NAME = Campaign.name.field.max_length or 0
_LONGEST_WORKSPACE_NAME = Workspace.name.field.max_length or 0
_KINDS = {kind.label: kind for kind in EventKind}
_STATUSES = {status.value: status for status in CampaignStatus}
_MOST_LEADS = 2**31 - 1
_WHOLE_NUMBER = re.compile(r"[0-9]{1,20}")
_BLANK = (None, "")
_CSV_REASONS = {"unexpected end of data": "a quote is not closed on the line"}


class UnreadableHeader(ValueError):
    """Nothing of a CSV file can be read, for its header does not say where the fields are."""


class CampaignRow(NamedTuple):
    """A campaign as a line gives it; ``values`` lacks the optional fields that the line lacks."""

    id: UUID
    values: dict[str, Any]


def lines_of(stream: BinaryIO) -> Iterator[bytes]:
    """Each line with its ending, after a byte order mark.

    Of a line longer than ``LONGEST_LINE`` bytes only the start comes, still longer than that.
    """
    line = stream.readline(len(BOM_UTF8) + LONGEST_LINE + 1).removeprefix(BOM_UTF8)
    while line:
        yield line
        if len(line) > LONGEST_LINE:
            while line and not line.endswith(b"\n"):
                line = stream.readline(LONGEST_LINE)
        line = stream.readline(LONGEST_LINE + 1)


def read_rows(
    lines: Iterable[tuple[int, bytes]],
    *,
    read_record: Callable[[str], Record],
    read_row: Callable[[Record], Row],
    refuse: Callable[[int, str], None],
) -> Iterator[tuple[int, Row]]:
    """Each good line's number and row; each bad one's number and reason go to ``refuse``.

    Blank lines are skipped.
    """
    for number, line in lines:
        try:
            row = read_row(read_record(_decoded(line)))
        except Refused as reason:
            if line.strip():
                refuse(number, str(reason))
        else:
            yield number, row


def csv_reader(
    lines: Iterator[tuple[int, bytes]], *, fields: Iterable[str], required: Iterable[str]
) -> Callable[[str], Record]:
    """Take the header off the lines; answer the function that reads one of the others.

    Raises UnreadableHeader, which names what is missing.
    """
    header = next((line for _, line in lines if line.strip()), b"")
    if not header:
        raise UnreadableHeader("there is no header line")
    try:
        columns = _csv_fields(_decoded(header))
    except Refused as reason:
        raise UnreadableHeader(f"the header line cannot be read: it {reason}") from None
    if missing := [field for field in required if field not in columns]:
        raise UnreadableHeader(f"the header lacks the column {', '.join(missing)}")
    if doubled := [field for field in fields if columns.count(field) > 1]:
        raise UnreadableHeader(f"the header has the column {', '.join(doubled)} twice")
    return functools.partial(_csv_record, columns)


def json_record(line: str) -> Record:
    try:
        record = _JSON.decode(line)
    except json.JSONDecodeError as error:
        raise Refused(f"is not JSON: {error.msg} at column {error.colno}") from None
    except RecursionError:
        raise Refused("is JSON nested too deep") from None
    except Refused:
        raise
    except ValueError:
        raise Refused("holds a number with too many digits") from None
    if type(record) is not dict:
        raise Refused(f"is {json_type(record)}, not a JSON object")
    return record


def event_reader(campaign_ids: Iterable[UUID]) -> Callable[[Record], Event]:
    """The function that reads an event of one of these campaigns; its instant may lie anywhere."""
    known = {str(campaign_id): campaign_id for campaign_id in campaign_ids}

    def event(record: Record) -> Event:
        return Event(
            _known_campaign(known, record.get("campaign_id")),
            text("message_id", record.get("message_id"), longest=_LONGEST_MESSAGE_ID),
            choice("kind", record.get("kind"), _KINDS),
            instant("occurred_at", record.get("occurred_at")),
        )

    return event


def campaign_row(record: Record) -> CampaignRow:
    values: dict[str, Any] = {
        "name": text("name", record.get("name"), longest=_LONGEST_NAME),
        "status": choice("status", record.get("status"), _STATUSES),
    }
    if (leads := record.get("total_leads")) is not None:
        values["total_leads"] = whole_number("total_leads", leads, most=_MOST_LEADS)
    if "launched_at" in record:
        launched = record["launched_at"]
        values["launched_at"] = None if launched in _BLANK else instant("launched_at", launched)
    if (created := record.get("created_at")) not in _BLANK:
        values["created_at"] = instant("created_at", created)
    return CampaignRow(identifier("id", record.get("id")), values)


def campaign_row_of_text(record: Record) -> CampaignRow:
    """The same from a CSV record, where a number is text and blank stands for none."""
    leads = record.get("total_leads")
    if leads is not None:
        record["total_leads"] = int(leads) if _WHOLE_NUMBER.fullmatch(leads) else leads or None
    return campaign_row(record)


def workspace_name(name: str) -> str:
    """The name, if a workspace may have it; raises Refused."""
    return text("workspace", name, longest=_LONGEST_WORKSPACE_NAME)


def _decoded(line: bytes) -> str:
    if len(line) > LONGEST_LINE:
        raise Refused(f"is longer than {LONGEST_LINE:,} bytes")
    try:
        return line.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise Refused(f"is not UTF-8 from byte {error.start + 1} on") from None


def _csv_fields(line: str) -> list[str]:
    # Without a quote there is nothing for a CSV parser to do.
    if '"' not in line:
        return line.split(",")
    try:
        (fields,) = csv.reader([line], strict=True)
    except csv.Error as error:
        raise Refused(f"is not CSV: {_CSV_REASONS.get(str(error), error)}") from None
    return fields


def _csv_record(columns: list[str], line: str) -> Record:
    fields = _csv_fields(line)
    if len(fields) != len(columns):
        raise Refused(f"has {len(fields)} columns where the header has {len(columns)}")
    return dict(zip(columns, fields, strict=True))


def _known_campaign(known: dict[str, UUID], value: Any) -> UUID:
    try:
        return known[value]
    except (KeyError, TypeError):
        campaign_id = identifier("campaign_id", value)
    if str(campaign_id) not in known:
        raise Refused(f"campaign_id {shown(value)} is not a campaign of this workspace")
    return campaign_id


def _no_constant(name: str) -> NoReturn:
    raise Refused(f"is not JSON: {name} is no JSON value")


_JSON = json.JSONDecoder(parse_constant=_no_constant)
