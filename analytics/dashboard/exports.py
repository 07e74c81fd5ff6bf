"""CSV for spreadsheets: the rows of a report as they are, safe to open."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from analytics.spelling import as_text

# The name comes first and in quotes: a spreadsheet that splits at semicolons then still takes
# whatever stands in it for one text. Further on in the line it would see the quotes as letters.
CAMPAIGN_COLUMNS = (
    "campaign_name",
    "status",
    "total_leads",
    "total_sent",
    "total_opened",
    "total_replied",
    "total_bounced",
    "open_rate",
    "reply_rate",
    "bounce_rate",
    "created_at",
    "campaign_id",
)
TIMELINE_COLUMNS = (
    "date",
    "sent",
    "opened",
    "replied",
    "bounced",
    "open_rate",
    "reply_rate",
    "bounce_rate",
)
# With these, also full-width, a text is a formula; after a line break or tab some skip to the next.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Without it Excel takes UTF-8 for the system's old code page.
_BYTE_ORDER_MARK = "\ufeff"


class _Line:
    def write(self, text: str) -> str:
        return text


def csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """UTF-8 with its mark, commas, CRLF; texts quoted, numbers as in the API, nothing localized.

    A text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    writer = csv.writer(_Line(), quoting=csv.QUOTE_NONNUMERIC)
    yield _BYTE_ORDER_MARK + writer.writerow(columns)
    for row in rows:
        yield writer.writerow([cell(row[column]) for column in columns])


def cell(value: object) -> str | int | float:
    if isinstance(value, int | float):
        return value
    text = as_text(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_response(
    *, filename: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]
) -> StreamingHttpResponse:
    response = StreamingHttpResponse(
        csv_lines(columns, rows), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = content_disposition_header(True, filename)
    return response
