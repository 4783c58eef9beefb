"""A clock that only moves when somebody sleeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class FakeClock:
    """Time at will; ``meanwhile`` runs at every sleep, as the rest of the world does."""

    def __init__(self, meanwhile: Callable[[float], None] | None = None) -> None:
        self.seconds = 0.0
        self._meanwhile = meanwhile or (lambda _: None)

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def check(self) -> None:
        pass

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self._meanwhile(self.seconds)
