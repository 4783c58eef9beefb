"""Trying again where the API server gave no usable answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from migrate.errors import UnreachableError
from migrate.execute.clock import Clock
from migrate.execute.events import Event, Retrying
from migrate.objects import ObjectRef

T = TypeVar("T")
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0


def insist(
    action: Callable[[], T],
    target: ObjectRef,
    clock: Clock,
    tell: Callable[[Event], None],
    timeout: float,
    longest_pause: float = LONGEST_PAUSE,
) -> T:
    """Do it, and again while nobody answers, for ``timeout`` seconds; pauses too are in seconds.

    A write whose answer got lost may have been done: an action that writes must begin with
    a read. At least as long is waited as the server asks for, up to ``longest_pause``. Raise
    the last UnreachableError when the time is over.
    """
    began, pause = clock.monotonic(), FIRST_PAUSE
    while True:
        try:
            return action()
        except UnreachableError as error:
            if clock.monotonic() - began >= timeout:
                raise
            tell(Retrying(target, error.message))
            asked = error.retry_after
        clock.sleep(min(max(pause, asked), longest_pause))
        pause = min(pause * 2, longest_pause, LONGEST_PAUSE)
