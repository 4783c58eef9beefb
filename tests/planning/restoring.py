"""Clusters in memory with a checkpoint, and the plan that goes back to it."""

from __future__ import annotations

from typing import Any

from migrate.cluster.memory import MemoryCluster
from migrate.commands.reading import read_snapshot
from migrate.objects import ObjectRef
from migrate.planning.former.restore import plan_restore
from migrate.planning.model.checkpoint import Checkpoint
from migrate.planning.model.desired import Options
from migrate.planning.model.plan import Plan
from migrate.planning.model.strategy import Strategy
from migrate.planning.world.meanings import meanings
from migrate.planning.world.worlds import world_of
from tests.commands import moving
from tests.commands.moving import SOURCE
from tests.commands.reconciling import reconcile
from tests.commands.restoring import RUNTIMES

KINDS = ("ServingRuntime", "ClusterServingRuntime")


NEWER = "kserve-huggingfaceserver"


OURS = {"labels": {"app.kubernetes.io/managed-by": "kmigrate"}}


READY = "/status/conditions/type=Ready/status"


IMAGE = "/spec/template/spec/containers/name=kserve-container/image"


def checkpoint(found: MemoryCluster) -> Checkpoint:
    seen = read_snapshot(found, "kserve", "")
    assert seen.rules is not None
    return Checkpoint(
        name="before",
        created="2026-11-23T22:00:00Z",
        operator="ops",
        version="0",
        cluster_uid=seen.cluster_uid,
        kserve_namespace="kserve",
        release=str(seen.release),
        config=seen.config,
        runtimes=tuple(one for kind in KINDS for one in found.list(RUNTIMES, kind, dict)),
        services=seen.services,
        meanings=tuple(meanings(seen, world_of(seen, seen.rules))),
    )


def planned(found: MemoryCluster, known: Checkpoint, **options: Any) -> Plan:
    asked = Options(strategy=Strategy.RESTORE, checkpoint="before", **options)
    return plan_restore(read_snapshot(found, "kserve", ""), known, asked)


def cluster(release: str = "0.15.2") -> MemoryCluster:
    found = moving.cluster(release)
    reconcile(found)
    return found


def image(found: MemoryCluster, text: str, ref: ObjectRef = SOURCE) -> None:
    spec = found.get(ref)["spec"]
    spec["containers"][0]["image"] = text
    found.patch(ref, {"spec": spec})


def copy(found: MemoryCluster, text: str, namespace: str = "team") -> ObjectRef:
    """A runtime that kmigrate made, of the name of the cluster's."""
    spec = found.get(SOURCE)["spec"]
    spec["containers"][0]["image"] = text
    meta = {"name": SOURCE.name, "namespace": namespace, **OURS}
    found.create({"apiVersion": RUNTIMES, "kind": "ServingRuntime", "metadata": meta, "spec": spec})
    return ObjectRef(RUNTIMES, "ServingRuntime", SOURCE.name, namespace)


def steps(made: Plan, way: str) -> list[str]:
    stages = made.apply if way == "apply" else made.rollback
    chosen = [made.operations[at] for stage in stages for at in stage.operations]
    return [f"{type(op.change).__name__} {op.target.kind} {op.target.name}" for op in chosen]


def codes(made: Plan) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in made.findings:
        found.setdefault(one.code, []).extend(ref.name for ref in one.objects)
    return found


def service_ref(name: str) -> ObjectRef:
    return ObjectRef("serving.kserve.io/v1beta1", "InferenceService", name, "team")
