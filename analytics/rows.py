"""The rows of a report as CSV: the dashboard's files and the API's ``text/csv``."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from analytics.metrics import CORE_METRICS, Metric, optional_metrics
from analytics.spelling import as_text

# With these, also full-width, a text is a formula; after a line break or tab some skip to the next.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def campaign_columns(metrics: Sequence[str] = ()) -> tuple[str, ...]:
    """The fields of a campaign, the name first and in quotes.

    A spreadsheet that splits at semicolons then still takes whatever stands in it for one text.
    Further on in the line it would see the quotes as letters.
    """
    totals = [metric.total for metric in _answered(metrics)]
    first = ("campaign_name", "status", "total_leads")
    return (*first, *totals, *_rates(metrics), "created_at", "campaign_id")


def timeline_columns(metrics: Sequence[str] = ()) -> tuple[str, ...]:
    return ("date", *(metric.kind for metric in _answered(metrics)), *_rates(metrics))


def _answered(metrics: Sequence[str]) -> tuple[Metric, ...]:
    return CORE_METRICS + optional_metrics(metrics)


def _rates(metrics: Sequence[str]) -> list[str]:
    return [metric.rate for metric in _answered(metrics) if metric.rate]


class _Line:
    def write(self, text: str) -> str:
        return text


def csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """UTF-8, commas, CRLF; texts quoted, numbers as in the API, nothing localized.

    A text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    writer = csv.writer(_Line(), quoting=csv.QUOTE_NONNUMERIC)
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow([cell(row[column]) for column in columns])


def cell(value: object) -> str | int | float:
    if isinstance(value, int | float):
        return value
    text = as_text(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
