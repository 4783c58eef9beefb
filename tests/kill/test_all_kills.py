"""Every request of apply and of rollback, each moment, each way on: on real controllers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.real.kills import Kill, ends_of, survive
from tests.real.world import World, make_odd, make_world
from tests.testbed.control_plane import ControlPlane
from tests.testbed.kills import Moment
from tests.testbed.kserve import KServe
from tests.testbed.proxy import KillProxy

MOST = 100


@pytest.fixture
def world(start_kserve: Callable[[str], KServe]) -> World:
    made = make_world(start_kserve("0.7.0"))
    make_odd(made)
    return made


@pytest.mark.parametrize("victim", ["apply", "rollback"])
def test_every_kill(
    world: World, kill_proxy: Callable[[ControlPlane], KillProxy], victim: str
) -> None:
    proxy, ends, kills = kill_proxy(world.kserve.plane), ends_of(world), 0
    for request in range(1, MOST):
        cases = [Kill(victim, request, m, then) for m in Moment for then in ("apply", "rollback")]
        reached = [survive(world, proxy, ends, kill) for kill in cases]
        assert all(reached) or not any(reached), (victim, request, reached)
        if not any(reached):
            break
        kills += len(cases)
        print(f"{victim}: request {request} survived {len(cases)} times")
    print(f"{victim}: {request - 1} requests, {kills} kills, {kills} good ends")
    assert 5 < request < MOST
