"""Equal inputs give byte-equal plans: in any process, in whatever order the server lists."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from migrate.cluster.snapshot import load
from migrate.kserve import terms
from tests.commands.shuffled import Shuffled

ROOT = Path(__file__).parents[2]
WORLDS = {
    "fixtures/demo/before": ("sklearn=r/s:t",),
    "fixtures/copies": (
        "runtime/kserve-xgbserver=r/x:v0.15.2",
        "runtime/kserve-sklearnserver=r/s:1",
    ),
}
SEEDS = ("0", "1", "2", "3")


def planned(world: str, seed: str) -> bytes:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.commands.shuffled", world, seed, *WORLDS[world]]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.mark.parametrize("world", WORLDS)
def test_hash_seed_and_the_order_of_lists_make_no_difference(world: str) -> None:
    assert len({planned(world, seed) for seed in SEEDS}) == 1


@pytest.mark.parametrize("world", WORLDS)
def test_the_lists_do_come_in_different_orders(world: str) -> None:
    """Else the test above would prove nothing."""
    orders = set()
    for seed in SEEDS:
        cluster = Shuffled(base=load(ROOT / world))
        cluster.seed = int(seed)
        listed = cluster.list(terms.SERVING_VERSION, terms.INFERENCE_SERVICE, dict)
        orders.add(tuple(item["metadata"]["name"] for item in listed))
    assert len(orders) > 1
