"""The campaigns that a question is about, as a queryset."""

import re
from collections.abc import Callable
from datetime import date, timedelta

from django.db.models import Q, QuerySet

from analytics.parameters.queries import CampaignQuery, TimelineQuery
from campaigns.models import Campaign
from campaigns.zones import day_start


def campaigns_of(
    query: CampaignQuery | TimelineQuery, *, zone: Callable[[], str]
) -> QuerySet[Campaign] | None:
    """The campaigns that are asked for other than by id, None for all.

    They are of every workspace, as reports pick theirs, and take the ids apart.
    ``zone`` tells the workspace's, in whose days campaigns were launched; it is asked if it is
    needed. A campaign never launched drops out as soon as either date is given.
    """
    conditions = [Q(status=query.status)] if query.status else []
    if isinstance(query, CampaignQuery):
        if query.from_date or query.to_date:
            conditions += launched_between(query.from_date, query.to_date, zone())
        if query.search:
            conditions.append(named(query.search))
    return Campaign.objects.filter(*conditions) if conditions else None


def launched_between(first: date | None, last: date | None, zone: str) -> list[Q]:
    """On these days of the zone, both included."""
    conditions = [Q(launched_at__gte=day_start(first, zone))] if first else []
    if last == date.max:
        conditions.append(Q(launched_at__isnull=False))
    elif last:
        conditions.append(Q(launched_at__lt=day_start(last + timedelta(days=1), zone)))
    return conditions


def named(text: str) -> Q:
    """With the text in the name, whatever the case."""
    return Q(name__regex="".join(map(_in_any_case, text)))


def _in_any_case(character: str) -> str:
    """A pattern for each case of it.

    The database's own comparison would not do: SQLite knows the case of ASCII alone, and so does
    PostgreSQL where the locale is C.
    """
    upper = character.upper()
    spellings = {character, character.lower(), character.title(), upper, upper.lower()}
    return f"(?:{'|'.join(map(re.escape, sorted(spellings)))})"
