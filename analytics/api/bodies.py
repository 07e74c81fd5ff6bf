"""The bodies of requests that write: read to a limit, whole or not at all."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.http import HttpRequest
from rest_framework.exceptions import UnsupportedMediaType

from analytics.api.errors import InvalidRequest, Mistake, TooLarge
from campaigns.intake.columns import UnreadableFile
from campaigns.intake.lines import json_value, lines_of
from campaigns.intake.values import Refused

JSON_LINES = "application/x-ndjson"
JSON = "application/json"


class LimitedBody:
    """The body as a stream, which ends in TooLarge beyond the limit and is a 400 if cut off."""

    def __init__(self, request: HttpRequest, most: int) -> None:
        self._request, self._most, self._read = request, most, 0
        length = request.META.get("CONTENT_LENGTH") or ""
        self._announced = int(length) if length.isdigit() else None
        if self._announced is not None and self._announced > most:
            raise TooLarge(f"A body may have {most:,} bytes at most.")

    def read(self, size: int = -1) -> bytes:
        wanted = self._most + 1 - self._read
        try:
            data: bytes = self._request.read(wanted if size < 0 else min(size, wanted))
        except OSError:
            raise _cut_off() from None
        self._read += len(data)
        if self._read > self._most:
            raise TooLarge(f"A body may have {self._most:,} bytes at most.")
        if not data and self._announced is not None and self._read < self._announced:
            raise _cut_off()
        return data


def _cut_off() -> InvalidRequest:
    return InvalidRequest([Mistake(("body",), "The body is shorter than announced.", "cut_off")])


def json_body(request: HttpRequest, *, most: int) -> Any:
    """The one JSON value that a body is; raises InvalidRequest, TooLarge, UnsupportedMediaType."""
    _require(request, JSON)
    stream, parts = LimitedBody(request, most), []
    while data := stream.read():
        parts.append(data)
    try:
        return json_value(b"".join(parts).decode("utf-8-sig"))
    except UnicodeDecodeError:
        reason = "The body is not UTF-8."
    except Refused as error:
        reason = f"The body {error}."
    raise InvalidRequest([Mistake(("body",), reason, "invalid_json")])


def json_items(request: HttpRequest, *, most: int) -> Iterable[Any]:
    """The items of a JSON array or of JSON Lines, in which a Refused stands for a bad line.

    Of JSON Lines no more than a line is held.
    """
    if request.content_type == JSON_LINES:
        return _lines(request, most)
    items = json_body(request, most=most)
    if not isinstance(items, list):
        raise InvalidRequest([Mistake(("body",), "The body must be an array.", "invalid_type")])
    return items


def _lines(request: HttpRequest, most: int) -> Iterator[Any]:
    _require(request, JSON_LINES)
    stream: Any = LimitedBody(request, most)
    try:
        yield from map(_item, filter(bytes.strip, lines_of(stream)))
    except UnreadableFile as reason:
        raise InvalidRequest([Mistake(("body",), f"The body: {reason}.", "invalid_json")]) from None


def _item(line: bytes) -> Any:
    try:
        return json_value(line.decode())
    except UnicodeDecodeError:
        return Refused("is not UTF-8")
    except Refused as reason:
        return reason


def _require(request: HttpRequest, media_type: str) -> None:
    encoding = request.headers.get("Content-Encoding", "identity")
    if request.content_type != media_type or encoding != "identity":
        sent = encoding if encoding != "identity" else request.content_type or "none"
        raise UnsupportedMediaType(sent[:100])
