"""Events for people, on stderr: one status line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self, assert_never

from migrate.execute.events import (
    Activated,
    Event,
    Failed,
    Finished,
    Kept,
    Met,
    Progress,
    Proven,
    Retrying,
    Skipped,
    Started,
    Stopped,
    Troubled,
    Waiting,
    Written,
)
from migrate.execute.extent import Extent
from migrate.execute.troubles import Trouble
from migrate.objects import ObjectRef, count
from migrate.operations.describe import (
    describe,
    describe_activation,
    describe_condition,
    place_of,
)
from migrate.operations.model import Patch
from migrate.report.fielddiff import operation_lines
from migrate.report.lines import PIPE, Screen, Tone, Toned, drawn, fitted

if TYPE_CHECKING:
    from rich.status import Status

SILENCE = 10.0
"""Seconds between two plain lines that say that something is still awaited."""


TOLD_AT_THE_END = (Proven, Stopped)
"""These are printed when all is over, and not where they happen."""
UNDER_WAY = 3
"""So many of the objects under way are named in the status line."""


class Console:
    """Tells events. As a context manager it owns the status line of a terminal."""

    def __init__(self, screen: Screen = PIPE, *, is_dry: bool = False) -> None:
        self._screen = screen
        self._is_dry = is_dry
        self._status: Status | None = None
        self._told = -SILENCE
        self._extent: Extent | None = None

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
            self._waiting(f"waiting {event.why} ({event.seconds:.0f} s)", event.seconds)
        elif isinstance(event, Progress):
            self._extent = event.extent
            self._show(line_of(event))
        else:
            self._told = -SILENCE
            is_diff = isinstance(event, Written)
            for line in lines_of(event, is_dry=self._is_dry):
                for piece in [line] if is_diff else fitted(line, self._screen):
                    self._say(piece)

    def _waiting(self, text: str, seconds: float) -> None:
        if self._status is not None:
            self._show("; ".join((*_whole(self._extent), text)))
        elif seconds - self._told >= SILENCE:
            self._say(text)
            self._told = seconds

    def _show(self, text: str) -> None:
        """Put a text into the status line, where there is one."""
        if self._status is not None:
            from rich.text import Text  # noqa: PLC0415 -- there already, with the status line

            self._status.update(Text(drawn(text, PIPE)))

    def _say(self, text: str) -> None:
        with suppress(OSError):  # a reader who has gone must not stop a run half-way
            print(drawn(text, self._screen), file=sys.stderr, flush=True)


def lines_of(event: Event, *, is_dry: bool = False) -> Iterator[str]:
    """Yield an event as lines: one, but for the fields of what was patched.

    A dry run has no name: its record is gone with it.
    """
    if is_dry and isinstance(event, Started | Finished):
        yield line_of(event).replace(f"run {event.run}:", "dry run:", 1)
    elif isinstance(event, Written) and isinstance(event.operation.change, Patch):
        yield from operation_lines(event.operation)
    elif not isinstance(event, TOLD_AT_THE_END):
        yield line_of(event)


def line_of(event: Event) -> str:  # noqa: C901, PLR0911, PLR0912 -- one case for each event
    """Return an event as one line."""
    match event:
        case Started(run, direction, resumed):
            return f"run {run}: {direction}" + (" goes on" if resumed else "")
        case Waiting(why):
            return f"waiting {why}"
        case Retrying(target, reason):
            return f"trying again: {target}: {reason}"
        case Written(operation):
            return describe(operation)
        case Skipped(operation, reason):
            return f"= {operation.target}: {reason}"
        case Kept(target, edit, found):
            return f"! kept {target}: {place_of(edit)}: somebody set {found}"
        case Activated(activation):
            return describe_activation(activation)
        case Met(condition, reason):
            return f"ok {describe_condition(condition)}" + _because(reason)
        case Troubled(target, trouble, owner):
            return Toned(f"! {_whose(owner or target, trouble)}{trouble}", Tone.WARNING)
        case Failed(target, reason):
            return f"failed too: {target}: {reason}"
        case Progress(done, total, targets, extent):
            part = [f"{done:,} of {total:,}, under way: {_few(targets)}"] if total else []
            return "; ".join((*_whole(extent), *part))
        case Proven(subject, holds, text):
            return f"{'ok' if holds else 'NOT OK'}  {subject}: {text}"
        case Stopped(_, error):
            return f"error: {error}"
        case Finished(run, direction):
            return f"run {run}: {direction} finished"
        case _:
            assert_never(event)


def _whole(extent: Extent | None) -> Iterator[str]:
    if extent is not None:
        services = count(extent.total, "service")
        yield f"wave {extent.wave:,} of {extent.waves:,}, {extent.done:,} of {services} done"


def _whose(awaited: ObjectRef, trouble: Trouble) -> str:
    return "" if awaited == trouble.subject else f"{awaited}: "


def _few(targets: Sequence[ObjectRef]) -> str:
    more = f" and {len(targets) - UNDER_WAY} more" if len(targets) > UNDER_WAY else ""
    return ", ".join(map(str, targets[:UNDER_WAY])) + more


def _because(reason: str) -> str:
    return f" ({reason})" if "gone" in reason else ""
