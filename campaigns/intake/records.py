"""What the values of a line make: an event, or a campaign. The database is not needed here."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from campaigns.intake.instants import instant
from campaigns.intake.values import (
    ABSENT,
    Refused,
    choice,
    identifier,
    json_type,
    needed,
    shown,
    text,
    whole_number,
)
from campaigns.models import Campaign, CampaignStatus, EventKind, Workspace
from campaigns.recording import Event, InvalidMessage, message_identity, plain_identity

Values = tuple[Any, ...]

REQUIRED_EVENT_FIELDS = ("campaign_id", "message_id", "kind", "occurred_at")
EVENT_FIELDS = (*REQUIRED_EVENT_FIELDS, "recipient")
CAMPAIGN_FIELDS = ("id", "name", "status", "total_leads", "launched_at", "created_at")
REQUIRED_CAMPAIGN_FIELDS = CAMPAIGN_FIELDS[:3]
KINDS = {kind.label: kind for kind in EventKind}

_LONGEST_NAME = Campaign.name.field.max_length or 0
_LONGEST_WORKSPACE_NAME = Workspace.name.field.max_length or 0
_STATUSES = {status.value: status for status in CampaignStatus}
_MOST_LEADS = 2**31 - 1
_WHOLE_NUMBER = re.compile(r"([0-9]{1,20})(\.0*)?")
# What a spreadsheet makes of a long number, and pandas of a column of numbers with a gap.
_ROUNDED = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+[0-9]+|[0-9]+[.,]0")
_BLANK = (None, "")
# What databases, pandas, spreadsheets and JavaScript write of no value.
_NO_VALUES = {"null", "(null)", "none", "nan", "nat", "nil", "na", "<na>", "n/a", "#n/a"}
_NO_VALUES |= {"\\n", "undefined"}
_LONGEST_NO_VALUE = max(map(len, _NO_VALUES))
_FIRST_OF_CELLS = frozenset("=0123456789")  # of an id that a spreadsheet may have spelled


class ImportedCampaign(NamedTuple):
    """A line's campaign; ``values`` leaves out the optional fields that the line leaves out."""

    id: UUID
    values: dict[str, Any]


def event_reader(
    campaign_ids: Iterable[UUID],
    *,
    kinds: Mapping[str, EventKind | None] = KINDS,
    zone: ZoneInfo | None = None,
) -> Callable[[Values], Event | None]:
    """Return the function that makes an event of the values of EVENT_FIELDS, if its campaign is
    one of these; it may be of any instant. ``kinds`` are by their words: of one that is None
    there is no event. ``zone`` is that of instants that name no offset."""
    known = {str(campaign_id): campaign_id for campaign_id in campaign_ids}

    def event(values: Values) -> Event | None:
        campaign_id, message_id, word, occurred_at, recipient = values
        try:  # as they nearly always are: to ask costs less than a call for each
            kind, campaign = kinds[word], known[campaign_id]
        except (KeyError, TypeError):
            kind, campaign = choice("kind", word, kinds), None
        if kind is None:
            return None
        return Event(
            campaign or _known_campaign(known, campaign_id),
            _identity(message_id, recipient),
            kind,
            instant("occurred_at", occurred_at, zone=zone),
        )

    return event


def _known_campaign(known: dict[str, UUID], value: Any) -> UUID:
    campaign_id = identifier("campaign_id", value)
    if str(campaign_id) not in known:
        raise Refused(f"campaign_id {shown(value)} is not a campaign of this workspace")
    return campaign_id


def _identity(message_id: Any, recipient: Any) -> str:
    if type(message_id) is str and (
        len(message_id) <= _LONGEST_NO_VALUE or message_id[0] in _FIRST_OF_CELLS
    ):
        message_id = _id_of_cell(message_id)
    if recipient is ABSENT or recipient in _BLANK:
        if (identity := plain_identity(message_id)) is not None:
            return identity
        recipient = None
    elif type(recipient) is not str:
        raise Refused(f"recipient is {json_type(recipient)}, not text")
    try:
        return message_identity(message_id=needed("message_id", message_id), recipient=recipient)
    except InvalidMessage as reason:
        raise Refused(str(reason)) from None


def _id_of_cell(text: str) -> str:
    if text[:2] == '="' and text[-1:] == '"':  # keeps a spreadsheet from taking it for a number
        text = text[2:-1]
    if text[:1].isdigit() and _ROUNDED.fullmatch(text):
        raise Refused(f"message_id {shown(text)} is a number that a spreadsheet has rounded")
    if len(text) <= _LONGEST_NO_VALUE and text.lower() in _NO_VALUES:
        raise Refused(f"message_id {shown(text)} is what software writes of no value")
    return text


def imported_campaign(values: Values, *, zone: ZoneInfo | None = None) -> ImportedCampaign:
    """The campaign that the values of CAMPAIGN_FIELDS describe."""
    pk, name, status, leads, launched_at, created_at = values
    fields: dict[str, Any] = {
        "name": text("name", name, longest=_LONGEST_NAME),
        "status": choice("status", status, _STATUSES),
    }
    if leads not in (None, ABSENT):
        fields["total_leads"] = whole_number("total_leads", leads, most=_MOST_LEADS)
    if launched_at in _BLANK:
        fields["launched_at"] = None
    elif launched_at is not ABSENT:
        fields["launched_at"] = instant("launched_at", launched_at, zone=zone)
    if created_at not in (*_BLANK, ABSENT):
        fields["created_at"] = instant("created_at", created_at, zone=zone)
    return ImportedCampaign(identifier("id", pk), fields)


def imported_campaign_of_text(values: Values, *, zone: ZoneInfo | None = None) -> ImportedCampaign:
    """The same from CSV, where a number is text and blank stands for none."""
    pk, name, status, leads, *instants = values
    if leads is not ABSENT:
        number = _WHOLE_NUMBER.fullmatch(leads)
        leads = int(number[1]) if number else leads or None
    return imported_campaign((pk, name, status, leads, *instants), zone=zone)


def workspace_name(name: str) -> str:
    """The name, if a workspace may have it; raises Refused."""
    return text("workspace", name, longest=_LONGEST_WORKSPACE_NAME)
