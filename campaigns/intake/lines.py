"""The lines of a CSV or JSON Lines file, read as the values of the fields that are asked for.

One record is one line, whether it ends with LF, CR LF or CR alone: a quoted CSV field may hold
separators and doubled quotes but no line end, so that an unclosed quote costs its own line and not
the rest of the file.
"""

import csv
import json
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import Any, BinaryIO, Literal, NoReturn, TypeVar

from campaigns.intake.columns import Columns, UnreadableFile
from campaigns.intake.values import ABSENT, Refused, json_type

Format = Literal["csv", "jsonl"]
Values = tuple[Any, ...]  # of a line, one per requested field; ABSENT where it has none
Row = TypeVar("Row")

LONGEST_LINE = 2**20
_CHUNK = 2**18
_UTF_16 = "it is UTF-16; save it as UTF-8"
_OTHER_FILES = {
    BOM_UTF32_LE: "it is UTF-32; save it as UTF-8",
    BOM_UTF32_BE: "it is UTF-32; save it as UTF-8",
    BOM_UTF16_LE: _UTF_16,
    BOM_UTF16_BE: _UTF_16,
    b"\x1f\x8b": "it is compressed with gzip; unpack it first",
    b"BZh": "it is compressed with bzip2; unpack it first",
    b"\xfd7zXZ\0": "it is compressed with xz; unpack it first",
    b"\x28\xb5\x2f\xfd": "it is compressed with zstd; unpack it first",
    b"\xd0\xcf\x11\xe0": "it is an Excel workbook; save it as CSV",
    b"PK\x03\x04": "it is a ZIP file or an Excel workbook; save it as CSV, or unpack it first",
}
_DELIMITERS = ",;\t|"
_EXCEL_SEPARATOR = re.compile(rb"\"?sep=([,;\t|])\"?[\r\n]*")
_CSV_REASONS = {"unexpected end of data": "a quote is not closed on the line"}


def lines_of(stream: BinaryIO) -> Iterator[bytes]:
    """Each line with its ending, after a byte order mark.

    A line longer than ``LONGEST_LINE`` bytes is cut, to a length that still exceeds it. Raises
    UnreadableFile, which names what else the file is.
    """
    rest = stream.read(_CHUNK)
    for start, reason in _OTHER_FILES.items():
        if rest.startswith(start):
            raise UnreadableFile(reason)
    if _is_unmarked_utf_16(rest[:8]):
        raise UnreadableFile(_UTF_16)
    rest = rest.removeprefix(BOM_UTF8)
    while rest:
        lines = rest.splitlines(keepends=True)
        # It may go on; and LF after CR ends the same line.
        rest = lines.pop()
        if lines:
            lines[0] = lines[0][: LONGEST_LINE + 1]
        yield from lines
        chunk = stream.read(_CHUNK)
        if not chunk:
            yield rest[: LONGEST_LINE + 1]
        elif len(rest) > LONGEST_LINE and not rest.endswith((b"\r", b"\n")):
            rest = rest[: LONGEST_LINE + 1]
        rest = rest + chunk if chunk else b""


def _is_unmarked_utf_16(start: bytes) -> bool:
    """Whether every other byte is NUL, as in UTF-16 that has no byte order mark; one NUL alone
    damages a line and not the file."""
    pairs = {
        (not first, not second) for first, second in zip(start[::2], start[1::2], strict=False)
    }
    return pairs in ({(True, False)}, {(False, True)})


class _NoCells(Refused):
    """A row of a spreadsheet without anything in it."""


def read_rows(
    lines: Iterable[tuple[int, bytes]],
    *,
    read_values: Callable[[str], Values],
    read_row: Callable[[Values], Row | None],
    refuse: Callable[[int, str], None],
) -> Iterator[tuple[int, Row]]:
    """Each good line's number and row; each bad one's number and reason go to ``refuse``.

    Blank lines and rows are skipped, and those of which ``read_row`` makes nothing.
    """
    for number, line in lines:
        try:
            row = read_row(read_values(_decoded(line)))
        except Refused as reason:
            if line.strip() and not isinstance(reason, _NoCells):
                refuse(number, str(reason))
        else:
            if row is not None:
                yield number, row


def csv_reader(lines: Iterator[tuple[int, bytes]], columns: Columns) -> Callable[[str], Values]:
    """Read the header; return the function that reads the fields of a later line.

    The separator is the one that Excel's own first line names, else the one by which the header
    has the most columns. Raises UnreadableFile, which names what is missing.
    """
    header = _next_line(lines)
    if told := _EXCEL_SEPARATOR.fullmatch(header):
        header = _next_line(lines)
    if not header:
        raise UnreadableFile("there is no header line")
    try:
        line = _decoded(header)
        delimiters = told[1].decode() if told else _DELIMITERS
        by_delimiter = {each: _quoted(line, each) for each in delimiters if each in line}
        names = max(by_delimiter.values(), key=len, default=[line])
    except Refused as reason:
        raise UnreadableFile(f"the header line cannot be read: it {reason}") from None
    delimiter = next((each for each, found in by_delimiter.items() if found is names), ",")
    number = len(names)
    # After the last column comes ABSENT, for the fields that have no column.
    places = columns.places(names)
    pick = itemgetter(*(number if place is None else place for place in places))

    def read(line: str) -> Values:
        # Without a quote there is nothing for a CSV parser to do.
        cells: list[Any] = line.split(delimiter) if '"' not in line else _quoted(line, delimiter)
        if not cells[0].strip() and not any(map(str.strip, cells)):
            raise _NoCells
        if len(cells) != number:
            raise Refused(f"has {len(cells)} columns where the header has {number}")
        cells.append(ABSENT)
        values: Values = pick(cells)
        return values

    return read


def _next_line(lines: Iterable[tuple[int, bytes]]) -> bytes:
    return next((line for _, line in lines if line.strip()), b"")


def json_reader(columns: Columns) -> Callable[[str], Values]:
    """Return the function that reads the fields of a line, each of which has its own names."""
    known: dict[tuple[str, ...], list[str | None]] = {}

    def read(line: str) -> Values:
        record = _json_object(line)
        names = tuple(record)
        keys = known.get(names)
        if keys is None:
            keys = [None if place is None else names[place] for place in _places(columns, names)]
            if len(known) < _MOST_SHAPES:
                known[names] = keys
        return tuple([ABSENT if key is None else record[key] for key in keys])

    return read


_MOST_SHAPES = 1000  # of objects that are remembered


def _places(columns: Columns, names: tuple[str, ...]) -> list[int | None]:
    try:
        return columns.places(names, complete=False)
    except UnreadableFile as reason:
        raise Refused(str(reason)) from None


def json_value(text: str) -> Any:
    """The JSON value that a text is, strictly; raises Refused."""
    try:
        return _JSON.decode(text)
    except json.JSONDecodeError as error:
        raise Refused(f"is not JSON: {error.msg} at column {error.colno}") from None
    except RecursionError:
        raise Refused("is JSON nested too deep") from None
    except Refused:
        raise
    except ValueError:
        raise Refused("holds a number with too many digits") from None


def _json_object(line: str) -> dict[str, Any]:
    record = json_value(line)
    if type(record) is not dict:
        raise Refused(f"is {json_type(record)}, not a JSON object")
    return record


def _decoded(line: bytes) -> str:
    if len(line) > LONGEST_LINE:
        raise Refused(f"is longer than {LONGEST_LINE:,} bytes")
    try:
        return line.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise Refused(f"is not UTF-8 from byte {error.start + 1} on") from None


def _quoted(line: str, delimiter: str) -> list[str]:
    try:
        (fields,) = csv.reader([line], strict=True, delimiter=delimiter)
    except csv.Error as error:
        raise Refused(f"is not CSV: {_CSV_REASONS.get(str(error), error)}") from None
    return fields


def _no_constant(name: str) -> NoReturn:
    raise Refused(f"is not JSON: {name} is no JSON value")


_JSON = json.JSONDecoder(parse_constant=_no_constant)
