"""JSON as the contract wants it, whatever the host's settings say of JSON."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from rest_framework.renderers import BaseRenderer

from analytics.spelling import as_text

try:
    import orjson
except ImportError:
    orjson = None  # type: ignore[assignment]  # the extra "fast" is not installed


def plain_json(data: Any) -> bytes:
    """Compact UTF-8, by the standard library; ValueError for a number that JSON has not."""
    text = json.dumps(
        data, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=as_text
    )
    return text.encode()


def fast_json(data: Any) -> bytes:
    """The same bytes by orjson, of what is as the reports are: finite, its instants in UTC."""
    return orjson.dumps(data, default=as_text, option=orjson.OPT_UTC_Z)


_dumps: Callable[[Any], bytes] = plain_json if orjson is None else fast_json


class JSONRenderer(BaseRenderer):
    """Compact UTF-8; instants in UTC with ``Z``, whole seconds unless there are more."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if isinstance(renderer_context, dict):
            # The response itself, which holds the context: see IsolatedView.dispatch.
            renderer_context.pop("response", None)
        return b"" if data is None else _dumps(data)
