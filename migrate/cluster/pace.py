"""How many requests are made in a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock


class Pace:
    """Lets through ``qps`` requests in a second, evenly; 0 lets all through at once.

    Safe for several threads: they pass in the order in which they came.
    """

    def __init__(
        self,
        qps: int = 0,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap = 1 / qps if qps else 0.0
        self._monotonic, self._sleep = monotonic, sleep
        self._lock = Lock()
        self._next = 0.0

    @property
    def is_limited(self) -> bool:
        """Whether it holds anything back."""
        return bool(self._gap)

    def wait(self) -> None:
        """Return when the next request may be made."""
        if not self._gap:
            return
        with self._lock:
            now = self._monotonic()
            mine = max(now, self._next)
            self._next = mine + self._gap
        if mine > now:
            self._sleep(mine - now)
