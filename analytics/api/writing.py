"""The endpoints that write: events, and a campaign."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from itertools import islice, repeat
from typing import Any, TypeVar

from django.db import router
from django.http import HttpResponse
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.status import HTTP_409_CONFLICT

from analytics.api.bodies import json_body, json_items
from analytics.api.errors import InvalidRequest, Mistake, TooLarge
from analytics.api.keyed import KeyedView
from apikeys.throttling.windows import EventThrottle
from campaigns.intake.records import (
    CAMPAIGN_FIELDS,
    EVENT_FIELDS,
    event_reader,
    imported_campaign,
)
from campaigns.intake.saving import save_campaigns
from campaigns.intake.values import ABSENT, Refused, identifier
from campaigns.models import Campaign, EmailEvent, Workspace
from campaigns.recording import Event, InvalidEvent, Recorded, record_events

T = TypeVar("T")

MOST_EVENTS = 10_000
MOST_EVENT_BYTES = 5_000_000
MOST_CAMPAIGN_BYTES = 65_536

_TYPES = {
    "campaign_id": "invalid_uuid",
    "kind": "invalid_choice",
    "status": "invalid_choice",
    "occurred_at": "invalid_instant",
    "launched_at": "invalid_instant",
    "created_at": "invalid_instant",
    "total_leads": "invalid_number",
}


class Conflict(APIException):
    """The campaign belongs to another workspace, of which nothing is told."""

    status_code = HTTP_409_CONFLICT
    default_detail = "The campaign id is taken."
    default_code = "taken"


class WritingView(KeyedView):
    @property
    def default_response_headers(self) -> dict[str, str]:
        return {**super().default_response_headers, "Cache-Control": "no-store"}


class EventsView(WritingView):
    """Records up to 10,000 events of the key's workspace; again, without counting any twice."""

    required_scope = "events:create"

    def post(self, request: Request) -> HttpResponse:
        items = list(islice(json_items(request._request, most=MOST_EVENT_BYTES), MOST_EVENTS + 1))
        if len(items) > MOST_EVENTS:
            raise TooLarge(f"A request may bring {MOST_EVENTS:,} events at most.")
        self.count(EventThrottle(len(items)))
        workspace = self.workspace
        alias = router.db_for_write(EmailEvent, instance=workspace)
        events, refused = _read(items, workspace, alias)
        recorded = _recorded(events, refused, workspace, alias)
        mistakes = [_refusal(index, reason) for index, reason in sorted(refused.items())]
        return self.answer({**asdict(recorded), "refused": mistakes})


def _read(
    items: Sequence[Any], workspace: Workspace, alias: str
) -> tuple[dict[int, Event], dict[int, str]]:
    """The events by their index, and the reasons for refusing the others."""
    refused: dict[int, str] = {}
    values = _each(enumerate(items), partial(_values, fields=EVENT_FIELDS), refused)
    named = {campaign_id for campaign_id, *_ in values.values() if type(campaign_id) is str}
    read_event = event_reader(_campaigns_among(named, workspace, alias))
    return _each(values.items(), read_event, refused), refused


def _each(
    items: Iterable[tuple[int, Any]], read: Callable[[Any], T | None], refused: dict[int, str]
) -> dict[int, T]:
    """What is read of each item that is not refused."""
    results = {}
    for index, item in items:
        try:
            result = read(item)
        except Refused as reason:
            refused[index] = str(reason)
        else:
            if result is not None:
                results[index] = result
    return results


def _campaigns_among(named: Iterable[str], workspace: Workspace, alias: str) -> Iterable[Any]:
    ids = []
    for text in named:
        try:
            ids.append(identifier("campaign_id", text))
        except Refused:
            continue  # told with the event
    campaigns = Campaign.objects.using(alias).filter(workspace=workspace, pk__in=ids)
    return campaigns.values_list("pk", flat=True)


def _values(item: Any, fields: Sequence[str]) -> tuple[Any, ...]:
    if type(item) is not dict:
        raise item if isinstance(item, Refused) else Refused("is not a JSON object")
    values = tuple(map(item.get, fields, repeat(ABSENT)))
    if len(values) - values.count(ABSENT) < len(item):
        unknown = min(item.keys() - set(fields))
        raise Refused(f"{unknown[:50]!r} is not a field: there are {', '.join(fields)}")
    return values


def _recorded(
    events: dict[int, Event], refused: dict[int, str], workspace: Workspace, alias: str
) -> Recorded:
    while events:
        batch = list(events.values())
        try:
            return record_events(
                workspace=workspace, events=batch, batch_size=len(batch), using=alias
            )
        except InvalidEvent as error:
            # A campaign was deleted meanwhile, or a mail's recipient is left open.
            indexes = list(events)
            for position, reason in error.reasons.items():
                refused[indexes[position]] = reason
                del events[indexes[position]]
    return Recorded()


def _refusal(index: int, reason: str) -> dict[str, Any]:
    mistake = _mistake(reason, ("body", index))
    return {"index": index, **mistake._asdict()}


def _mistake(reason: str, at: tuple[str | int, ...]) -> Mistake:
    """Reasons begin with the name of the field that they are about."""
    field = reason.partition(" ")[0]
    if field not in {*EVENT_FIELDS, *CAMPAIGN_FIELDS}:
        kind = "unknown_field" if "is not a field" in reason else "invalid"
        return Mistake(at, reason, kind)
    kind = _TYPES.get(field, "invalid_text")
    if reason.endswith("is missing"):
        kind = "missing"
    elif "is not a campaign of this workspace" in reason:
        kind = "unknown_campaign"
    return Mistake((*at, field), reason, kind)


# Values that are good, to look at each field by itself.
_GOOD: Mapping[str, Any] = {"id": "0" * 32, "name": "-", "status": "DRAFT"}


class CampaignView(WritingView):
    """Creates a campaign of the key's workspace, or updates the fields that the body has."""

    required_scope = "campaigns:update"

    def put(self, request: Request, campaign_id: str) -> HttpResponse:
        body = json_body(request._request, most=MOST_CAMPAIGN_BYTES)
        mistakes = list(_campaign_mistakes(campaign_id, body))
        if mistakes:
            raise InvalidRequest(mistakes)
        row = imported_campaign(_values({**body, "id": campaign_id}, CAMPAIGN_FIELDS))
        workspace = self.workspace
        alias = router.db_for_write(Campaign, instance=workspace)
        saved = save_campaigns(workspace=workspace, rows=[row], using=alias)
        if saved.taken:
            raise Conflict
        campaign = Campaign.objects.using(alias).filter(pk=row.id).values(*CAMPAIGN_FIELDS).get()
        return self.answer(campaign, status=201 if saved.new else 200)


def _campaign_mistakes(campaign_id: str, body: Any) -> Iterable[Mistake]:
    try:
        identifier("campaign_id", campaign_id)
    except Refused as reason:
        yield Mistake(("path", "campaign_id"), str(reason), "invalid_uuid")
    if not isinstance(body, dict):
        yield Mistake(("body",), "The body must be an object.", "invalid_type")
        return
    fields = CAMPAIGN_FIELDS[1:]
    for name in body.keys() - set(fields):
        text = f"It is not a field: there are {', '.join(fields)}."
        yield Mistake(("body", name[:50]), text, "unknown_field")
    for field in fields:
        values = {**_GOOD, field: body.get(field, ABSENT)}
        try:
            imported_campaign(tuple(values.get(each, ABSENT) for each in CAMPAIGN_FIELDS))
        except Refused as reason:
            yield _mistake(str(reason), ("body",))
