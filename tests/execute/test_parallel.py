"""The engine with several workers: what goes on at once, what waits, what a stop leaves."""

from __future__ import annotations

from collections.abc import Callable
from threading import (
    Barrier,
    Lock,
    Thread,
    current_thread,
    main_thread,
)
from threading import (
    Event as Signal,
)
from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.errors import Exit, InterruptError, LockedError, RefusedError
from migrate.execute import record
from migrate.execute.engine import BATCH, Engine, batches_of
from migrate.execute.events import Event, Failed, Progress, Written
from migrate.execute.lease import Lease
from migrate.execute.run import Head, Run
from migrate.objects import Manifest, ObjectRef, ref_of, sha256
from migrate.operations.invert import invert
from migrate.operations.model import (
    Create,
    Direction,
    Edit,
    Operation,
    Patch,
    Wake,
    Wave,
)
from tests.execute.clock import FakeClock
from tests.execute.counting import CountingCluster
from tests.execute.flaky import KilledError

RUNTIME, SERVING = "serving.kserve.io/v1alpha1", "serving.kserve.io/v1beta1"
RUNTIMES = "ServingRuntime"
CONFIG = ObjectRef("v1", "ConfigMap", "config", "kserve")
PATIENCE = 10
"""Seconds after which a barrier that is never full ends the test."""


def copy(number: int) -> Manifest:
    meta = {"name": "sklearn", "namespace": f"team-{number:04d}"}
    kind = {"apiVersion": RUNTIME, "kind": "ServingRuntime"}
    return {**kind, "metadata": meta, "spec": {"containers": [{"name": "c", "image": "i"}]}}


def creates(count: int) -> tuple[Operation, ...]:
    made = [copy(number) for number in range(count)]
    return tuple(Operation(ref_of(one), Create(one), "") for one in made)


EDIT = Operation(CONFIG, Patch((Edit("/data/k", "a", "b"),)), "")


def service(number: int) -> Manifest:
    meta = {"name": f"iris-{number}", "namespace": "team"}
    return {"apiVersion": SERVING, "kind": "InferenceService", "metadata": meta, "spec": {}}


def a_cluster(*more: Manifest) -> CountingCluster:
    meta = {"name": CONFIG.name, "namespace": CONFIG.namespace}
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"k": "a"}}
    return CountingCluster(MemoryCluster([config, *more]))


class World:
    """A run that has begun, and the engine for it."""

    def __init__(
        self, cluster: CountingCluster, workers: int = 3, clock: FakeClock | None = None
    ) -> None:
        self.cluster, self.events = cluster, list[Event]()
        clock = clock or FakeClock()
        self.lease = Lease(cluster, "kserve", f"holder {id(self)}", clock)
        self.engine = Engine(cluster, self.lease, clock, self.events.append, 60, False, workers)
        self.lease.acquire(lambda _: None)
        runs = record.runs(cluster, "kserve")
        self.run = runs[-1] if runs else self._begun()

    def _begun(self) -> Run:
        head = Head("r", sha256(b"plan"), 1, "t", "o", "v", "s")
        first = self.engine.entry("started", Direction.APPLY)
        return record.create(self.cluster, "kserve", head, b"plan", first)

    def go(self, *waves: Wave, direction: Direction = Direction.APPLY) -> None:
        self.engine.preflight(waves)
        self.run = self.engine.execute(self.run, direction, waves)

    def told(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def together(action: Callable[[], None] | None = None) -> Callable[[str, ObjectRef], None]:
    """Hold back creates until three are under way; then do that, and let them go on."""
    three = Barrier(3, action)

    def held(verb: str, ref: ObjectRef) -> None:
        if (verb, ref.kind) == ("create", RUNTIMES):
            three.wait(PATIENCE)

    return held


def test_as_many_writes_are_under_way_as_there_are_workers() -> None:
    world = World(a_cluster())
    world.cluster.held = together()
    world.go(Wave(creates(9)))
    assert world.engine.written == len(world.told(Written)) == 9


def test_as_many_wakes_are_under_way_as_there_are_workers() -> None:
    services = [service(number) for number in range(6)]
    three = Barrier(3)

    def held(verb: str, ref: ObjectRef) -> None:
        if (verb, ref.kind) == ("get", "InferenceService"):
            three.wait(PATIENCE)

    world = World(a_cluster(*services))
    world.cluster.held = held
    world.go(Wave((), tuple(Wake(ref_of(one)) for one in services)))
    assert world.engine.written == 6


def test_one_worker_writes_in_the_order_of_the_plan() -> None:
    world = World(a_cluster(), workers=1)
    world.go(Wave(creates(9)))
    made = [ref for verb, ref in world.cluster.log if (verb, ref.kind) == ("create", RUNTIMES)]
    assert made == [operation.target for operation in creates(9)]


def test_what_is_of_two_kinds_is_never_under_way_together() -> None:
    """A ConfigMap is written before services are: one that wakes must not meet half of it."""
    by = set[Thread]()
    world = World(a_cluster())
    world.cluster.held = lambda *_: by.add(current_thread())
    first, second = creates(2)
    world.go(Wave((first, EDIT, second)))
    assert by == {main_thread()}  # one at a time needs no threads
    targets = [event.operation.target for event in world.told(Written)]
    assert targets == [first.target, CONFIG, second.target]
    assert not world.told(Progress)


def test_a_wave_waits_for_the_former() -> None:
    world = World(a_cluster())
    world.go(Wave(creates(12)[:6]), Wave(creates(12)[6:]))
    targets = [event.operation.target for event in world.told(Written)]
    assert set(targets[:6]) == {operation.target for operation in creates(6)}
    assert len(targets) == 12


def test_a_failure_stops_the_handing_out_and_others_are_told() -> None:
    refused = {"team-0000": "quota", "team-0001": "webhook", "team-0002": "policy"}
    wait = together()

    def held(verb: str, ref: ObjectRef) -> None:
        wait(verb, ref)
        if verb == "create" and ref.namespace in refused:
            raise RefusedError(refused[ref.namespace])

    world = World(a_cluster())
    world.cluster.held = held
    with pytest.raises(RefusedError) as caught:
        world.go(Wave(creates(30)))
    others = [event.reason for event in world.told(Failed)]
    assert {str(caught.value), *others} == set(refused.values())
    assert (world.cluster.asked["create", RUNTIMES], world.engine.written) == (3, 0)
    world.cluster.held = lambda *_: None
    World(world.cluster).go(Wave(creates(30)))
    assert len(list(world.cluster.inner.list(RUNTIME, RUNTIMES, dict))) == 30


def killed(at: int) -> CountingCluster:
    """A cluster after a process that was killed at a write, counted from 1."""
    cluster = a_cluster()
    world = World(cluster)
    lock, writes = Lock(), [0]

    def held(verb: str, _: ObjectRef) -> None:
        with lock:
            writes[0] += verb not in ("get", "list")
            if writes[0] >= at:  # nothing that is under way gets through
                raise KilledError

    cluster.held = held
    with pytest.raises(KilledError):
        world.go(Wave((EDIT, *creates(5))))
    cluster.held = lambda *_: None
    return cluster


@pytest.mark.parametrize("at", range(1, 9))
def test_killed_at_any_write_apply_goes_on_and_rollback_goes_back(at: int) -> None:
    cluster = killed(at)
    World(cluster).go(Wave((EDIT, *creates(5))))
    assert _state(cluster) == ("b", 5)
    cluster = killed(at)
    back = World(cluster)
    back.engine.keep_foreign = True
    inverse = tuple(invert(op) for op in reversed((EDIT, *creates(5))))
    back.go(Wave(inverse), direction=Direction.ROLLBACK)
    assert _state(cluster) == ("a", 0)


def _state(cluster: CountingCluster) -> tuple[str, int]:
    runtimes = list(cluster.inner.list(RUNTIME, RUNTIMES, dict))
    return cluster.inner.get(CONFIG)["data"]["k"], len(runtimes)


def test_a_signal_ends_it_after_what_is_under_way() -> None:
    three = Barrier(3)

    class Stopping(FakeClock):
        is_asked = False

        def check(self) -> None:
            if self.is_asked:
                three.wait(PATIENCE)  # all of them see it
                raise InterruptError(Exit.INTERRUPTED, "stopped by a signal")

    clock = Stopping()

    world = World(a_cluster(), clock=clock)
    world.cluster.held = together(lambda: setattr(clock, "is_asked", True))
    with pytest.raises(InterruptError) as caught:
        world.go(Wave(creates(30)))
    assert caught.value.code == Exit.INTERRUPTED
    assert world.engine.written == world.cluster.asked["create", RUNTIMES] == 3
    assert not world.told(Failed)


def test_no_more_than_one_write_of_each_worker_follows_a_lost_lease() -> None:
    clock = FakeClock()

    def take() -> None:
        taken = {"spec": {"holderIdentity": "another", "leaseTransitions": 9}}
        world.cluster.inner.patch(world.lease.ref, taken)
        clock.seconds += 30

    world = World(a_cluster(), clock=clock)
    world.cluster.held = together(take)
    with pytest.raises(LockedError, match="another holder"):
        world.go(Wave(creates(30)))
    assert world.cluster.asked["create", RUNTIMES] == 3


def test_the_lease_is_renewed_once_for_all_workers() -> None:
    clock = FakeClock()

    def pass_by() -> None:
        clock.seconds += 30  # more than a third of the duration

    world = World(a_cluster(), clock=clock)
    world.cluster.held = together(pass_by)
    renewed = world.cluster.asked["patch", "Lease"]
    world.go(Wave(creates(3)), Wave(creates(6)[3:]))
    assert world.cluster.asked["patch", "Lease"] - renewed == 2


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


def requests(count: int, waves: int = 1) -> CountingCluster:
    world = World(a_cluster())
    made = creates(count)
    size = count // waves
    world.go(*(Wave(made[at : at + size]) for at in range(0, count, size)))
    return world.cluster


def test_a_further_create_costs_one_request() -> None:
    few, many = requests(40), requests(140)
    assert many.asked.total() - few.asked.total() == 100
    assert few.asked.total() < 40 + 12
    assert many.asked["get", RUNTIMES] == 0


def test_waves_of_one_write_are_noted_together() -> None:
    waves = 3 * BATCH
    noted = requests(waves, waves).asked["patch", "ConfigMap"]
    assert noted == 3 + 1


def test_what_was_noted_of_small_waves_tells_which() -> None:
    world = World(a_cluster())
    made = creates(BATCH + 2)
    world.go(Wave(made[:2]), Wave((), ()), Wave(made[2:3]), Wave(made[3:]))
    assert [(e.event, e.wave) for e in world.run.journal[1:]] == [
        ("intent", 2),
        ("done", 2),
        ("intent", 3),
        ("done", 3),
    ]


def test_a_batch_is_of_waves_with_writes() -> None:
    wakes, write = Wave((), (Wake(CONFIG),)), Wave(creates(1))
    large = Wave(creates(BATCH + 1))
    assert batches_of([wakes, wakes]) == {}
    assert batches_of([wakes, write, wakes, write, wakes]) == {1: 3}
    assert batches_of([write, large, write]) == {0: 0, 1: 1, 2: 2}


def test_progress_names_what_is_under_way_and_comes_now_and_then() -> None:
    clock = FakeClock()

    def pass_by() -> None:
        clock.seconds += 1

    world = World(a_cluster(), clock=clock)
    world.cluster.held = together(pass_by)
    world.go(Wave(creates(9)))
    told = world.told(Progress)
    assert told[0] == Progress(0, 9, (creates(1)[0].target,))
    # At the beginning, and once for each time that the clock moved.
    assert [len(told), told[-1].total] == [4, 9]
    assert all(0 < len(event.targets) <= 3 for event in told[:-1])
