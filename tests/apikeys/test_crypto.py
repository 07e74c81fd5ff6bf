import re
import string
from math import log2
from pathlib import Path
from zlib import crc32

import pytest

from apikeys.crypto import ALPHABET, digest, generate, hint, is_well_formed

# Its checksum comes from a gzip trailer.
KEY = "mm_0123456789ABCDEFGHIJKLMNOPQRSTUV3hylLU"
CHARACTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase


def test_the_last_six_characters_are_the_crc_in_base_62():
    number = 0
    for character in KEY[-6:]:
        number = number * 62 + CHARACTERS.index(character)

    assert number == crc32(KEY[:-6].encode())
    assert is_well_formed(KEY)


@pytest.mark.parametrize("body", ["mm_" + "0" * 31, "mm_" + "0" * 33, "nn_" + "0" * 32, "mm_"])
def test_a_right_checksum_alone_makes_no_key(body):
    number = crc32(body.encode())

    checksum = "".join(CHARACTERS[number // 62**place % 62] for place in reversed(range(6)))
    assert not is_well_formed(body + checksum)


def test_every_checksum_fits_in_six_characters():
    assert 62**5 < 2**32 < 62**6


def test_a_new_key_is_well_formed_and_like_no_other():
    keys = {generate() for _ in range(1000)}

    assert len(keys) == 1000
    assert all(is_well_formed(key) and len(key) == 41 and key[:3] == "mm_" for key in keys)
    assert {character for key in keys for character in key[3:35]} == set(CHARACTERS)


def test_a_key_keeps_160_bits_secret_when_its_hint_is_shown():
    key = generate()

    assert hint(key) == key[:7] + "…"
    assert ALPHABET == CHARACTERS
    assert 32 * log2(62) > 190
    assert (32 - 4) * log2(62) > 160


@pytest.mark.parametrize("index", range(len(KEY)))
def test_any_one_character_mistyped_is_noticed(index):
    for character in set(CHARACTERS + "_- ") - {KEY[index]}:
        assert not is_well_formed(KEY[:index] + character + KEY[index + 1 :])


@pytest.mark.parametrize("index", range(3, len(KEY) - 1))
def test_two_neighbours_swapped_are_noticed(index):
    mistyped = KEY[:index] + KEY[index + 1] + KEY[index] + KEY[index + 2 :]

    assert is_well_formed(mistyped) == (mistyped == KEY)


@pytest.mark.parametrize(
    "text",
    [
        *("", "mm_", "mm_" + "0" * 38, KEY[:-1], KEY + "0", f"{KEY},{KEY}", "0" * 10**5),
        *(f"{KEY}é", f"{KEY}\n", f"\n{KEY}", f" {KEY}", f"{KEY} ", f"{KEY}\0"),
        *(KEY.upper(), KEY.lower(), KEY.replace("mm_", "nn_"), "\ud800" * 41),
        *(KEY.replace("0", zero) for zero in ("\u0660", "\uff10", "é")),
    ],
)
def test_anything_else_is_not_well_formed(text):
    assert not is_well_formed(text)


def test_the_digest_is_plain_sha_256_whatever_the_secret_key(settings):
    settings.SECRET_KEY = "another"

    assert digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_the_documented_pattern_for_secret_scanners_finds_every_key():
    text = (Path(__file__).parents[2] / "SECURITY.md").read_text(encoding="utf-8")
    pattern = re.search(r"by the pattern `(.+)`", text)[1]
    for _ in range(1000):
        key = generate()
        assert re.findall(pattern, f"X-API-Key: {key}\n") == [key]
