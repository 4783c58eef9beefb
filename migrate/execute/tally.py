"""Counting what is done of many, and telling it now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from migrate.execute.clock import Clock
from migrate.execute.events import Event, Progress
from migrate.execute.extent import Extent
from migrate.objects import ObjectRef

EVERY = 0.5
"""Seconds between two events: people read no faster."""


class Tally:
    """How far ``total`` things are, and which are under way. Safe for several threads.

    Nothing is told of a single one.
    """

    def __init__(
        self,
        total: int,
        clock: Clock,
        tell: Callable[[Event], None],
        extent: Extent | None = None,
    ) -> None:
        self._total, self._clock, self._tell, self._extent = total, clock, tell, extent
        self._lock = Lock()
        self._done = 0
        self._begun: dict[ObjectRef, None] = {}
        self._told = clock.monotonic() - EVERY

    @contextmanager
    def under_way(self, target: ObjectRef) -> Iterator[None]:
        """Count one as under way, and as done unless it fails."""
        self._tell_of(target, is_begun=True)
        yield
        self._tell_of(target, is_begun=False)

    def _tell_of(self, target: ObjectRef, *, is_begun: bool) -> None:
        with self._lock:
            if is_begun:
                self._begun[target] = None
            else:
                del self._begun[target]
                self._done += 1
            if self._is_due():
                self._tell(Progress(self._done, self._total, tuple(self._begun), self._extent))

    def _is_due(self) -> bool:
        now = self._clock.monotonic()
        is_due = self._total > 1 and now - self._told >= EVERY
        self._told = now if is_due else self._told
        return is_due
