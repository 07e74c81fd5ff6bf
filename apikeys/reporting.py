"""Django's reports of errors and its log of queries, without keys and their digests."""

import logging
import re
from typing import Any

from django.utils.safestring import SafeString, mark_safe
from django.views.debug import ExceptionReporter

from apikeys.crypto import HINT_LENGTH, PREFIX

# Or the start of one, where a long variable was cut.
_KEY = re.compile(rf"\b({PREFIX}[0-9A-Za-z]{{4}})[0-9A-Za-z]{{4,}}")
# The hint at the start of anything longer.
_HINT = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{HINT_LENGTH}}}(?=[0-9A-Za-z])")
_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")


class KeylessExceptionReporter(ExceptionReporter):
    """Django's error reports, on the debug page and in mails, with every key cut to its hint.

    For ``DEFAULT_EXCEPTION_REPORTER``. Django hides the header ``X-API-Key`` by its name; this
    hides keys wherever they are: in variables, messages, other headers or a URL.
    """

    def get_traceback_html(self) -> SafeString:
        return _hidden(super().get_traceback_html())

    def get_traceback_text(self) -> SafeString:
        return _hidden(super().get_traceback_text())


class KeyFilter(logging.Filter):
    """Cuts every key in a record to its hint, in its message and in its traceback.

    For a handler's ``filters``: a caller may put a key into a URL, and Django logs the path.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if _KEY.search(message):
            record.msg, record.args = _without_keys(message), None
        if record.exc_info and not record.exc_text:
            traceback = logging.Formatter().formatException(record.exc_info)
            if _KEY.search(traceback):
                record.exc_text = _without_keys(traceback)
        return True


def pasted_hint(text: str) -> str:
    """The start of a key that was pasted whole or in part, with whatever around it; or nothing."""
    found = _HINT.search(text)
    return found[0] if found else ""


class DigestFilter(logging.Filter):
    """Takes the digests out of the logged queries of one table."""

    def __init__(self, table: str) -> None:
        super().__init__()
        self.table = table

    def filter(self, record: logging.LogRecord) -> bool:
        logged: dict[str, Any] = record.__dict__
        if self.table in str(logged.get("sql", "")):
            for name in ("sql", "params"):
                logged[name] = _without_digests(logged.get(name))
            record.args = tuple(map(_without_digests, record.args or ()))
        return True


def _hidden(text: SafeString) -> SafeString:
    return mark_safe(_DIGEST.sub("…", _without_keys(text)))  # noqa: S308 - the text is safe HTML, and an ellipsis in place of a key or a digest adds no markup


def _without_keys(text: str) -> str:
    return _KEY.sub(r"\1…", text)


def _without_digests(value: Any) -> Any:
    return value if isinstance(value, int | float) else _DIGEST.sub("…", str(value))
