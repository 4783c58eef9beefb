"""What goes on while much is read or worked out: a line on a terminal, lines elsewhere.

A timer of the process tells it, and no thread: a second process is forked only where there are no
threads (see ``beside``), and what is worked out between two looks knows nothing of this.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TextIO, TypeVar

from migrate.report.console import SILENCE

T = TypeVar("T")
TICK = 0.5
"""Seconds between two looks; what ends before the first one draws nothing."""
CLEAR = "\r\x1b[K"


class LongWork:
    """What goes on, and since when. ``columns`` is the width of a terminal, None elsewhere."""

    def __init__(self, what: str, columns: int | None, now: Callable[[], float]) -> None:
        self.what, self.seen, self.is_drawn = what, "", False
        self._columns, self._now = columns, now
        self._began = self._told = now()

    def look(self) -> str:
        """Return what is to be written now; empty where nothing is."""
        now = self._now()
        text = f"{self.seen or self.what} ({now - self._began:.0f} s)"
        if self._columns is not None:
            self.is_drawn = True
            return CLEAR + text[: self._columns - 1]
        if now - self._told < SILENCE:
            return ""
        self._told = now
        return f"{text}\n"


_CURRENT: list[LongWork] = []


def counted(items: Iterable[T], noun: str) -> Iterator[T]:
    """Yield the items, and have it told how many of them were read so far."""
    work = _CURRENT[-1] if _CURRENT else None
    for number, item in enumerate(items, 1):
        if work is not None and not number % 100:
            work.seen = f"reading {noun}: {number:,}"
        yield item
    if work is not None:
        work.seen = ""


@contextmanager
def long_work(what: str) -> Iterator[None]:
    """Tell on stderr what goes on in the block: each second on a terminal, seldom elsewhere.

    Nothing is told where there is no such timer, nobody to write to, or somebody tells already.
    """
    stream = sys.stderr
    if _CURRENT or not _can_tell(stream):
        yield
        return
    is_terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
    columns = shutil.get_terminal_size().columns if is_terminal else None
    work = LongWork(what, columns, time.monotonic)
    _CURRENT.append(work)
    try:
        with _ticking(lambda: _write(stream, work.look())):
            yield
    finally:
        _CURRENT.clear()
        if work.is_drawn:
            _write(stream, CLEAR)


def _can_tell(stream: TextIO | None) -> bool:
    if (
        not hasattr(signal, "setitimer")
        or threading.current_thread() is not threading.main_thread()
    ):
        return False
    with suppress(OSError, AttributeError, ValueError):
        return stream is not None and stream.fileno() >= 0
    return False


@contextmanager
def _ticking(tell: Callable[[], None]) -> Iterator[None]:
    def tick(_number: int, _frame: FrameType | None) -> None:
        tell()

    former = signal.signal(signal.SIGALRM, tick)
    signal.setitimer(signal.ITIMER_REAL, TICK, TICK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


def _write(stream: TextIO, text: str) -> None:
    with suppress(OSError):  # who reads has gone, and the work goes on
        os.write(stream.fileno(), text.encode("ascii", "replace"))
