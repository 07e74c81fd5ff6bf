"""The text of one parameter as a value; pure, but for the language of its refusals."""

import re
from collections.abc import Callable, Collection
from datetime import date
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from analytics.parameters.mistakes import MistakeType

MOST_PAGES = 1_000_000
MOST_ROWS = 1_000
LONGEST_SEARCH = 255

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# NUL and half of a surrogate pair can't be sent to every database.
_UNSEARCHABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")

Reader = Callable[[str], Any]


class Refused(Exception):
    """Why a text is not a value of its parameter."""

    def __init__(self, type_: MistakeType, message: str) -> None:
        super().__init__(message)
        self.type = type_
        self.message = message


def day(text: str) -> date:
    """The date that is spelled ``YYYY-MM-DD``; no other spelling of ISO 8601."""
    if _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    message = _("Enter a date as YYYY-MM-DD, not %(text)s.")
    raise Refused(MistakeType.INVALID_DATE, message % {"text": _shown(text)})


def choice(choices: Collection[str]) -> Reader:
    def read(text: str) -> str:
        if text in choices:
            return text
        known = ", ".join(choices)
        message = _("Choose one of %(known)s, not %(text)s.")
        values = {"known": known, "text": _shown(text)}
        raise Refused(MistakeType.INVALID_CHOICE, message % values)

    return read


def comma_separated(read_one: Reader) -> Reader:
    """A reader of one or more values, each of them once."""

    def read(text: str) -> tuple[Any, ...]:
        values = tuple(map(read_one, text.split(",")))
        if len(set(values)) < len(values):
            raise Refused(MistakeType.REPEATED, _("Name each value once."))
        return values

    return read


def uuid(text: str) -> UUID:
    if _UUID.fullmatch(text):
        return UUID(text)
    message = _("Enter a UUID such as 550e8400-e29b-41d4-a716-446655440000, not %(text)s.")
    raise Refused(MistakeType.INVALID_UUID, message % {"text": _shown(text)})


def number(most: int) -> Reader:
    def read(text: str) -> int:
        if _NUMBER.fullmatch(text) and int(text) <= most:
            return int(text)
        message = _("Enter a whole number from 1 to %(most)s, not %(text)s.")
        values = {"most": most, "text": _shown(text)}
        raise Refused(MistakeType.INVALID_INTEGER, message % values)

    return read


def search_text(text: str) -> str:
    if len(text) > LONGEST_SEARCH or _UNSEARCHABLE.search(text):
        message = _("Enter at most %(most)s characters, none of them a control character.")
        raise Refused(MistakeType.INVALID_TEXT, message % {"most": LONGEST_SEARCH})
    return text


def _shown(text: str) -> str:
    return f"{text!r:.60}"
