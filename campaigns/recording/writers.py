"""How a batch of valid events is written, by the database's vendor.

A writer takes a connection's alias, a workspace's id and the batch, writes it wholly or not at
all, and answers how many events were new and how many moved a known one earlier. Rows are written
in the order of their key, so that two writers never wait for each other crosswise. A campaign
that is not in the workspace is an IntegrityError: the database refuses to write its event, and
the writer refuses one that it need not write because an earlier one is known.
"""

from collections.abc import Callable, Sequence

from campaigns.recording import postgresql, sqlite
from campaigns.recording.events import Event

Writer = Callable[[str, int, Sequence[Event]], tuple[int, int]]

WRITERS: dict[str, Writer] = {"postgresql": postgresql.write, "sqlite": sqlite.write}
