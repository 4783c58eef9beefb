"""The pause between two waves."""

from __future__ import annotations

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.execute.events import Event, Waiting
from migrate.execute.rest import rest
from tests.execute.clock import FakeClock


class Acting(MemoryCluster):
    """A cluster whose controllers act."""

    @property
    def controllers_act(self) -> bool:
        return True


def test_a_pause_lasts_and_keeps_the_lease_meanwhile() -> None:
    clock, events, guarded = FakeClock(), list[Event](), list[float]()
    began = clock.monotonic()
    rest(
        90.0,
        Acting(),
        clock,
        events.append,
        lambda: guarded.append(clock.monotonic() - began),
        longest=20.0,
    )
    assert clock.monotonic() - began == pytest.approx(90.0)
    assert guarded == pytest.approx([0.0, 20.0, 40.0, 60.0, 80.0])
    assert all(isinstance(event, Waiting) and "--pause" in event.why for event in events)


@pytest.mark.parametrize(("seconds", "cluster"), [(0.0, Acting()), (90.0, MemoryCluster())])
def test_no_pause_and_a_dry_run_take_no_time(seconds: float, cluster: MemoryCluster) -> None:
    clock, events = FakeClock(), list[Event]()
    began = clock.monotonic()
    rest(seconds, cluster, clock, events.append, lambda: None, longest=20.0)
    assert (clock.monotonic(), events) == (began, [])
