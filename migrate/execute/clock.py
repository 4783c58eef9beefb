"""Time, as something that is passed in."""

from __future__ import annotations

import os
import select
import time
from datetime import UTC, datetime
from typing import Protocol

from migrate.errors import Exit, InterruptError


class Clock(Protocol):
    """What the engine needs of time."""

    def monotonic(self) -> float:
        """Return seconds that never go back, and go on while the machine sleeps."""
        ...

    def now(self) -> datetime:
        """Return the time of day in UTC, for people and records only."""
        ...

    def check(self) -> None:
        """Raise InterruptError where a signal asked to stop."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait. Raise InterruptError at once where a signal asks to stop."""
        ...


class Stop:
    """A request to stop, made by a signal and honoured between two steps.

    A pipe, because a signal's handler may interrupt the very thread that waits: whatever
    takes a lock for that can wait for itself, forever.
    """

    def __init__(self) -> None:
        self._readable, self._writable = os.pipe()
        self._code: Exit | None = None

    def ask(self, code: Exit) -> None:
        """Ask everybody who sleeps or checks to stop. Safe in a signal's handler."""
        self._code = code
        os.write(self._writable, b".")

    def wait(self, seconds: float) -> None:
        """Wait. Raise InterruptError as soon as a stop is asked for."""
        select.select([self._readable], [], [], seconds)
        if self._code is not None:
            by = "Ctrl-C" if self._code is Exit.INTERRUPTED else "a signal"
            raise InterruptError(self._code, f"stopped by {by}")

    def close(self) -> None:
        """Give the pipe back."""
        os.close(self._readable)
        os.close(self._writable)


class SystemClock:
    """The machine's clock."""

    def __init__(self, stop: Stop | None = None) -> None:
        self._stop = stop or Stop()

    def monotonic(self) -> float:
        """Return the boot clock where there is one: a laptop that slept has lost its Lease."""
        boot = getattr(time, "CLOCK_BOOTTIME", None)
        return time.monotonic() if boot is None else time.clock_gettime(boot)

    def now(self) -> datetime:
        """Return the time of day in UTC."""
        return datetime.now(UTC)

    def check(self) -> None:
        """Raise InterruptError where a signal asked to stop."""
        self._stop.wait(0)

    def sleep(self, seconds: float) -> None:
        """Wait. Raise InterruptError at once where a signal asks to stop."""
        self._stop.wait(seconds)
