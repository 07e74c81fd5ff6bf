"""The lines of a CSV or JSON Lines file, read as validated rows. The database is not needed here.

One record is one line: a quoted CSV field may hold commas and doubled quotes but no newline, so
that an unclosed quote costs its own line and not the rest of the file.
"""

import csv
import json
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, BinaryIO, Literal, NamedTuple, NoReturn, TypeVar
from uuid import UUID

from campaigns.intake.values import (
    ABSENT,
    Refused,
    choice,
    identifier,
    instant,
    json_type,
    needed,
    shown,
    text,
    whole_number,
)
from campaigns.models import Campaign, CampaignStatus, EventKind, Workspace
from campaigns.recording import Event, InvalidMessage, message_identity

Format = Literal["csv", "jsonl"]
Values = tuple[Any, ...]  # of a line, one per requested field; ABSENT where it has none
Row = TypeVar("Row")

LONGEST_LINE = 2**20
REQUIRED_EVENT_FIELDS = ("campaign_id", "message_id", "kind", "occurred_at")
EVENT_FIELDS = (*REQUIRED_EVENT_FIELDS, "recipient")
CAMPAIGN_FIELDS = ("id", "name", "status", "total_leads", "launched_at", "created_at")
REQUIRED_CAMPAIGN_FIELDS = CAMPAIGN_FIELDS[:3]

_LONGEST_NAME = Campaign.name.field.max_length or 0
_LONGEST_WORKSPACE_NAME = Workspace.name.field.max_length or 0
_KINDS = {kind.label: kind for kind in EventKind}
_STATUSES = {status.value: status for status in CampaignStatus}
_MOST_LEADS = 2**31 - 1
_WHOLE_NUMBER = re.compile(r"[0-9]{1,20}")
_BLANK = (None, "")
_CSV_REASONS = {"unexpected end of data": "a quote is not closed on the line"}


class UnreadableHeader(ValueError):
    """A CSV file whose header does not say where the fields are, so that none can be read."""


class ImportedCampaign(NamedTuple):
    """A line's campaign; ``values`` leaves out the optional fields that the line leaves out."""

    id: UUID
    values: dict[str, Any]


def lines_of(stream: BinaryIO) -> Iterator[bytes]:
    """Each line with its ending, after a byte order mark.

    A line longer than ``LONGEST_LINE`` bytes is cut, to a length that still exceeds it.
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
    read_values: Callable[[str], Values],
    read_row: Callable[[Values], Row],
    refuse: Callable[[int, str], None],
) -> Iterator[tuple[int, Row]]:
    """Each good line's number and row; each bad one's number and reason go to ``refuse``.

    Blank lines are skipped.
    """
    for number, line in lines:
        try:
            row = read_row(read_values(_decoded(line)))
        except Refused as reason:
            if line.strip():
                refuse(number, str(reason))
        else:
            yield number, row


def csv_reader(
    lines: Iterator[tuple[int, bytes]], *, fields: Sequence[str], required: Iterable[str]
) -> Callable[[str], Values]:
    """Read the header; return the function that reads the fields of a later line.

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
    number = len(columns)
    # After the last column comes ABSENT, for the fields that have no column.
    pick = itemgetter(*(columns.index(each) if each in columns else number for each in fields))

    def read(line: str) -> Values:
        cells: list[Any] = _csv_fields(line)
        if len(cells) != number:
            raise Refused(f"has {len(cells)} columns where the header has {number}")
        cells.append(ABSENT)
        values: Values = pick(cells)
        return values

    return read


def json_reader(*, fields: Sequence[str]) -> Callable[[str], Values]:
    """Return the function that reads the fields of a line."""

    def read(line: str) -> Values:
        value = _json_object(line).get
        return tuple([value(field, ABSENT) for field in fields])

    return read


def _json_object(line: str) -> dict[str, Any]:
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


def event_reader(campaign_ids: Iterable[UUID]) -> Callable[[Values], Event]:
    """Return the function that makes an event of the values of EVENT_FIELDS, if its campaign is
    one of these; it may be of any instant."""
    known = {str(campaign_id): campaign_id for campaign_id in campaign_ids}

    def event(values: Values) -> Event:
        campaign_id, message_id, kind, occurred_at, recipient = values
        return Event(
            _known_campaign(known, campaign_id),
            _identity(message_id, recipient),
            choice("kind", kind, _KINDS),
            instant("occurred_at", occurred_at),
        )

    return event


def _identity(message_id: Any, recipient: Any) -> str:
    if recipient is ABSENT or recipient in _BLANK:
        recipient = None
    elif type(recipient) is not str:
        raise Refused(f"recipient is {json_type(recipient)}, not text")
    try:
        return message_identity(message_id=needed("message_id", message_id), recipient=recipient)
    except InvalidMessage as reason:
        raise Refused(str(reason)) from None


def imported_campaign(values: Values) -> ImportedCampaign:
    """The campaign that the values of CAMPAIGN_FIELDS describe."""
    pk, name, status, leads, launched_at, created_at = values
    fields: dict[str, Any] = {
        "name": text("name", name, longest=_LONGEST_NAME),
        "status": choice("status", status, _STATUSES),
    }
    if leads not in (None, ABSENT):
        fields["total_leads"] = whole_number("total_leads", leads, most=_MOST_LEADS)
    if launched_at in _BLANK:
        fields["launched_at"] = None
    elif launched_at is not ABSENT:
        fields["launched_at"] = instant("launched_at", launched_at)
    if created_at not in (*_BLANK, ABSENT):
        fields["created_at"] = instant("created_at", created_at)
    return ImportedCampaign(identifier("id", pk), fields)


def imported_campaign_of_text(values: Values) -> ImportedCampaign:
    """The same from CSV, where a number is text and blank stands for none."""
    pk, name, status, leads, *instants = values
    if leads is not ABSENT:
        leads = int(leads) if _WHOLE_NUMBER.fullmatch(leads) else leads or None
    return imported_campaign((pk, name, status, leads, *instants))


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
