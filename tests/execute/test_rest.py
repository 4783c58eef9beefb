"""The pause between two waves."""

from __future__ import annotations

import msgspec
import pytest

from migrate.execute.engine import batches_of
from migrate.execute.events import Event, Waiting
from migrate.execute.rest import TOLD, rest
from migrate.objects import Manifest, ref_of
from migrate.operations.model import Direction, Holds, Wake, Wave
from tests.execute.clock import FakeClock
from tests.execute.runs import World, a_cluster, creates, service

PAUSE = 30.0


@pytest.mark.parametrize(("longest", "step"), [(20.0, TOLD), (2.0, 2.0)])
def test_a_pause_lasts_and_is_told_and_keeps_the_lease_meanwhile(
    longest: float, step: float
) -> None:
    clock, events, guarded = FakeClock(), list[Event](), list[float]()
    began = clock.monotonic()
    rest(
        90.0,
        clock,
        events.append,
        lambda: guarded.append(clock.monotonic() - began),
        longest=longest,
    )
    assert clock.monotonic() - began == pytest.approx(90.0)
    assert guarded == pytest.approx([at * step for at in range(int(90 / step))])
    assert all(isinstance(event, Waiting) and "--pause" in event.why for event in events)
    assert [event.seconds for event in events if isinstance(event, Waiting)] == guarded


def test_no_pause_takes_no_time() -> None:
    clock, events = FakeClock(), list[Event]()
    rest(0.0, clock, events.append, lambda: None, longest=20.0)
    assert (clock.monotonic(), events) == (0.0, [])


def wave(number: int, *, image: str = "", wakes: bool = False) -> Wave:
    """A copy in a wave of its own, after a pause; who uses it is woken, and awaited."""
    [operation] = creates(number + 1)[number:]
    ref = ref_of(service(number))
    awaited = (Holds(ref, "/image", image, ref),) if image else ()
    return Wave(() if wakes else (operation,), (Wake(ref),) if wakes else (), awaited, PAUSE)


def pauses(world: World, *waves: Wave, resumed: bool = False) -> float:
    """How many pauses there were."""
    clock = world.engine.clock
    began = clock.monotonic()
    world.run = world.engine.execute(world.run, Direction.APPLY, waves, resumed=resumed)
    return (clock.monotonic() - began) / PAUSE


def world_of(*more: Manifest) -> World:
    return World(a_cluster(*more), clock=FakeClock())


def test_a_pause_is_between_waves_that_do_something() -> None:
    world, waves = world_of(), [wave(number) for number in range(3)]
    assert pauses(world, waves[0]) == 0
    assert pauses(world, *waves[:2]) == 0  # what went before was done by another
    again = [wave(3), *waves[:2], wave(4), wave(5)]
    assert pauses(world, *again) == 2
    assert pauses(world, *again) == 0


def test_who_was_woken_already_is_not_paused_for_again() -> None:
    services = [{**service(number), "image": "new"} for number in range(3)]
    waves = [wave(number, image="new", wakes=True) for number in range(3)]
    assert pauses(world_of(*services), *waves) == 2
    assert pauses(world_of(*services), *waves, resumed=True) == 0


def test_a_wave_that_another_process_has_done_is_not_paused_after() -> None:
    done, asleep = {**service(0), "image": "new"}, {**service(1), "image": "old"}
    cluster = a_cluster(done, asleep)

    def controller(_seconds: float) -> None:
        cluster.inner.patch(ref_of(asleep), {"image": "new"})

    clock = FakeClock(controller)
    waves = [wave(number, image="new", wakes=True) for number in range(2)]
    assert pauses(World(cluster, clock=clock), *waves, resumed=True) < 1


def test_a_run_that_goes_on_pauses_after_a_wave_that_it_has_done_itself() -> None:
    world, waves = world_of(), [wave(number) for number in range(3)]
    assert pauses(world, waves[0]) == 0
    assert pauses(world, *waves, resumed=True) == 1


def test_a_dry_run_has_no_pauses() -> None:
    world = world_of()
    world.cluster.controllers_act = False
    assert pauses(world, wave(0), wave(1)) == 0


def test_what_comes_after_a_pause_is_not_noted_before_it() -> None:
    """Who stops a run in a pause has not begun with what comes after it."""
    first, *others = (msgspec.structs.replace(wave(number), pause=0.0) for number in range(4))
    paused = msgspec.structs.replace(others[1], pause=PAUSE)
    assert batches_of([first, *others]) == {0: 3}
    assert batches_of([first, others[0], paused, others[2]]) == {0: 1, 2: 3}
