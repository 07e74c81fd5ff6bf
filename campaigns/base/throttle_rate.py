"""A limit of requests, or bytes, per time, such as 600 a minute; pure."""

import re
from dataclasses import dataclass
from typing import Any

_SPELLING = re.compile(r"([1-9][0-9]{0,11})/(s|sec|m|min|h|hour|d|day)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class ThrottleRate:
    most: int
    seconds: int

    @staticmethod
    def is_spelled(text: Any) -> bool:
        """Whether it is a rate in REST framework's notation, such as ``600/min``."""
        return isinstance(text, str) and _SPELLING.fullmatch(text) is not None

    @classmethod
    def parse(cls, text: str) -> "ThrottleRate":
        """Raises ValueError unless `is_spelled`."""
        if not (match := _SPELLING.fullmatch(text)):
            raise ValueError(f"{text!r} is not a number per sec, min, hour or day.")
        return cls(int(match[1]), _SECONDS[match[2][0]])
