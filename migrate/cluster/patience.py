"""Reading again where a server that is there could not answer. For reads alone.

A write whose answer got lost may have been done: what to do about it is the engine's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from migrate.errors import UnreachableError

T = TypeVar("T")

TRIES = 5
FIRST_PAUSE = 0.2
"""Seconds before the second try; twice as many before each further one."""
PATIENCE = 60.0
"""Seconds of pauses altogether. API servers ask for up to 32 (Kubernetes 1.34,
``dropped_requests_tracker.go``)."""


def patiently(read: Callable[[], T], pause: Callable[[float], None] = time.sleep) -> T:
    """Return what ``read`` returns; read again where the failure may pass by itself.

    At least as long is waited as the server asks for. Raise the last UnreachableError after 5
    tries, at once where it is not ``is_passing`` or asks for more than a minute.
    """
    left = PATIENCE
    for number in range(1, TRIES + 1):
        try:
            return read()
        except UnreachableError as error:
            seconds = max(FIRST_PAUSE * 2 ** (number - 1), error.retry_after)
            if number == TRIES or not error.is_passing or seconds > left:
                error.message += _why_no_more(error, number, left)
                raise
        pause(seconds)
        left -= seconds
    raise AssertionError  # the last try returns or raises


def _why_no_more(error: UnreachableError, tries: int, left: float) -> str:
    if error.is_passing and error.retry_after > left:
        return f"; it asks for a pause of {error.retry_after:g} s, and {left:g} s is the limit"
    return f"; asked {tries} times" if tries > 1 else ""
