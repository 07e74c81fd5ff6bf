import io
from typing import NamedTuple

from django.core.management import call_command


class Ended(NamedTuple):
    """What a management command printed, and its exit status."""

    status: int
    out: str
    err: str


def run(command: str, *arguments: object) -> Ended:
    out, err, status = io.StringIO(), io.StringIO(), 0
    try:
        call_command(command, *map(str, arguments), stdout=out, stderr=err)
    except SystemExit as end:
        status = int(end.code or 0)
    return Ended(status, out.getvalue(), err.getvalue())
