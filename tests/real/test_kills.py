"""A sample of the kills; `make kill` does them all."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from tests.real.kills import Kill, ends_of, survive
from tests.real.world import World, make_odd, make_world
from tests.testbed.control_plane import ControlPlane
from tests.testbed.kills import Moment
from tests.testbed.kserve import KServe
from tests.testbed.proxy import KillProxy

pytestmark = pytest.mark.parametrize("kserve_cluster", ["0.7.0"], indirect=True)
SAMPLE = 6


@pytest.fixture
def world(kserve_cluster: KServe) -> Iterator[World]:
    made = make_world(kserve_cluster)
    make_odd(made)
    yield made
    kserve_cluster.reset()


def test_some_kills(world: World, kill_proxy: Callable[[ControlPlane], KillProxy]) -> None:
    seed = random.randrange(1_000_000)
    dice, proxy, ends = random.Random(seed), kill_proxy(world.kserve.plane), ends_of(world)
    for _ in range(SAMPLE):
        sides = ("apply", "rollback")
        kill = Kill(
            dice.choice(sides), dice.randint(1, 7), dice.choice(list(Moment)), dice.choice(sides)
        )
        print(f"seed {seed}: {kill}")
        assert survive(world, proxy, ends, kill), f"seed {seed}: {kill}: it was not killed"
