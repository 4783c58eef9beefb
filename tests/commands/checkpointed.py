"""A checkpoint of a cluster in memory, as data."""

from __future__ import annotations

from typing import Any

from migrate.cluster.memory import MemoryCluster
from migrate.commands.reading import read_snapshot
from migrate.kserve import terms
from migrate.objects import Manifest
from migrate.planning.checkpoint import Checkpoint, Meaning
from migrate.planning.worlds import world_of

KINDS = (terms.SERVING_RUNTIME, terms.CLUSTER_RUNTIME)


def checkpoint_of(found: MemoryCluster, name: str = "before", **changes: Any) -> Checkpoint:
    seen = read_snapshot(found, "kserve", "")
    assert seen.rules is not None
    world = world_of(seen, seen.rules)
    meanings = []
    for ref, service in seen.services.items():
        workload = world.workload(ref, seen.workloads)
        running = seen.workloads.get(workload)
        got = world.shared(ref)
        meanings.append(
            Meaning(
                service=ref,
                uid=service.metadata.uid,
                form=world.form(ref),
                image=running.image if running else None,
                resolved=got.image,
                runtime=got.runtime.ref if got.runtime else None,
                workload=workload,
                ready=service.status.is_ready,
            )
        )
    runtimes = [one for kind in KINDS for one in found.list(terms.RUNTIME_VERSION, kind, dict)]
    told: dict[str, Any] = {
        "name": name,
        "created": "2026-11-23T22:00:00Z",
        "operator": "ops@example",
        "version": "0.1.0",
        "cluster_uid": seen.cluster_uid,
        "kserve_namespace": "kserve",
        "release": str(seen.release),
        "config": seen.config,
        "runtimes": tuple(map(_kept, runtimes)),
        "services": tuple(
            map(_kept, found.list(terms.SERVING_VERSION, terms.INFERENCE_SERVICE, dict))
        ),
        "meanings": tuple(meanings),
    }
    return Checkpoint(**{**told, **changes})


def _kept(manifest: Manifest) -> Manifest:
    meta = {key: value for key, value in manifest["metadata"].items() if key != "managedFields"}
    return {**manifest, "metadata": meta}
