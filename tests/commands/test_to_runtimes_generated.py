"""Generated clusters: images are moved into runtimes and back, and nobody else notices."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.commands.reading import read_snapshot
from migrate.errors import BlockedError
from migrate.objects import Manifest, ObjectRef
from migrate.planning.model.plan import Plan
from migrate.planning.world.changed import carried_out
from migrate.planning.world.copies import copy_ref
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of
from tests.commands.moving import apply, everything, objects, planned, rollback
from tests.forecasts.generator import given
from tests.planning.copies import RELEASES

SEED, SERVICES = 5, 30
IMAGE = "registry.example.com/x/y:new"


def generated(release: str, index: int) -> tuple[MemoryCluster, list[str]]:
    """A cluster, and the ClusterServingRuntimes that can be asked for."""
    made = given(release, SEED, index, SERVICES).cluster
    runtimes: list[Manifest] = []
    for wave in made["runtimes"]:
        runtimes.extend(wave if isinstance(wave, list) else [wave])
    services: list[Manifest] = list(made["services"])
    for each in services:
        each["metadata"].setdefault("finalizers", ["inferenceservice.finalizers"])
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "inferenceservice-config", "namespace": "kserve"},
        "data": made["config"],
    }
    kept = [one for one in objects(release) if one["kind"] in ("Namespace", "Deployment")]
    wide = [one for one in runtimes if one["kind"] == "ClusterServingRuntime"]
    names = [one["metadata"]["name"] for one in wide if one["spec"].get("containers")]
    return MemoryCluster([*kept, config, *runtimes, *services]), names


def seen(found: MemoryCluster) -> Snapshot:
    return read_snapshot(found, "kserve", "")


def gets(found: Snapshot) -> dict[ObjectRef, Any]:
    assert found.rules is not None
    resolved = world_of(found, found.rules).resolved
    return {ref: (one.image, one.pod) for ref, one in resolved.items()}


def tried(found: MemoryCluster, *sets: str) -> Plan | None:
    """A plan that may be applied, and does something."""
    try:
        made = planned(found, *sets)
    except BlockedError:
        return None
    return made if made.operations and not made.blocking else None


@pytest.mark.parametrize("release", RELEASES)
def test_nobody_gets_other_pods_who_was_not_meant_to_and_all_goes_back(release: str) -> None:
    rounds = 0
    for index in range(3):
        found, names = generated(release, index)
        for sets in ((), *((f"runtime/{name}={IMAGE}",) for name in names[:3])):
            made = tried(found, *sets)
            if made is None:
                continue
            before, at_first = gets(seen(found)), everything(found)
            after = gets(carried_out(seen(found), made.operations))
            moved = {ref for ref in before if before[ref] != after[ref]}
            meant = {
                r.service for r in made.forecast if r.runtime_after_plan in _wanted(made, sets)
            }
            assert moved <= meant, (index, sets)
            apply(found, made)
            assert not planned(found, *sets).operations
            rollback(found)
            assert everything(found) == at_first
            rounds += 1
    assert rounds


def _wanted(made: Plan, sets: tuple[str, ...]) -> set[ObjectRef]:
    names = {text.partition("=")[0].removeprefix("runtime/") for text in sets}
    places = {operation.target.namespace for operation in made.operations}
    return {copy_ref(name, place) for name in names for place in places}
