"""What can be wrong with a parameter: a fixed word for each kind of mistake."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class MistakeType(StrEnum):
    UNKNOWN_PARAMETER = "unknown_parameter"
    REPEATED = "repeated"
    EMPTY = "empty"
    INVALID_DATE = "invalid_date"
    INVALID_CHOICE = "invalid_choice"
    INVALID_INTEGER = "invalid_integer"
    INVALID_UUID = "invalid_uuid"
    INVALID_TEXT = "invalid_text"
    # It does not go with another parameter.
    CONTRADICTORY = "contradictory"
    # More than the site answers at once.
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing that is wrong with the parameter ``name``; ``message`` says how to mend it."""

    name: str
    type: MistakeType
    message: str


class InvalidParameters(ValueError):
    """Every mistake of a request; there is at least one."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("; ".join(f"{each.name}: {each.message}" for each in mistakes))
        self.mistakes = tuple(mistakes)
