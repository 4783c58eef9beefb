"""A few at a time: in which order, and what becomes of a failure."""

from __future__ import annotations

from threading import Barrier, Thread, current_thread, main_thread

import pytest

from migrate.execute.workers import each

PATIENCE = 10
"""Seconds after which a barrier that is never full ends the test."""


class EndError(BaseException):
    """No Exception: as what ends a process is none."""


def nobody(item: int, error: BaseException) -> None:
    raise AssertionError(item, error)


def test_one_worker_needs_no_thread_and_keeps_the_order() -> None:
    seen = []
    each(range(5), lambda n: seen.append((n, current_thread())), 1, nobody)
    assert seen == [(n, main_thread()) for n in range(5)]


def test_one_item_needs_no_thread() -> None:
    seen = []
    each([7], lambda _: seen.append(current_thread()), 8, nobody)
    assert seen == [main_thread()]


def test_as_many_as_asked_for_are_under_way_and_each_item_once() -> None:
    together, seen = Barrier(3), []

    def action(number: int) -> None:
        together.wait(PATIENCE)
        seen.append(number)

    each(range(9), action, 3, nobody)
    assert sorted(seen) == list(range(9))


def test_after_a_failure_none_is_begun_and_what_is_under_way_ends() -> None:
    together, begun, ended = Barrier(3), dict[int, Thread](), []
    left = list[tuple[int, BaseException]]()

    def action(number: int) -> None:
        begun[number] = current_thread()
        together.wait(PATIENCE)
        if number != 1:
            begun[1].join(PATIENCE)  # its worker ends with its failure
        if number > 0:
            raise ValueError(number)
        ended.append(number)

    with pytest.raises(ValueError, match="1"):
        each(range(50), action, 3, lambda *pair: left.append(pair))
    assert (sorted(begun), ended) == ([0, 1, 2], [0])
    assert [(item, error.args) for item, error in left] == [(2, (2,))]


def test_what_ends_the_process_is_raised_where_it_is_awaited() -> None:
    def action(number: int) -> None:
        if number == 3:
            raise EndError

    with pytest.raises(EndError):
        each(range(9), action, 2, lambda *_: None)
