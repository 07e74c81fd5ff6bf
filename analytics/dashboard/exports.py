"""The rows of a report as a file for spreadsheets."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import gettext as _

from analytics import reports
from analytics.dashboard.filters import DashboardFilter
from analytics.rows import campaign_columns, csv_lines, timeline_columns
from campaigns.models import Campaign

# Without it Excel takes UTF-8 for the system's old code page.
_BYTE_ORDER_MARK = "\ufeff"


def campaigns_response(
    asked: DashboardFilter, rows: Sequence[reports.CampaignRow], *, metrics: Sequence[str]
) -> StreamingHttpResponse:
    """The rows with their launch, which the API's file has not."""
    columns = list(campaign_columns(metrics))
    columns.insert(columns.index("created_at") + 1, "launched_at")
    texts = ({**row, "launched_at": row["launched_at"] or ""} for row in rows)
    return _csv_response(filename=_filename(asked, "campaigns"), columns=columns, rows=texts)


def timeline_response(
    asked: DashboardFilter, what: str, campaigns: QuerySet[Campaign] | None
) -> StreamingHttpResponse:
    """The days of these campaigns, all of the workspace's for None."""
    days = reports.timeline_report(
        workspace_id=asked.workspace_id, campaigns=campaigns, period=asked.period
    )
    return _csv_response(
        filename=_filename(asked, f"{what}-{days['from_date']}-{days['to_date']}"),
        columns=timeline_columns(),
        rows=cast(list[Mapping[str, Any]], days["timeline"]),
    )


def refusal(asked: DashboardFilter | None, *forms: BaseForm) -> HttpResponse:
    """The API's words, for whoever has put a link together by hand."""
    if asked is None:
        reasons = [f"workspace: {_('There is none.')}\n"]
    else:
        reasons = [
            f"{name}: {reason}\n"
            for form in (asked.form, *forms)
            for name, errors in form.errors.items()
            for reason in errors
        ]
    return HttpResponse("".join(reasons), status=400, content_type="text/plain; charset=utf-8")


def _filename(asked: DashboardFilter, what: str) -> str:
    name = slugify(asked.asked_workspace.name) or f"workspace-{asked.workspace_id}"
    return f"{name}-{what}.csv"


def _csv_response(
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
