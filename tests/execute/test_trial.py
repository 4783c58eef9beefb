"""What is asked before the writes of a wave: by all workers, under the Lease, until a signal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Barrier

import pytest

from migrate.errors import (
    ConflictError,
    Exit,
    InterruptError,
    InvalidError,
    KmigrateError,
    NotFoundError,
    StaleError,
    UnreachableError,
)
from migrate.execute.trial import Trial
from migrate.objects import ref_of
from migrate.operations.model import Wave
from tests.execute.clock import FakeClock
from tests.execute.runs import EDIT, PATIENCE, World, a_cluster, service

TARGETS = [ref_of(service(number)) for number in range(3)]
WAVE = Wave((EDIT,))


def world_of(ask: Callable[[], None], workers: int = 1, clock: FakeClock | None = None) -> World:
    """A world in which each of three services is asked about before the write."""
    world = World(a_cluster(), workers, clock)
    world.engine.rehearse = lambda _wave, _coming: [Trial(target, ask) for target in TARGETS]
    return world


def is_written(world: World) -> bool:
    return bool(world.cluster.inner.get(EDIT.target)["data"]["k"] == "b")


def times(count: int, *errors: KmigrateError) -> Callable[[], None]:
    """Raise each of the errors ``count`` times, then no more."""
    left: Iterator[KmigrateError] = iter([error for error in errors for _ in range(count)])

    def ask() -> None:
        if error := next(left, None):
            raise error

    return ask


@pytest.mark.parametrize(
    "ask",
    [
        times(3, UnreachableError("503")),
        times(1, ConflictError("newer"), InvalidError("test"), NotFoundError("gone")),
    ],
    ids=["no answer", "somebody else was faster"],
)
def test_it_is_asked_again(ask: Callable[[], None]) -> None:
    world = world_of(ask)
    world.go(WAVE)
    assert is_written(world)


def test_what_it_raises_stops_the_wave() -> None:
    world = world_of(times(1, InvalidError("test"), StaleError("no")))
    with pytest.raises(StaleError, match="no"):
        world.go(WAVE)
    assert not is_written(world)


def test_the_lease_is_kept_meanwhile() -> None:
    clock = FakeClock()
    world = world_of(lambda: clock.sleep(40.0), clock=clock)
    began = world.cluster.asked["patch", "Lease"]
    world.go(WAVE)
    assert is_written(world)
    assert world.cluster.asked["patch", "Lease"] - began >= len(TARGETS) - 1


def test_a_signal_is_seen_between_two_of_them() -> None:
    asked = list[int]()

    class Stopping(FakeClock):
        def check(self) -> None:
            if asked:
                raise InterruptError(Exit.INTERRUPTED, "stopped by a signal")

    world = world_of(lambda: asked.append(1), clock=Stopping())
    with pytest.raises(InterruptError):
        world.go(WAVE)
    assert (asked, is_written(world)) == ([1], False)


def test_several_are_asked_about_at_one_time() -> None:
    barrier = Barrier(len(TARGETS), timeout=PATIENCE)

    def ask() -> None:
        barrier.wait()

    world = world_of(ask, workers=len(TARGETS))
    world.go(WAVE)
    assert is_written(world)
