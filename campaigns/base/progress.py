"""A bar that shows how far a long command is; nothing without a terminal or without tqdm."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

try:
    from tqdm import tqdm  # type: ignore[import-untyped]
except ImportError:
    tqdm = None


@contextmanager
def progress_bar(*, shown: bool, total: int | None, unit: str) -> Iterator[Callable[[int], object]]:
    """Draw on standard error if ``shown``; answer the function to call with each advance.

    Without a ``total`` the bar only counts.
    """
    if tqdm is None or not shown:
        yield lambda advance: None
        return
    with tqdm(total=total, unit=unit, unit_scale=True) as bar:
        yield bar.update


def beside_the_bar() -> AbstractContextManager[object]:
    """While lines are written to standard error, a bar there gives way to them."""
    if tqdm is None:
        return nullcontext()
    return tqdm.external_write_mode(file=sys.stderr)  # type: ignore[no-any-return]
