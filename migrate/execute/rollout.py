"""Restarting a workload, and telling when that is done, as ``kubectl rollout`` does."""

from __future__ import annotations

from migrate.cluster.port import Cluster
from migrate.execute.clock import Clock
from migrate.objects import Manifest, ObjectRef, value_at

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


def restart(cluster: Cluster, target: ObjectRef, clock: Clock) -> None:
    """Set the restart annotation on the pod template, to a value that it does not have."""
    path = "/spec/template/metadata/annotations/" + RESTARTED_AT.replace("/", "~1")
    former, stamp = value_at(cluster.get(target), path), _stamp(clock)
    while stamp == former:
        clock.sleep(0.1)
        stamp = _stamp(clock)
    template = {"metadata": {"annotations": {RESTARTED_AT: stamp}}}
    cluster.patch(target, {"spec": {"template": template}})


def _stamp(clock: Clock) -> str:
    return clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def is_rolled_out(workload: Manifest) -> bool:
    """Tell whether all replicas are of the newest template, and available.

    The rules are those of ``kubectl rollout status`` (k8s.io/kubectl v0.34
    pkg/polymorphichelpers/rollout_status.go) for Deployments and StatefulSets. A Knative
    Service is where its newest Revision is ready (knative.dev/serving
    pkg/apis/serving/v1/service_lifecycle.go).
    """
    status, generation = workload.get("status") or {}, workload["metadata"].get("generation", 0)
    if int(status.get("observedGeneration", 0)) < int(generation):
        return False
    return RULES[workload["kind"]](status, int(workload["spec"].get("replicas", 1)))


def progress(workload: Manifest) -> str:
    """Return how far the rollout is, for a person."""
    status, wanted = workload.get("status") or {}, workload["spec"].get("replicas", 1)
    if workload["kind"] == KNATIVE:
        newest = status.get("latestCreatedRevisionName", "its Revision")
        return f"{newest} is not ready: {_why(status)}"
    updated, ready = status.get("updatedReplicas", 0), status.get("readyReplicas", 0)
    return f"{updated} of {wanted} pods are of the newest template, {ready} ready"


def _deployment(status: Manifest, wanted: int) -> bool:
    updated = int(status.get("updatedReplicas", 0))
    return (
        updated >= wanted
        and int(status.get("replicas", 0)) <= updated
        and int(status.get("availableReplicas", 0)) >= updated
    )


def _stateful_set(status: Manifest, wanted: int) -> bool:
    is_newest = status.get("updateRevision", "") == status.get("currentRevision", "")
    return int(status.get("readyReplicas", 0)) >= wanted and is_newest


def _knative(status: Manifest, _wanted: int) -> bool:
    created = status.get("latestCreatedRevisionName")
    is_newest = bool(created) and created == status.get("latestReadyRevisionName")
    return is_newest and _ready(status).get("status") == "True"


def _ready(status: Manifest) -> Manifest:
    found = (c for c in status.get("conditions") or () if c.get("type") == "Ready")
    return next(found, {})


def _why(status: Manifest) -> str:
    ready = _ready(status)
    return ready.get("message") or ready.get("reason") or "it does not say why"


KNATIVE = "Service"
RULES = {"Deployment": _deployment, "StatefulSet": _stateful_set, KNATIVE: _knative}
