"""What a person would write for speed: SQL by hand, orjson, nothing of DRF or the ORM.

It checks the key and its scope and reads the same totals; of the parameters it checks no more than
parsing a date does. It reads rows in binary by psycopg's own cursor, with prepared statements, and
an id as the text that the answer has.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson
import psycopg
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

KEY = """
    SELECT workspace_id FROM mailmetrics_apikeys_apikey
     WHERE digest = %s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
       AND scopes ?| array['campaigns:read', 'campaigns:all', '*']
"""
CAMPAIGNS = """
    SELECT c.id::text, c.name, c.status, c.total_leads, t.sent, t.opened, t.replied, t.bounced,
           c.created_at
      FROM mailmetrics_campaigns_campaign c
      LEFT JOIN mailmetrics_analytics_campaigntotals t
        ON t.workspace_id = %s AND t.campaign_id = c.id
     WHERE c.workspace_id = %s
     ORDER BY c.created_at DESC, c.id
"""
DAYS = """
    SELECT day, sent, opened, replied, bounced FROM mailmetrics_analytics_dailytotals
     WHERE workspace_id = %s AND day BETWEEN %s AND %s
"""


def campaigns(request: HttpRequest) -> HttpResponse:
    workspace_id = _workspace_id(request)
    if workspace_id is None:
        return HttpResponse(status=401)
    rows, totals = [], [0, 0, 0, 0]
    for row in _fetched(CAMPAIGNS, [workspace_id, workspace_id]):
        campaign_id, name, status, leads, sent, opened, replied, bounced, created_at = row
        if sent is None:
            sent = opened = replied = bounced = 0
        totals[0] += sent
        totals[1] += opened
        totals[2] += replied
        totals[3] += bounced
        rows.append(
            {
                "campaign_id": campaign_id,
                "campaign_name": name,
                "status": status,
                "total_leads": leads,
                "total_sent": sent,
                "total_opened": opened,
                "total_replied": replied,
                "total_bounced": bounced,
                "open_rate": round(opened / sent, 4) if sent else 0.0,
                "reply_rate": round(replied / sent, 4) if sent else 0.0,
                "bounce_rate": round(bounced / sent, 4) if sent else 0.0,
                "created_at": created_at,
            }
        )
    sent, opened, replied, bounced = totals
    kpis = {
        "total_campaigns": len(rows),
        "total_sends": sent,
        "avg_open_rate": round(opened / sent, 4) if sent else 0.0,
        "avg_reply_rate": round(replied / sent, 4) if sent else 0.0,
        "avg_bounce_rate": round(bounced / sent, 4) if sent else 0.0,
    }
    return _answer({"workspace_kpis": kpis, "campaigns": rows})


def timeline(request: HttpRequest) -> HttpResponse:
    workspace_id = _workspace_id(request)
    if workspace_id is None:
        return HttpResponse(status=401)
    first, last = _window(request)
    counts = {row[0]: row for row in _fetched(DAYS, [workspace_id, first, last])}
    days = []
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(ordinal)
        _, sent, opened, replied, bounced = counts.get(day, (day, 0, 0, 0, 0))
        days.append(
            {
                "date": day,
                "sent": sent,
                "opened": opened,
                "replied": replied,
                "bounced": bounced,
                "open_rate": round(opened / sent, 4) if sent else 0.0,
                "reply_rate": round(replied / sent, 4) if sent else 0.0,
                "bounce_rate": round(bounced / sent, 4) if sent else 0.0,
            }
        )
    return _answer({"timeline": days, "from_date": first, "to_date": last})


def _workspace_id(request: HttpRequest) -> int | None:
    digest = sha256(request.headers.get("X-API-Key", "").encode()).hexdigest()
    rows = _fetched(KEY, [digest])
    return rows[0][0] if rows else None


def _window(request: HttpRequest) -> tuple[date, date]:
    query = request.GET
    last = date.fromisoformat(query["to_date"]) if "to_date" in query else datetime.now(UTC).date()
    if "from_date" in query:
        return date.fromisoformat(query["from_date"]), last
    return last - timedelta(days=89), last


def _fetched(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    connection.ensure_connection()
    # So that Django replaces a connection that was lost.
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(statement, parameters, binary=True).fetchall()


def _answer(data: dict[str, Any]) -> HttpResponse:
    body = orjson.dumps(data, option=orjson.OPT_UTC_Z)
    response = HttpResponse(body, content_type="application/json")
    response["Cache-Control"] = "private, no-cache"
    response["Vary"] = "X-API-Key"
    return response


URLS = [
    path("handwritten/analytics/campaigns", campaigns),
    path("handwritten/analytics/campaigns/timeline", timeline),
]
