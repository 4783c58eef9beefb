"""Every request of a move into namespaces and of its rollback, each way on: on real controllers."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.conftest import StartKServe
from tests.real.kills import TO_RUNTIMES, Kill, ends_of, survive
from tests.real.tenants import FEW, make_tenants
from tests.testbed.control_plane import ControlPlane
from tests.testbed.kills import Moment
from tests.testbed.proxy import KillProxy

MOST = 100


@pytest.mark.parametrize("victim", ["apply", "rollback"])
def test_every_request(
    start_kserve: StartKServe, kill_proxy: Callable[[ControlPlane], KillProxy], victim: str
) -> None:
    """One moment each, by chance."""
    seed = random.randrange(1_000_000)
    dice, world = random.Random(seed), make_tenants(start_kserve("0.15.2"), FEW)
    proxy, ends, kills = kill_proxy(world.kserve.plane), ends_of(world, TO_RUNTIMES), 0
    for request in range(1, MOST):
        moments = [(dice.choice(list(Moment)), then) for then in ("apply", "rollback")]
        reached = [
            survive(world, proxy, ends, Kill(victim, request, moment, then))
            for moment, then in moments
        ]
        if not any(reached):
            break
        kills += len(reached)
        print(f"seed {seed}: {victim}: request {request} survived {moments}", flush=True)
    print(f"{victim}: {request - 1} requests, {kills} kills, {kills} good ends")
    assert 5 < request < MOST
