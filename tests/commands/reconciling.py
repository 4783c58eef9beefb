"""A cluster in memory whose services are reconciled when a test says so."""

from __future__ import annotations

from typing import Any

from migrate.cluster.memory import MemoryCluster
from migrate.commands.reading import read_snapshot
from migrate.errors import NotFoundError
from migrate.kserve.resolution import Resolution
from migrate.objects import Manifest, ObjectRef
from migrate.planning.world.worlds import world_of

READY = {"conditions": [{"type": "Ready", "status": "True"}]}
DONE = {"observedGeneration": 9, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}


def reconcile(found: MemoryCluster, *names: str, **status: Any) -> None:
    """Write what KServe makes of these services, of all if none is named, and have it come up.

    What that is tells the resolver, which is held against the real controllers elsewhere;
    ``status`` is laid over the status of the workloads.
    """
    seen = read_snapshot(found, "kserve", "")
    assert seen.rules is not None
    world = world_of(seen, seen.rules)
    for ref in world.services:
        if not names or ref.name in names:
            got = world.resolved[ref]
            _workload(found, world.workload(ref), got, status)
            _report(found, ref, got)


def _workload(
    found: MemoryCluster, ref: ObjectRef, got: Resolution, status: dict[str, Any]
) -> None:
    assert got.pod is not None
    container: Manifest = {"name": "kserve-container", **got.pod.container}
    labels = {"app": f"isvc.{ref.name}"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    meta = {"name": ref.name, "namespace": ref.namespace}
    made = {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": meta, "spec": spec}
    try:
        found.patch(ref, {"spec": None})
        found.patch(ref, {"spec": spec})
    except NotFoundError:
        found.create(made)
    found.patch(ref, {"status": {**DONE, "conditions": [], **status}}, subresource="status")


def _report(found: MemoryCluster, ref: ObjectRef, got: Resolution) -> None:
    names: dict[str, str | None] = {
        "servingRuntimeName": None,
        "clusterServingRuntimeName": None,
    }
    if got.reported is not None:
        key = "clusterServingRuntimeName" if got.reported.is_cluster else "servingRuntimeName"
        names[key] = got.reported.name
    found.patch(ref, {"status": {**READY, **names}}, subresource="status")
