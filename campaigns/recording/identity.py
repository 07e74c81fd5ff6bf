"""Who a message is: one mail to one recipient, in whichever spelling it arrives."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import unquote

# What the column of the events holds; see message_identity for the parts.
MAX_MESSAGE_ID_LENGTH = 255
MARK_LENGTH = 16
_LONGEST_ID = MAX_MESSAGE_ID_LENGTH - 1 - MARK_LENGTH

# Ids that are spelled as an identity already, or as a Message-ID header has it: nearly all are.
_ID = r"[!-$&-;=?A-Z\[-~]{1,120}(@[!-$&-;=?\[-~]{1,100})?"
_PLAIN = re.compile(rf"{_ID}( [0-9a-f]{{16}})?")
_PLAIN_OR_IN_BRACKETS = re.compile(rf"{_PLAIN.pattern}|<{_ID}>")
_WITH_MARK = re.compile(r"(.+) ([0-9a-f]{16})", re.DOTALL)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_IDS_IN_BRACKETS = re.compile(r"<([^<>\s]+@[^<>\s]+)>")
_IN_BRACKETS = re.compile(r"<([^<>]*)>\s*$")
_COMMENT = re.compile(r"\([^()]*\)")
_ADDRESS = re.compile(r"""("[^"]+"|[^\s<>,;:()"@]+)@[^\s<>,;:()"@]+""")


class InvalidMessage(ValueError):
    """This can't identify a message; the text says why, fit for a terminal."""


def message_identity(*, message_id: str, recipient: str | None = None) -> str:
    """The one spelling under which the events of a message are recorded.

    Of the id, blanks, angle brackets and what stands outside of them go, escapes of an URL are
    undone where its ``@`` is one, and a domain after its last ``@`` is in lower case; all else
    counts, for only whoever made an id knows what it means. An id of more than 238 characters
    becomes ``sha256:`` and its digest.

    With a recipient follow a blank and 16 hexadecimal digits, a digest of the address: nothing
    else of it is kept. The address counts without a display name, comments and ``mailto:``, in
    lower case, its domain in ASCII and without a dot at its end. A blank recipient is none.

    An identity is its own identity: calling again changes nothing. Raises InvalidMessage for an
    id that is empty, that is several, or that a database can't hold (NUL, half a surrogate pair),
    and for a recipient that is not one address.
    """
    identity = _spelled(message_id)
    if recipient is None or not recipient.strip():
        return identity
    mark = recipient_mark(recipient)
    return identity if identity.endswith(f" {mark}") else f"{without_mark(identity)} {mark}"


def is_plain(message_id: object) -> bool:
    """Whether it certainly is an identity as it stands: a quick test that nearly all pass."""
    return type(message_id) is str and _PLAIN.fullmatch(message_id) is not None


def plain_identity(message_id: object) -> str | None:
    """The identity of an id that is spelled as nearly all are, else None: a quick test."""
    if type(message_id) is not str or not _PLAIN_OR_IN_BRACKETS.fullmatch(message_id):
        return None
    return message_id[1:-1] if message_id[0] == "<" else message_id


def plain_identities(message_ids: Sequence[str]) -> Sequence[str] | None:
    """The identity of each where all are spelled as nearly all are, else None: a quick test."""
    if not all(map(_PLAIN_OR_IN_BRACKETS.fullmatch, message_ids)):
        return None
    if any(each[0] == "<" for each in message_ids):
        return [each[1:-1] if each[0] == "<" else each for each in message_ids]
    return message_ids


def has_mark(identity: str) -> bool:
    """Whether it names the recipient, too."""
    return identity[-1 - MARK_LENGTH : -MARK_LENGTH] == " " and bool(_WITH_MARK.fullmatch(identity))


def without_mark(identity: str) -> str:
    """The same mail's identity where the recipient is not known."""
    return identity[: -1 - MARK_LENGTH] if has_mark(identity) else identity


def recipient_mark(recipient: str) -> str:
    """The digest of an address, in any of its spellings; raises InvalidMessage."""
    spelled = _address(recipient).encode(errors="replace")
    return hashlib.blake2b(spelled, digest_size=MARK_LENGTH // 2).hexdigest()


def _spelled(message_id: str) -> str:
    if (plain := plain_identity(message_id)) is not None:
        return plain
    if not isinstance(message_id, str):
        raise InvalidMessage(f"message_id must be text, not {message_id!r:.80}")
    if "@" not in message_id and "%40" in message_id:
        message_id = unquote(message_id)
    if match := _UNSTORABLE.search(message_id):
        what = "a NUL character" if match[0] == "\0" else "half a surrogate pair"
        raise InvalidMessage(f"message_id {message_id!r:.60} holds {what}")
    marked = _WITH_MARK.fullmatch(message_id)
    text, mark = (marked[1], f" {marked[2]}") if marked else (message_id, "")
    text = _bare(text)
    if not text:
        raise InvalidMessage("message_id is empty")
    local, at, domain = text.rpartition("@")
    return _shortened(f"{local}{at}{domain.lower()}" if at else text) + mark


def _bare(text: str) -> str:
    """Without what stands around an id in a header."""
    ids = _IDS_IN_BRACKETS.findall(text)
    if len(ids) > 1:
        raise InvalidMessage(f"message_id {text!r:.60} holds {len(ids)} ids")
    return ids[0] if ids else text.strip().strip("<>").strip()


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST_ID:
        return text
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _address(recipient: str) -> str:
    plain = _COMMENT.sub("", recipient)
    named = _IN_BRACKETS.search(recipient) or _IN_BRACKETS.search(plain)
    text = (named[1] if named else plain).strip()
    if text[:7].lower() == "mailto:":  # an URL, and what it has after "?" is of the mail
        text = unquote(text[7:].partition("?")[0])
    if not _ADDRESS.fullmatch(text):
        raise InvalidMessage(f"recipient {recipient!r:.80} is not one address")
    local, _, domain = unicodedata.normalize("NFC", text).lower().rpartition("@")
    return f"{unicodedata.normalize('NFC', local)}@{_ascii_domain(domain)}"


def _ascii_domain(domain: str) -> str:
    domain = domain.rstrip(".")
    if domain.isascii() and "xn--" not in domain:
        return domain
    with suppress(UnicodeError):  # no domain that mail goes to, but the same each time
        labels = [_unicode_label(label) for label in domain.split(".")]
        return ".".join(labels).lower().encode("idna").decode("ascii").lower()
    return domain


def _unicode_label(label: str) -> str:
    # Both standards of IDN make Unicode of ASCII in the same way, but not ASCII of every letter.
    return label[4:].encode("ascii").decode("punycode") if label.startswith("xn--") else label
