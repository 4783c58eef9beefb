"""Doing one thing to many items, a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from threading import Lock, Thread
from typing import Generic, TypeVar

T = TypeVar("T")
Failure = tuple[T, BaseException]
"""An item and what was raised for it."""


def each(
    items: Sequence[T],
    action: Callable[[T], None],
    workers: int,
    left_over: Callable[[T, BaseException], None],
) -> None:
    """Do it to each item, in threads of its own where there are several items and workers.

    Items are begun in their order. After the first failure none is begun any more; what is
    under way comes to its end, then the failure is raised. Others are handed to ``left_over``.
    """
    if min(len(items), workers) <= 1:
        for item in items:
            action(item)
        return
    crew = _Crew(items, action)
    threads = [Thread(target=crew.work, daemon=True) for _ in range(min(len(items), workers))]
    for thread in threads:
        thread.start()
    crew.end(threads)
    if crew.failures:
        for failure in crew.failures[1:]:
            left_over(*failure)
        raise crew.failures[0][1]


class _Crew(Generic[T]):
    """Who takes which item next; ``failures`` in the order in which they came."""

    def __init__(self, items: Iterable[T], action: Callable[[T], None]) -> None:
        self._items, self._action = iter(items), action
        self._lock = Lock()
        self._is_over = False
        self.failures: list[Failure[T]] = []

    def work(self) -> None:
        """Take items until there are none, or one has failed."""
        while taken := self._next():
            try:
                self._action(*taken)
            except BaseException as error:  # noqa: BLE001 -- it is raised where all are awaited
                self._stop((*taken, error))

    def end(self, threads: Sequence[Thread]) -> None:
        """Wait for all of them; where that is interrupted, for what is under way."""
        try:
            for thread in threads:
                thread.join()
        finally:
            self._is_over = True
            for thread in threads:
                thread.join()

    def _next(self) -> tuple[T] | None:
        with self._lock:
            if self._is_over:
                return None
            return next(((item,) for item in self._items), None)

    def _stop(self, failure: Failure[T]) -> None:
        with self._lock:
            self._is_over = True
            self.failures.append(failure)
