"""The fenced blocks of a document that is followed line by line."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_BLOCK = re.compile(r"^```(?P<language>\w+)(?: (?P<file>\S+))?\n(?P<text>.*?)^```$", re.M | re.S)


class Block(NamedTuple):
    """``file`` is what the block is named after, "" for a console or pycon block."""

    language: str
    file: str
    text: str


class Step(NamedTuple):
    """A command of a console block and what it prints; "..." stands for anything."""

    command: str
    output: str


def blocks(document: str) -> list[Block]:
    return [Block(*(part or "" for part in block)) for block in _BLOCK.findall(document)]


def steps(console: str) -> Iterator[Step]:
    for part in re.split(r"^\$ ", console, flags=re.M)[1:]:
        command, _, output = part.partition("\n")
        yield Step(command, output)
