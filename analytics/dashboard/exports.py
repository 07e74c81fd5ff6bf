"""The rows of a report as a file for spreadsheets."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from analytics.rows import csv_lines

# Without it Excel takes UTF-8 for the system's old code page.
_BYTE_ORDER_MARK = "\ufeff"


def csv_response(
    *, filename: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]
) -> StreamingHttpResponse:
    response = StreamingHttpResponse(
        _marked(csv_lines(columns, rows)), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = content_disposition_header(True, filename)
    return response


def _marked(lines: Iterable[str]) -> Iterator[str]:
    yield _BYTE_ORDER_MARK
    yield from lines
