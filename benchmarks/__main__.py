"""``make bench``: measures recording, reading and serving side by side; see README.md here."""

import os
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from time import perf_counter

from benchmarks import growing, tables
from benchmarks.environment import machine, set_up
from benchmarks.sizes import HUGE, SIZES
from tests.postgres import temporary_server

PARTS = ("recording", "serving", "writing", "reading")


def main() -> int:
    name = os.environ.get("SIZE") or "full"
    if name == "huge":
        return growing.run(HUGE)
    if name not in SIZES:
        print(f"SIZE is one of {', '.join(SIZES)} and huge, not {name!r}.", file=sys.stderr)
        return 2
    unknown = set(chosen := os.environ.get("PARTS", "").split() or list(PARTS)) - set(PARTS)
    if unknown:
        print(f"PARTS are of {', '.join(PARTS)}, not {', '.join(unknown)}.", file=sys.stderr)
        return 2
    start = perf_counter()
    with tempfile.TemporaryDirectory() as folder, temporary_server(durable=True) as server:
        set_up(server.url, Path(folder))
        print(f"## SIZE={name}\n\n{machine(server.version)}")
        for part in chosen:
            import_module(f"benchmarks.{part}").run(SIZES[name], Path(folder))
    tables.goals()
    print(f"The run took {(perf_counter() - start) / 60:.1f} minutes.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
