"""Events for people, on stderr: one status line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self, assert_never

from migrate.execute.events import (
    Activated,
    Event,
    Finished,
    Kept,
    Met,
    Retrying,
    Skipped,
    Started,
    Waiting,
    Written,
)
from migrate.objects import printable
from migrate.operations.describe import (
    describe,
    describe_activation,
    describe_condition,
    place_of,
)

if TYPE_CHECKING:
    from rich.status import Status

SILENCE = 10.0
"""Seconds between two plain lines that say that something is still awaited."""


class Console:
    """Tells events. As a context manager it owns the status line of a terminal."""

    def __init__(self) -> None:
        self._status: Status | None = None
        self._told = -SILENCE

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console as RichConsole  # noqa: PLC0415 -- slow to import

            self._status = RichConsole(stderr=True).status("...")
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def tell(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, Waiting):
            self._waiting(event)
        else:
            self.line(line_of(event))

    def line(self, text: str) -> None:
        """Print a line above the status line."""
        self._told = -SILENCE
        _say(text)

    def _waiting(self, event: Waiting) -> None:
        text = f"waiting {event.why} ({event.seconds:.0f} s)"
        if self._status is not None:
            self._status.update(text)
        elif event.seconds - self._told >= SILENCE:
            _say(text)
            self._told = event.seconds


def _say(text: str) -> None:
    with suppress(OSError):  # a reader who has gone must not stop a run half-way
        print(printable(text), file=sys.stderr, flush=True)


def line_of(event: Event) -> str:  # noqa: C901, PLR0911 -- one case for each event
    """Return an event as one line."""
    match event:
        case Started(run, direction, resumed):
            return f"run {run}: {direction}" + (" goes on" if resumed else "")
        case Waiting(why):
            return f"waiting {why}"
        case Retrying(target, reason):
            return f"trying again: {target}: {reason}"
        case Written(operation):
            return "\n".join(describe(operation))
        case Skipped(operation, reason):
            return f"= {operation.target}: {reason}"
        case Kept(target, edit, found):
            return f"! kept {target}: {place_of(edit)}: somebody set {found}"
        case Activated(activation):
            return describe_activation(activation)
        case Met(condition, reason):
            return f"ok {describe_condition(condition)}" + _because(reason)
        case Finished(run, direction):
            return f"run {run}: {direction} finished"
        case _:
            assert_never(event)


def _because(reason: str) -> str:
    return f" ({reason})" if "gone" in reason else ""
