"""JSON and CSV as the contract wants them, whatever the host's settings say."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from rest_framework.renderers import BaseRenderer

from analytics.rows import csv_lines
from analytics.spelling import as_text

try:
    import orjson
except ImportError:  # the extra "fast" is not installed
    HAS_ORJSON = False
else:
    HAS_ORJSON = True


def plain_json(data: Any) -> bytes:
    """Compact UTF-8, by the standard library; ValueError for a number that JSON has not."""
    text = json.dumps(
        data, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=as_text
    )
    return text.encode()


def fast_json(data: Any) -> bytes:
    """The same bytes by orjson, of what is as the reports are: finite, its instants in UTC."""
    return orjson.dumps(data, default=as_text, option=orjson.OPT_UTC_Z)


compact_json: Callable[[Any], bytes] = fast_json if HAS_ORJSON else plain_json


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
        return b"" if data is None else compact_json(data)


class CSVRenderer(BaseRenderer):
    """The rows alone, in the view's ``csv_columns``."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        view = (renderer_context or {})["view"]
        rows = data["campaigns" if "campaigns" in data else "timeline"]
        return "".join(csv_lines(view.csv_columns(), rows)).encode()
