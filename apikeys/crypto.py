"""The text of a key: ``mm_``, 32 random characters, and 6 of checksum. Needs no SECRET_KEY."""

import re
import secrets
import string
from hashlib import sha256
from zlib import crc32

PREFIX = "mm_"
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_LENGTH = 32  # 190 bits
CHECKSUM_LENGTH = 6  # holds the 32 bits of a CRC
HINT_LENGTH = 4

_SHAPE = re.compile(f"{PREFIX}[0-9A-Za-z]{{{RANDOM_LENGTH + CHECKSUM_LENGTH}}}")


class Secret(str):
    """Text whose ``repr`` tells nothing: a debug page shows the variables of every frame so."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'…'"


def generate() -> str:
    """A new key, unlike any other."""
    body = Secret(PREFIX + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH)))
    return Secret(body + _checksum(body))


def is_well_formed(text: str) -> bool:
    """Whether ``text`` could be a key: its shape and its checksum are right, in ASCII."""
    if not _SHAPE.fullmatch(text):
        return False
    return text[-CHECKSUM_LENGTH:] == _checksum(text[:-CHECKSUM_LENGTH])


def digest(key: str) -> str:
    """What is stored of a key: its SHA-256 in hexadecimal.

    A key is 190 random bits, not a word that someone chose: a salt or a slow hash adds nothing.
    """
    return Secret(sha256(key.encode()).hexdigest())


def hint(key: str) -> str:
    """The start of a key, for people to tell keys apart; 166 bits stay secret."""
    # Not its end, as others show: that is the checksum, and tells 32 bits of the whole.
    return key[: len(PREFIX) + HINT_LENGTH] + "…"


def _checksum(body: str) -> str:
    number, characters = crc32(body.encode("ascii")), ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        characters = ALPHABET[digit] + characters
    return characters
