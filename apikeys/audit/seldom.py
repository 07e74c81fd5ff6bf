"""What is worth doing once in a while, however often it is asked for; pure."""

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable


class Seldom:
    """Of this process: when something may be done again. It remembers ``most`` things."""

    def __init__(self, *, most: int = 10_000) -> None:
        self.most = most
        self._until: OrderedDict[Hashable, float] = OrderedDict()
        self._lock = threading.Lock()

    def is_due(self, thing: Hashable, *, seconds: float) -> bool:
        """Whether to do it now; if so, it is not due again for so many ``seconds``."""
        now = time.monotonic()
        if now < self._until.get(thing, now):
            return False
        with self._lock:
            if now < self._until.get(thing, now):
                return False
            self._until[thing] = now + seconds
            self._until.move_to_end(thing)
            while len(self._until) > self.most:
                self._until.popitem(last=False)
        return True

    def postpone(self, thing: Hashable, *, seconds: float) -> None:
        """Make it due again in so many ``seconds``."""
        with self._lock:
            if thing in self._until:
                self._until[thing] = time.monotonic() + seconds
