import io
from typing import NamedTuple

from django.core.management import call_command

from campaigns.intake.file_command import LinesRefused


class Ended(NamedTuple):
    """What a management command printed, and its exit status."""

    status: int
    out: str
    err: str


def run(command: str, *arguments: object) -> Ended:
    out, err, status = io.StringIO(), io.StringIO(), 0
    try:
        call_command(command, *map(str, arguments), stdout=out, stderr=err)
    except LinesRefused as end:
        status = end.returncode
    return Ended(status, out.getvalue(), err.getvalue())
