"""What the commands that import a file have in common."""

import argparse
import gc
import os
import stat
import sys
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Generic, TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError

from campaigns.base.database_option import add_database_option
from campaigns.base.progress import beside_the_bar, progress_bar
from campaigns.intake.lines import (
    Format,
    UnreadableHeader,
    Values,
    csv_reader,
    json_reader,
    lines_of,
    read_rows,
)

Row = TypeVar("Row")

_FORMATS: dict[str, Format] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


class FileImportCommand(BaseCommand, Generic[Row]):
    """Reads a file line by line and saves the good lines batch by batch.

    A line that cannot be imported is reported on standard error; the exit status is then 1.
    """

    fields: ClassVar[Sequence[str]]
    required_fields: ClassVar[Sequence[str]]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workspace", help="The workspace's name.")
        parser.add_argument("file", help="A .csv, .jsonl or .ndjson file; - for standard input.")
        parser.add_argument(
            "--format", choices=["csv", "jsonl"], help="What the file is, whatever its ending."
        )
        parser.add_argument(
            "--batch-size",
            type=_positive,
            default=10_000,
            help="How many lines to commit at once (default: 10000).",
        )
        add_database_option(parser)

    @abstractmethod
    def reader(
        self, *, workspace: str, file_format: Format, database: str
    ) -> Callable[[Values], Row]:
        """Find the workspace; return the function that validates a line's values for it."""

    @abstractmethod
    def save(self, batch: list[tuple[int, Row]]) -> None:
        """Commit the rows, each with its line number; ``refuse`` those that can't be saved."""

    @abstractmethod
    def summary(self) -> str: ...

    def handle(self, *args: Any, **options: Any) -> None:
        self.refused = 0
        file_format = options["format"] or _format_of(options["file"])
        with _opened(options["file"]) as stream:
            lines = enumerate(lines_of(stream), start=1)
            read_values = self._values_reader(lines, file_format, options["file"])
            with _database_needed():
                read_row = self.reader(
                    workspace=options["workspace"],
                    file_format=file_format,
                    database=options["database"],
                )
            rows = read_rows(lines, read_values=read_values, read_row=read_row, refuse=self.refuse)
            with _database_needed(self._how_to_go_on), _rows_alone_collected():
                self._save_batches(rows, options["batch_size"], stream)
        refused = "1 line" if self.refused == 1 else f"{self.refused} lines"
        self.stdout.write(f"{self.summary()}; {refused} refused")
        if self.refused:
            sys.exit(1)

    def refuse(self, number: int, reason: str) -> None:
        self.refused += 1
        with beside_the_bar():
            self.stderr.write(f"line {number}: {reason}")

    def _how_to_go_on(self) -> str:
        # The batch under way may have been committed as well, without our hearing of it.
        return (
            f"\nCommitted before that: {self.summary()}.\n"
            "Run the same command again for the rest: nothing counts twice."
        )

    def _values_reader(
        self, lines: Iterator[tuple[int, bytes]], file_format: Format, file: str
    ) -> Callable[[str], Values]:
        if file_format == "jsonl":
            return json_reader(fields=self.fields)
        try:
            return csv_reader(lines, fields=self.fields, required=self.required_fields)
        except UnreadableHeader as error:
            raise CommandError(f"{file}: {error}") from None

    def _save_batches(self, rows: Iterator[tuple[int, Row]], size: int, stream: BinaryIO) -> None:
        total = _size(stream)
        unit = " lines" if total is None else "B"
        with progress_bar(shown=self.stderr.isatty(), total=total, unit=unit) as advance:
            position = 0
            while batch := list(islice(rows, size)):
                self.save(batch)
                reached = position + len(batch) if total is None else stream.tell()
                advance(reached - position)
                position = reached


@contextmanager
def _rows_alone_collected() -> Iterator[None]:
    # The rows of each batch make Python look for garbage all the time: up to a quarter of an
    # import went to searching all that Django consists of, again and again.
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def _database_needed(then: Callable[[], str] = str) -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        reason = str(error).partition("\n")[0]
        raise CommandError(f"The database failed: {reason}{then()}") from None


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _format_of(file: str) -> Format:
    if file == "-":
        raise CommandError("Standard input needs --format csv or --format jsonl.")
    try:
        return _FORMATS[Path(file).suffix.lower()]
    except KeyError:
        raise CommandError(
            f"{file}: the ending is none of {', '.join(_FORMATS)}; say what it is with --format."
        ) from None


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        if sys.stdin is None:
            raise CommandError("Standard input is closed.")
        yield sys.stdin.buffer
        return
    try:
        stream = open(file, "rb")  # noqa: SIM115 - an error of the body is not the file's
    except (OSError, ValueError) as error:
        raise CommandError(f"{file}: {getattr(error, 'strerror', None) or error}") from None
    with stream:
        yield stream


def _size(stream: BinaryIO) -> int | None:
    """In bytes; None for a pipe, which has no position either."""
    try:
        status = os.fstat(stream.fileno())
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
