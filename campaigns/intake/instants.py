"""Instants in the spellings that software writes; pure.

ISO 8601 and RFC 3339 in full, PostgreSQL's and pandas' text, Go's ``String()``, JavaScript's
``toString()`` and ``toUTCString()``, the zone's name that its ``Temporal`` and Java add (RFC 9557),
the dates of mail. What could mean two instants is refused.
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.intake.values import Refused, needed, shown

_GO = re.compile(r"(.+? [0-9:.]+) ([+-][0-9]{4}) [A-Z+-][A-Za-z0-9+-]*( m=[+-][0-9.]+)?")
_JAVASCRIPT = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([0-9]{2}) ([0-9]{4}) ([0-9:]{8}) GMT([+-][0-9]{4})( \(.*\))?"
)
_ORDINAL = re.compile(r"([0-9]{4})-?([0-9]{3})(?=[Tt ])")
_MIDNIGHT_AFTER = re.compile(r"(?<=[Tt ])24(?=:?00)")
_LEAP_SECOND = re.compile(r"(?<=[Tt ])([0-9]{2}:[0-5][0-9]:|[0-9]{2}[0-5][0-9])60(?=[.,Z+-]|$)")
_WITH_ZONE = re.compile(r"(.+(?:[Zz]|[+-][0-9]{2}:?[0-9]{2}))\[!?([A-Za-z][A-Za-z0-9_+/-]*)\]")
# fromisoformat takes an offset of 1:60 for one of two hours.
_NO_OFFSET = re.compile(r"[+-][0-9]{2}:?[6-9][0-9](?![0-9])")
_BEFORE_OFFSET = re.compile(r" (?=[+-][0-9]{2})| ?(UTC|GMT)$")
_MAIL = re.compile(r"([A-Z][a-z]{2}, )?[0-9]{1,2} [A-Z][a-z]{2} [0-9]{4} .*")
_NUMBER = re.compile(r"[0-9]{9,}(\.[0-9]*)?")


def instant(field: str, value: Any, *, zone: tzinfo | None = None) -> datetime:
    """In UTC; text without an offset is in ``zone``, or refused where that is None."""
    try:
        parsed = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        parsed = None
    # fromisoformat takes any character between date and time.
    if parsed is None or not ("T" in value or value[10:11] == " "):
        parsed = _parsed(needed(field, value))
    if parsed is None or (parsed.tzinfo is not UTC and _NO_OFFSET.search(value)):
        why = "is a number, which may be of seconds or of milliseconds, and "
        why = why if _NUMBER.fullmatch(value) else ""
        raise Refused(f"{field} {shown(value)} {why}is not an ISO 8601 instant")
    if parsed.tzinfo is UTC:
        return parsed
    if parsed.tzinfo is None:
        if zone is None:
            raise Refused(f"{field} {shown(value)} has no offset from UTC")
        parsed = _in(zone, parsed, field, value)
    try:
        return parsed.astimezone(UTC)
    except OverflowError:
        raise Refused(f"{field} {shown(value)} is not within the years 1 to 9999") from None


def _in(zone: tzinfo, parsed: datetime, field: str, value: str) -> datetime:
    """A time that a change of the clock skips or repeats could be two instants."""
    one, other = parsed.replace(tzinfo=zone), parsed.replace(tzinfo=zone, fold=1)
    if one.utcoffset() != other.utcoffset():
        raise Refused(f"{field} {shown(value)} is ambiguous in {zone}: it needs an offset")
    return one


def _parsed(text: str) -> datetime | None:
    try:
        if _MAIL.fullmatch(text):
            dated = parsedate_to_datetime(text)
            return dated if dated.tzinfo else None
        if found := _JAVASCRIPT.fullmatch(text):
            return datetime.strptime(" ".join(found.groups()[:5]), "%b %d %Y %H:%M:%S %z")
        if found := _WITH_ZONE.fullmatch(text):
            return _agreed(found[1], ZoneInfo(found[2]))
        return _iso(text)
    except (KeyError, OSError, OverflowError, ValueError):  # the first two are of a zone
        return None


def _agreed(text: str, zone: ZoneInfo) -> datetime | None:
    """The instant of the text if the zone has its offset then, which Z leaves open."""
    parsed = _iso(text)
    if parsed is None or text[-1] in "Zz":
        return parsed
    return parsed if parsed.astimezone(zone).utcoffset() == parsed.utcoffset() else None


def _iso(text: str) -> datetime | None:
    """Respell what ISO 8601 or RFC 3339 allows, or is as clear, but Python does not read."""
    if found := _GO.fullmatch(text):
        text = f"{found[1]}{found[2]}"
    later = timedelta()
    text = text.replace("\u2212", "-")
    text = text[:-1] + "Z" if text.endswith("z") else text
    text = _BEFORE_OFFSET.sub(lambda found: "Z" if found[1] else "", text)
    if found := _ORDINAL.match(text):
        text = f"{found[1]}-01-01{text[found.end() :]}"
        later += timedelta(days=int(found[2]) - 1)
        if not 0 < int(found[2]) <= (366 if _is_leap(int(found[1])) else 365):
            return None
    if _MIDNIGHT_AFTER.search(text):
        text, later = _MIDNIGHT_AFTER.sub("00", text), later + timedelta(days=1)
        if not re.search(r"[Tt ]00(:?00)?(:?00)?([.,]0+)?(?![0-9:])", text):
            return None
    if _LEAP_SECOND.search(text):
        text, later = _LEAP_SECOND.sub(r"\g<1>59", text), later + timedelta(seconds=1)
    parsed = datetime.fromisoformat(text)
    is_instant = "T" in text or "t" in text or text[10:11] == " "
    return parsed + later if is_instant else None


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
