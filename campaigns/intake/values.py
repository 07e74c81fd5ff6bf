"""Checks of single values of an imported record: each returns the value, or refuses it."""

import functools
import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar
from uuid import UUID

T = TypeVar("T")

ABSENT: Final = object()  # in place of a value that the record lacks, even as null

# uuid.UUID alone also takes underscores, spaces and digits of other scripts.
_UUID = re.compile(r"(urn:uuid:)?\{?[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}\}?")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SHOWN = 50
_JSON_TYPES = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "text",
    list: "an array",
    dict: "an object",
}


class Refused(ValueError):
    """A value or a line cannot be imported; the message says why, fit for a terminal."""


def identifier(field: str, value: Any) -> UUID:
    string = needed(field, value)
    if not _UUID.fullmatch(string):
        raise Refused(f"{field} {shown(string)} is not a UUID")
    return _parsed_uuid(string)


# A file that spells its ids unlike str(UUID) does so on every line.
_parsed_uuid = functools.lru_cache(maxsize=10_000)(UUID)


def text(field: str, value: Any, *, longest: int) -> str:
    # Neither NUL nor a surrogate is printable, so this one test passes nearly every text.
    if type(value) is str and 0 < len(value) <= longest and value.isprintable():
        return value
    string = needed(field, value)
    if len(string) > longest:
        raise Refused(f"{field} {shown(string)} has {len(string)} characters, {longest} at most")
    if "\0" in string:
        raise Refused(f"{field} {shown(string)} holds a NUL character")
    if _SURROGATE.search(string):
        raise Refused(f"{field} {shown(string)} holds half a surrogate pair")
    return string


def choice(field: str, value: Any, choices: Mapping[str, T]) -> T:
    try:
        return choices[value]
    except (KeyError, TypeError):
        string = needed(field, value)
    raise Refused(f"{field} {shown(string)} is not one of {', '.join(choices)}")


def whole_number(field: str, value: Any, *, most: int) -> int:
    """Refuses booleans, text, and floats that are not whole."""
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is int and 0 <= value <= most:
        return value
    raise Refused(f"{field} {shown(value)} is not a whole number from 0 to {most}")


def needed(field: str, value: Any) -> str:
    if value is None or value is ABSENT:
        raise Refused(f"{field} is missing")
    if type(value) is not str:
        raise Refused(f"{field} is {json_type(value)}, not text")
    if not value:
        raise Refused(f"{field} is empty")
    return value


def shown(value: Any) -> str:
    """The value as text for one line of a terminal: escaped where necessary, and cut."""
    if type(value) is str:
        return repr(value[:_SHOWN]) + "..." * (len(value) > _SHOWN)
    return json_type(value) if isinstance(value, list | dict) else str(value)[:_SHOWN]


def json_type(value: Any) -> str:
    return _JSON_TYPES[type(value)]
