"""What is wrong with a request, in the structure that every client can rely on."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from rest_framework.exceptions import APIException


class Mistake(NamedTuple):
    """Where it is, what is wrong in a sentence, and a fixed word for its kind."""

    loc: tuple[str | int, ...]
    msg: str
    type: str


class InvalidRequest(APIException):
    """A 400 whose ``detail`` lists every mistake."""

    status_code = 400

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        super().__init__()
        found: Any = {"detail": [mistake._asdict() for mistake in mistakes]}
        self.detail = found


class TooLarge(APIException):
    """A body beyond what one request may bring."""

    status_code = 413
    default_code = "too_large"
