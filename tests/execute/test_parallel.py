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

import pytest

from migrate.errors import Exit, InterruptError, LockedError, RefusedError
from migrate.execute.events import Failed, Progress, Written
from migrate.objects import ObjectRef, ref_of
from migrate.operations.invert import invert
from migrate.operations.model import (
    Direction,
    Wake,
    Wave,
)
from tests.execute.clock import FakeClock
from tests.execute.counting import CountingCluster
from tests.execute.flaky import KilledError
from tests.execute.runs import (
    CONFIG,
    EDIT,
    PATIENCE,
    RUNTIME,
    RUNTIMES,
    World,
    a_cluster,
    creates,
    service,
)


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

    kind = {"apiVersion": "v1", "kind": "Namespace"}
    world = World(a_cluster(*({**kind, "metadata": {"name": name}} for name in refused)))
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
