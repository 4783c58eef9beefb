"""What only one of several threads does at a time."""

from __future__ import annotations

from threading import (
    Event as Signal,
)
from threading import (
    Lock,
    Thread,
)

from migrate.execute.engine import Engine
from migrate.execute.lease import Lease
from migrate.operations.model import (
    Wave,
)
from tests.execute.clock import FakeClock
from tests.execute.runs import (
    World,
    a_cluster,
    creates,
)


class Alone:
    """Notes whether two threads were in here together; each stays a moment."""

    def __init__(self) -> None:
        self.together, self._inside = Signal(), 0
        self._lock = Lock()

    def __call__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside > 1:
                self.together.set()
        self.together.wait(0.1)
        with self._lock:
            self._inside -= 1


def test_a_lease_is_not_renewed_by_two_at_once() -> None:
    clock, alone = FakeClock(), Alone()
    cluster = a_cluster()
    lease = Lease(cluster, "kserve", "holder", clock)
    lease.acquire(lambda _: None)
    clock.seconds += 30
    cluster.held = lambda *_: alone()
    threads = [Thread(target=lease.keep) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (alone.together.is_set(), cluster.asked["patch", "Lease"]) == (False, 1)


def test_events_are_told_one_at_a_time() -> None:
    alone = Alone()
    world = World(a_cluster())
    world.engine = Engine(
        world.cluster, world.lease, FakeClock(), lambda _: alone(), 60, parallelism=2
    )
    world.go(Wave(creates(2)))
    assert not alone.together.is_set()
