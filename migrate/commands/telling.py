"""Who is told what happens in a run: people on stderr, programs on stdout or in a file."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Protocol

from migrate.commands.carry import Teller
from migrate.commands.flags import Output
from migrate.commands.output import open_stdout, screen_of
from migrate.errors import KmigrateError, UsageError
from migrate.execute.events import Event, Finished, Stopped
from migrate.operations.model import Direction
from migrate.report.console import Console
from migrate.report.eventlines import event_line


class Writable(Protocol):
    """Takes bytes, or some of them, and tells how many."""

    def write(self, data: memoryview, /) -> int:
        """Return how many bytes were taken."""
        ...


class EventLines:
    """Events as JSON Lines in a stream without a buffer, which would be written at exit once more.

    A stream that takes no more must not stop a run half-way.
    """

    def __init__(self, stream: Writable, name: str) -> None:
        self._stream: Writable | None = stream
        self._name = name

    def tell(self, event: Event) -> None:
        """Write one event at once."""
        if self._stream is None:
            return
        left = memoryview(f"{event_line(event, datetime.now(UTC))}\n".encode())
        try:
            while left:
                left = left[self._stream.write(left) :]
        except (OSError, ValueError) as error:
            self._stream = None
            print(f"no more events are written to {self._name}: {error}", file=sys.stderr)


@dataclass(frozen=True)
class Tellers:
    """Several who are told the same."""

    each: tuple[Teller, ...]

    def tell(self, event: Event) -> None:
        """Tell it to each of them."""
        for one in self.each:
            one.tell(event)


@dataclass(frozen=True)
class Told:
    """Who is told. ``is_further``: the file holds events of this command; ``is_dry``: of a copy."""

    output: Output
    json_into: Path | None = None
    is_further: bool = False
    is_dry: bool = False


@contextmanager
def telling(told: Told) -> Iterator[Teller]:
    """Yield who is told: people, and programs as asked. An error is the last that these get.

    Raise UsageError where the file cannot be written to.
    """
    with ExitStack() as stack:
        lines = Tellers(tuple(_event_lines(stack, told)))
        console = stack.enter_context(Console(screen_of(sys.stderr), is_dry=told.is_dry))
        try:
            yield Tellers((console, *lines.each))
        except KmigrateError as error:
            lines.tell(Stopped(int(error.code), error.message, error.hint))
            raise


def refuse_file(path: Path | None) -> None:
    """Raise UsageError where the file cannot be, before anything is read."""
    if path is None:
        return
    try:
        os.stat(f"{path.parent}/.")  # noqa: PTH116 -- a Path drops the dot, which asks for a folder
    except OSError as error:
        raise UsageError(f"--json-into {path}: {error.strerror}", "name another FILE") from error


def tell_nothing(direction: Direction, output: Output, json_into: Path | None) -> None:
    """Tell programs that there is nothing to do."""
    with ExitStack() as stack:
        for one in _event_lines(stack, Told(output, json_into)):
            one.tell(Finished("", direction))


def _event_lines(stack: ExitStack, told: Told) -> Iterator[EventLines]:
    if told.output is Output.JSONL:
        stream = open_stdout().buffer
        yield EventLines(getattr(stream, "raw", stream), "standard output")
    if told.json_into is not None:
        file = _opened(told.json_into, os.O_APPEND if told.is_further else os.O_TRUNC)
        yield EventLines(stack.enter_context(file), str(told.json_into))


def _opened(path: Path, how: int) -> FileIO:
    """Open a file that nobody else may read: values of objects are in it."""
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600)
    except OSError as error:
        raise UsageError(f"--json-into {path}: {error.strerror}", "name another FILE") from error
    if stat.S_ISREG(os.fstat(made).st_mode):
        os.fchmod(made, 0o600)  # it may have been there before
    return FileIO(made, "wb")
