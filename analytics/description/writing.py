"""The description of what writes: events, and a campaign."""

from typing import Any

from drf_spectacular.extensions import OpenApiViewExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)

from analytics.api.bodies import JSON, JSON_LINES
from analytics.description.parameters import ANY_HEADERS
from analytics.description.refusals import detail, error, invalid, to_what_writes
from campaigns.intake.records import CAMPAIGN_FIELDS, EVENT_FIELDS, KINDS
from campaigns.models import Campaign, CampaignStatus

CAMPAIGN_ID = "550e8400-e29b-41d4-a716-446655440000"
_INSTANT = {
    "type": "string",
    "description": "ISO 8601 with an offset.",
    "format": "date-time",
}
_UUID = {"type": "string", "format": "uuid"}
EVENT = {
    "type": "object",
    "required": list(EVENT_FIELDS[:4]),
    "properties": {
        "campaign_id": {**_UUID, "description": "A campaign of the key's workspace."},
        "message_id": {"type": "string", "description": "In any spelling, `<a@x>` or `a@x`."},
        "kind": {"type": "string", "enum": list(KINDS)},
        "occurred_at": _INSTANT,
        "recipient": {
            "type": "string",
            "description": "The address, of which a digest is kept. One id may have several.",
        },
    },
    "additionalProperties": False,
}
EVENT_EXAMPLE = {
    "campaign_id": CAMPAIGN_ID,
    "message_id": "<1@acme.example>",
    "kind": "opened",
    "occurred_at": "2024-01-16T08:00:00Z",
    "recipient": "ann@example.org",
}
_OF_A_MISTAKE = {
    "loc": {"type": "array", "items": {"type": ["string", "integer"]}},
    "msg": {"type": "string"},
    "type": {"type": "string"},
}
_MISTAKE = {"type": "object", "required": [*_OF_A_MISTAKE], "properties": _OF_A_MISTAKE}
_COUNTS = {name: {"type": "integer", "minimum": 0} for name in ("new", "moved", "known", "pruned")}
RECORDED = {
    "type": "object",
    "required": [*_COUNTS, "refused"],
    "properties": {
        **_COUNTS,
        "refused": {
            "type": "array",
            "items": {
                **_MISTAKE,
                "required": ["index", "loc", "msg", "type"],
                "properties": {
                    "index": {"type": "integer", "minimum": 0},
                    **_OF_A_MISTAKE,
                },
            },
        },
    },
}
RECORDED_EXAMPLE = {"new": 1, "moved": 0, "known": 0, "pruned": 0, "refused": []}
_FIELDS = {
    "name": {
        "type": "string",
        "pattern": "^[^\\u0000]+$",
        "minLength": 1,
        "maxLength": Campaign.name.field.max_length,
    },
    "status": {"type": "string", "enum": list(CampaignStatus.values)},
    "total_leads": {"type": ["integer", "null"], "minimum": 0, "maximum": 2**31 - 1},
    "launched_at": {**_INSTANT, "type": ["string", "null"]},
    "created_at": {**_INSTANT, "type": ["string", "null"]},
}
CAMPAIGN = {
    "type": "object",
    "required": ["name", "status"],
    "properties": _FIELDS,
    "additionalProperties": False,
}
STORED = {
    "type": "object",
    "required": list(CAMPAIGN_FIELDS),
    "properties": {"id": _UUID, **_FIELDS},
}
CAMPAIGN_EXAMPLE = {
    "name": "Q1 Outreach",
    "status": "ACTIVE",
    "total_leads": 500,
    "launched_at": "2024-01-15T12:00:00Z",
    "created_at": "2024-01-15T10:00:00Z",
}
STORED_EXAMPLE = {"id": CAMPAIGN_ID, **CAMPAIGN_EXAMPLE}


def _answer(shape: Any, text: str, example: Any) -> Any:
    return OpenApiResponse(shape, description=text, examples=[OpenApiExample(text[:40], example)])


EVENTS = extend_schema(
    operation_id="record_events",
    summary="Record events",
    description="Up to 10,000 events and 5 MB: a JSON array, or JSON Lines. Good events are "
    "recorded, each bad one is told with its index. Sending all of them again is safe: nothing "
    "counts twice.",
    tags=["writing"],
    request={
        # An item that is no event is refused by itself.
        JSON: {"type": "array", "items": {"anyOf": [EVENT, {}]}},
        JSON_LINES: {"type": "string", "description": "One event a line."},
    },
    examples=[
        OpenApiExample("One event", [EVENT_EXAMPLE], request_only=True, media_type=JSON),
    ],
    parameters=ANY_HEADERS,
    responses={
        200: _answer(RECORDED, "What was recorded.", RECORDED_EXAMPLE),
        400: invalid(
            "The body can't be read; nothing of it is recorded.",
            "Not an array",
            "body",
            msg="The body must be an array.",
            type_="invalid_type",
        ),
        **to_what_writes("events:create"),
    },
)
PUT_CAMPAIGN = extend_schema(
    operation_id="put_campaign",
    summary="Create or update a campaign",
    description="What the body leaves out stays as it is.",
    tags=["writing"],
    request={JSON: CAMPAIGN},
    examples=[OpenApiExample("A campaign", CAMPAIGN_EXAMPLE, request_only=True)],
    parameters=[OpenApiParameter("campaign_id", _UUID, OpenApiParameter.PATH), *ANY_HEADERS],
    responses={
        200: _answer(STORED, "The campaign, updated.", STORED_EXAMPLE),
        201: _answer(STORED, "The campaign, created.", STORED_EXAMPLE),
        400: invalid(
            "Every mistake at once.",
            "Not a status",
            "body",
            "status",
            msg="status 'x' is not one of DRAFT, ACTIVE, PAUSED, COMPLETED, FAILED",
            type_="invalid_choice",
        ),
        409: error("Another workspace has this id.", detail("Taken", "The campaign id is taken.")),
        **to_what_writes("campaigns:update"),
    },
)


class EventsDescription(OpenApiViewExtension):  # type: ignore[no-untyped-call]  # drf-spectacular's __init_subclass__, which runs here, has no annotations
    target_class = "analytics.api.writing.EventsView"

    def view_replacement(self) -> Any:
        view: Any = self.target_class  # imported by now
        return extend_schema_view(post=EVENTS)(type("Described", (view,), {"schema": AutoSchema()}))


class CampaignDescription(OpenApiViewExtension):  # type: ignore[no-untyped-call]  # drf-spectacular's __init_subclass__, which runs here, has no annotations
    target_class = "analytics.api.writing.CampaignView"

    def view_replacement(self) -> Any:
        view: Any = self.target_class
        described = type("Described", (view,), {"schema": AutoSchema()})
        return extend_schema_view(put=PUT_CAMPAIGN)(described)
