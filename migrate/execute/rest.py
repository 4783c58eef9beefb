"""Letting time go by between two waves, so that people see what the first one did."""

from __future__ import annotations

from collections.abc import Callable

from migrate.execute.clock import Clock
from migrate.execute.events import Event, Waiting


def rest(
    seconds: float,
    clock: Clock,
    tell: Callable[[Event], None],
    guard: Callable[[], None],
    longest: float,
) -> None:
    """Return after so many seconds. Raise InterruptError where a signal asks to stop.

    ``guard`` keeps the Lease; it is called at least every ``longest`` seconds.
    """
    until = clock.monotonic() + seconds
    while (left := until - clock.monotonic()) > 0:
        tell(Waiting(f"{seconds:g} s between two waves (--pause)", seconds - left))
        guard()
        clock.sleep(min(left, longest))
