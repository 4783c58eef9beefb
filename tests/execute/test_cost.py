"""What a run costs: requests for each write, and for the record of them."""

from __future__ import annotations

from migrate.execute.engine import BATCH, batches_of
from migrate.operations.model import (
    Wake,
    Wave,
)
from tests.execute.counting import CountingCluster
from tests.execute.runs import (
    CONFIG,
    RUNTIMES,
    World,
    a_cluster,
    creates,
)


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
