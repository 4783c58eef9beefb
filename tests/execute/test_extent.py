"""How far a run of several waves is, as it is told."""

from __future__ import annotations

from migrate.execute.events import Progress
from migrate.execute.extent import Extent, extents
from migrate.objects import ObjectRef, ref_of
from migrate.operations.model import Holds, Restart, RolledOut, Wake, Wave
from tests.execute.runs import CONFIG, World, a_cluster, service

SERVICES = [
    ObjectRef("serving.kserve.io/v1beta1", "InferenceService", f"m{n}", "team") for n in range(4)
]
COPIES = Wave()


def pinned(*services: ObjectRef) -> Wave:
    return Wave(conditions=tuple(Holds(ref, "/status/x", "y", ref) for ref in services))


def woken(*services: ObjectRef) -> Wave:
    return Wave(activations=tuple(map(Wake, services)))


def test_each_wave_begins_with_what_the_former_ones_did() -> None:
    assert extents([COPIES, woken(*SERVICES[:3]), pinned(SERVICES[3])]) == [
        None,
        Extent(1, 2, 0, 4),
        Extent(2, 2, 3, 4),
    ]


def test_a_service_counts_once() -> None:
    waves = [pinned(SERVICES[0]), woken(*SERVICES[:2]), woken(SERVICES[2])]
    assert [one.done for one in extents(waves) if one] == [0, 0, 2]


def test_of_one_wave_nothing_is_told() -> None:
    assert extents([COPIES, woken(*SERVICES)]) == [None, None]


def test_the_controller_is_no_service() -> None:
    restart = Wave((), (Restart(CONFIG),), (RolledOut(CONFIG),))
    assert extents([woken(SERVICES[0]), restart, woken(SERVICES[1])]) == [
        Extent(1, 2, 0, 2),
        None,
        Extent(2, 2, 1, 2),
    ]


def test_the_engine_tells_it_at_the_beginning_of_each_wave() -> None:
    services = [service(number) for number in range(3)]
    refs = [ref_of(one) for one in services]
    world = World(a_cluster(*services))
    world.go(woken(refs[0]), woken(*refs[1:]))
    told = [event.extent for event in world.told(Progress) if not event.total]
    assert told == [Extent(1, 2, 0, 3), Extent(2, 2, 1, 3)]
    assert {event.extent for event in world.told(Progress) if event.total} == {told[1]}
