"""Raw SQL for tests, its values in the form in which each database holds them."""

import re
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from analytics.models import CampaignDailyTotals, CampaignTotals, DailyTotals
from campaigns.models import Campaign, EmailEvent, Workspace

EVENTS = EmailEvent._meta.db_table
CAMPAIGNS = Campaign._meta.db_table
WORKSPACES = Workspace._meta.db_table
CAMPAIGN_TOTALS = CampaignTotals._meta.db_table
DAILY_TOTALS = DailyTotals._meta.db_table
CAMPAIGN_DAILY_TOTALS = CampaignDailyTotals._meta.db_table


def execute(statement, *parameters):
    """How many rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, [stored_form(value) for value in parameters])
        return cursor.rowcount


def insert_events(*rows, verb="INSERT", then=""):
    """Rows of (workspace id, campaign id, message id, kind, instant), in one statement."""
    places = ", ".join(["(%s, %s, %s, %s, %s)"] * len(rows))
    return execute(
        f"{verb} INTO {EVENTS} (workspace_id, campaign_id, message_id, kind, occurred_at) "
        f"VALUES {places} {then}",
        *(value for row in rows for value in row),
    )


@contextmanager
def refused(constraint):
    """The block breaks the named constraint; what was written before it stays."""
    name = rf"\b{re.escape(constraint)}\b"
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        yield


@contextmanager
def read_only():
    """This connection writes nothing, as if its database were on a disk that takes no writes."""
    statement, on, off = "PRAGMA query_only = {}", "1", "0"
    if connection.vendor == "postgresql":
        statement, on, off = "SET default_transaction_read_only = {}", "on", "off"
    execute(statement.format(on))
    try:
        yield
    finally:
        execute(statement.format(off))


def stored_form(value):
    if connection.vendor == "sqlite":
        if isinstance(value, UUID):
            return value.hex
        if isinstance(value, datetime):
            return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
    return value
