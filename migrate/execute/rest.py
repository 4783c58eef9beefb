"""Letting time go by between two waves, so that people see what the first one did."""

from __future__ import annotations

from collections.abc import Callable

from migrate.execute.clock import Clock
from migrate.execute.events import Event, Waiting

TOLD = 5.0
"""Seconds between two words about it."""


def rest(
    seconds: float,
    clock: Clock,
    tell: Callable[[Event], None],
    guard: Callable[[], None],
    longest: float,
) -> None:
    """Return after so many seconds. Raise InterruptError where a signal asks to stop.

    ``guard`` keeps the Lease; it is called at least every ``longest`` seconds, and so is ``tell``.
    """
    until = clock.monotonic() + seconds
    while (left := until - clock.monotonic()) > 0:
        tell(Waiting(f"{seconds:g} s between two waves (--pause)", round(seconds - left, 1)))
        guard()
        clock.sleep(min(left, longest, TOLD))
