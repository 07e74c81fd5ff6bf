"""What the commands that import a file have in common."""

import argparse
import gc
import os
import stat
import sys
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Generic, TypeVar
from zoneinfo import ZoneInfo

from django.core.management.base import CommandError, CommandParser
from django.db import Error, transaction

from campaigns.base.database_command import DatabaseCommand, failure
from campaigns.base.progress import beside_the_bar, progress_bar
from campaigns.intake.columns import Columns, UnreadableFile, shown_name
from campaigns.intake.lines import (
    Format,
    Values,
    csv_reader,
    json_reader,
    lines_of,
    read_rows,
)

_SELDOM = 100_000  # new objects between two collections

Row = TypeVar("Row")

_FORMATS: dict[str, Format] = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


class LinesRefused(CommandError):
    """Some lines were not imported, or would not be; each has been reported."""


class FileImportCommand(DatabaseCommand, Generic[Row]):
    """Reads a file line by line and saves the good lines batch by batch.

    A line that cannot be imported is reported on standard error, and LinesRefused ends the
    command. A file of which nothing is read, or not what it seems to hold, is a CommandError.
    """

    fields: ClassVar[Sequence[str]]
    required_fields: ClassVar[Sequence[str]]

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("workspace", help="The workspace's name.")
        parser.add_argument(
            "file", help="A .csv, .tsv, .jsonl or .ndjson file; - for standard input."
        )
        parser.add_argument(
            "--format", choices=["csv", "jsonl"], help="What the file is, whatever its ending."
        )
        parser.add_argument(
            "--map",
            action=Pairs,
            metavar="FIELD=COLUMN",
            help=f"The column that holds a field ({', '.join(self.fields)}). May be repeated.",
        )
        parser.add_argument(
            "--set",
            action=Pairs,
            metavar="FIELD=VALUE",
            help="The value of a field on every line. May be repeated.",
        )
        parser.add_argument(
            "--ignore",
            action="append",
            default=[],
            metavar="COLUMN",
            help="A column that is meant to be left out, whatever it looks like. May be repeated.",
        )
        parser.add_argument(
            "--time-zone",
            type=_zone,
            metavar="ZONE",
            help="The IANA time zone of instants that name no offset. Without it they are refused.",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Validate the whole file and write nothing."
        )
        parser.add_argument(
            "--batch-size",
            type=_positive,
            default=10_000,
            help="How many lines to commit at once (default: 10000).",
        )

    @abstractmethod
    def reader(
        self, *, workspace: str, file_format: Format, options: Mapping[str, Any]
    ) -> Callable[[Values], Row | None]:
        """Find the workspace; return the function that validates a line's values for it."""

    @abstractmethod
    def save(self, batch: list[tuple[int, Row]]) -> None:
        """Commit the rows, each with its line number; ``refuse`` those that cannot be."""

    @abstractmethod
    def summary(self) -> str: ...

    def handle(self, *args: Any, **options: Any) -> None:
        self.refused = 0
        self.database: str = options["database"]
        self.dry_run: bool = options["dry_run"]
        columns = self._columns(options)
        try:
            with _opened(options["file"]) as stream:
                self._import(stream, columns, options)
        except UnreadableFile as reason:
            raise CommandError(f"{options['file']}: {reason}") from None
        finally:
            if columns.unused:
                names = ", ".join(map(shown_name, columns.unused))
                self.stderr.write(f"columns not used: {names:.500}")
        refused = "1 line" if self.refused == 1 else f"{self.refused} lines"
        self.stdout.write(f"{self.summary()}; {refused} refused")
        if self.dry_run:
            self.stdout.write("Dry run: nothing was written.")
        if self.refused:
            raise LinesRefused(f"{refused} refused.", returncode=1)

    def _columns(self, options: Mapping[str, Any]) -> Columns:
        mapped, constants = options["map"], options["set"]
        if unknown := [each for each in (*mapped, *constants) if each not in self.fields]:
            raise CommandError(
                f"There is no field {', '.join(unknown)}; there are {', '.join(self.fields)}."
            )
        required = [each for each in self.required_fields if each not in constants]
        return Columns(
            fields=self.fields, required=required, mapped=mapped, ignored=options["ignore"]
        )

    def _import(self, stream: BinaryIO, columns: Columns, options: Mapping[str, Any]) -> None:
        file_format = options["format"] or _format_of(options["file"])
        lines = enumerate(lines_of(stream), start=1)
        read = json_reader(columns) if file_format == "jsonl" else csv_reader(lines, columns)
        read_values = _with_constants(read, self.fields, options["set"])
        read_row = self.reader(
            workspace=options["workspace"], file_format=file_format, options=options
        )
        rows = read_rows(lines, read_values=read_values, read_row=read_row, refuse=self.refuse)
        with _database_needed(self._how_to_go_on), _only_rows_collected():
            number = self._save_batches(rows, options["batch_size"], stream)
        if not number and not self.refused:
            raise UnreadableFile("nothing was read: it has no lines to import")

    def refuse(self, number: int, reason: str) -> None:
        self.refused += 1
        with beside_the_bar():
            self.stderr.write(f"line {number}: {reason}")

    def _how_to_go_on(self) -> str:
        # The current batch may have been committed, too, without our hearing of it.
        return (
            f"\nCommitted before that: {self.summary()}.\n"
            "Run the same command again for the rest: nothing counts twice."
        )

    def _save_batches(self, rows: Iterator[tuple[int, Row]], size: int, stream: BinaryIO) -> int:
        total = _size(stream)
        unit = " lines" if total is None else "B"
        number = 0
        with progress_bar(shown=self.stderr.isatty(), total=total, unit=unit) as advance:
            position = 0
            while batch := list(islice(rows, size)):
                with self._undone() if self.dry_run else nullcontext():
                    self.save(batch)
                number += len(batch)
                reached = number if total is None else stream.tell()
                advance(reached - position)
                position = reached
        return number

    @contextmanager
    def _undone(self) -> Iterator[None]:
        with transaction.atomic(using=self.database):
            yield
            transaction.set_rollback(True, using=self.database)


class Pairs(argparse.Action):
    """Gathers NAME=VALUE, by name."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"default": {}})

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        name, equals, value = values.partition("=")
        if not (name and equals):
            parser.error(f"argument {option_string}: {values!r} is not {self.metavar}")
        setattr(namespace, self.dest, {**getattr(namespace, self.dest), name: value})


def _with_constants(
    read: Callable[[str], Values], fields: Sequence[str], constants: Mapping[str, str]
) -> Callable[[str], Values]:
    if not constants:
        return read

    def read_with_constants(line: str) -> Values:
        return tuple([constants.get(each, v) for each, v in zip(fields, read(line), strict=True)])

    return read_with_constants


def _only_rows_collected() -> AbstractContextManager[None]:
    # Creating rows triggers garbage collection all the time: up to a quarter of an import
    # went into scanning Django's own objects, and the rows of a batch, again and again.
    if gc.get_freeze_count():  # the host has frozen what it has, and unfreezing would undo that
        return nullcontext()
    return _frozen()


@contextmanager
def _frozen() -> Iterator[None]:
    threshold = gc.get_threshold()
    gc.freeze()
    if threshold[0]:  # 0 is how a host may have none
        gc.set_threshold(max(threshold[0], _SELDOM), *threshold[1:])
    try:
        yield
    finally:
        gc.set_threshold(*threshold)
        gc.unfreeze()


@contextmanager
def _database_needed(then: Callable[[], str]) -> Iterator[None]:
    try:
        yield
    except Error as error:
        raise CommandError(f"{failure(error)}{then()}") from error


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise argparse.ArgumentTypeError(f"{name!r} is no IANA time zone") from None


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
    """In bytes; None of a pipe, which has no position either."""
    try:
        status = os.fstat(stream.fileno())
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
