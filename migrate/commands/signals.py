"""Signals while something is written: the first asks to stop, the second ends at once."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from migrate.errors import Exit
from migrate.execute.clock import Stop

CODES = {
    signal.SIGINT: Exit.INTERRUPTED,
    signal.SIGTERM: Exit.TERMINATED,
    signal.SIGHUP: Exit.TERMINATED,
}

SHOW_CURSOR = "\x1b[?25h\n"
"""A status line hides the cursor of the terminal."""
CLEAR_LINE = "\r\x1b[K"
"""What was drawn of a status line would stand before the words."""


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Turn signals into a request to stop, so that no write is torn in two."""
    stop = Stop()
    asked: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        code = CODES[signal.Signals(number)]
        if asked:
            _say(SHOW_CURSOR if sys.stderr.isatty() else "")
            os._exit(code)  # the record and the Lease's expiry are what is left to rely on
        asked.append(number)
        stop.ask(code)
        clear = CLEAR_LINE if sys.stderr.isatty() else ""
        _say(f"{clear}stopping after the requests under way; again: stop at once\n")

    former = {number: signal.signal(number, handle) for number in CODES}
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        stop.close()


def _say(text: str) -> None:
    # Not print: the signal may have come in the middle of one.
    os.write(sys.stderr.fileno(), text.encode())
