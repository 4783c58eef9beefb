"""A Deployment whose new pods do not come up, written as Kubernetes 1.34 writes it."""

from __future__ import annotations

from typing import Any

from migrate.cluster.memory import MemoryCluster
from migrate.objects import ObjectRef

Json = Any
SERVING = "serving.kserve.io/v1beta1"
LABELS = {"app": "isvc.iris-predictor", "serving.kserve.io/inferenceservice": "iris"}
OLD, NEW = "5d8c7b9f6", "7f6d9c8b4"
"""Hashes of the former and of the newest pod template."""
LONG_AGO, NOW = "2025-12-31T09:00:00Z", "2026-01-01T00:00:01Z"
"""The tests' clock begins with 2026."""
ISVC = ObjectRef(SERVING, "InferenceService", "iris", "team")
DEPLOYMENT = ObjectRef("apps/v1", "Deployment", "iris-predictor", "team")
IMAGE = "registry.example.com/ml/sklearnserver:v9"


def meta(name: str, **more: Json) -> Json:
    return {"name": name, "namespace": "team", "uid": f"uid-{name}", **more}


def service(**status: Json) -> Json:
    return {
        "apiVersion": SERVING,
        "kind": "InferenceService",
        "metadata": meta("iris"),
        "spec": {"predictor": {"model": {"modelFormat": {"name": "sklearn"}}}},
        "status": status,
    }


def condition(kind: str, status: str, reason: str, message: str, since: str = NOW) -> Json:
    times = {"lastTransitionTime": since, "lastUpdateTime": since}
    return {"type": kind, "status": status, "reason": reason, "message": message, **times}


def deployment(*conditions: Json, observed: int = 2) -> Json:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta("iris-predictor", generation=2),
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": LABELS["app"]}},
            "template": {"spec": {"containers": [{"name": "kserve-container", "image": IMAGE}]}},
        },
        "status": {
            "observedGeneration": observed,
            "replicas": 2,
            "updatedReplicas": 1,
            "availableReplicas": 1,
            "conditions": list(conditions),
        },
    }


def replica_set(template: str, revision: int, owner: str = "uid-iris-predictor") -> Json:
    labels = {**LABELS, "pod-template-hash": template}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": meta(
            f"iris-predictor-{template}",
            labels=labels,
            annotations={"deployment.kubernetes.io/revision": str(revision)},
            ownerReferences=[{"apiVersion": "apps/v1", "kind": "Deployment", "uid": owner}],
        ),
        "spec": {"replicas": 1},
    }


def status_of(state: Json, restarts: int = 0, name: str = "kserve-container") -> Json:
    return {
        "name": name,
        "image": IMAGE,
        "imageID": "",
        "ready": "running" in state,
        "restartCount": restarts,
        "state": state,
        "lastState": {},
    }


def waiting(reason: str, message: str = "") -> Json:
    return {"waiting": {"reason": reason, "message": message}}


def ended(code: int, reason: str = "Error", message: str = "") -> Json:
    return {"terminated": {"exitCode": code, "reason": reason, "message": message}}


def looping(restarts: int, code: int = 1, name: str = "kserve-container") -> Json:
    said = "back-off 20s restarting failed container=kserve-container pod=iris"
    found = status_of(waiting("CrashLoopBackOff", said), restarts, name)
    return {**found, "lastState": ended(code, "OOMKilled" if code == 137 else "Error")}


def pod(
    *statuses: Json,
    template: str = NEW,
    name: str = "a",
    born: str = NOW,
    init: tuple[Json, ...] = (),
    scheduled: Json | None = None,
    ready: bool = False,
    **more: Json,
) -> Json:
    conditions = [scheduled] if scheduled else []
    conditions.append(condition("Ready", str(ready), "", ""))
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta(
            f"iris-predictor-{template}-{name}",
            labels={**LABELS, "pod-template-hash": template},
            creationTimestamp=born,
            **more,
        ),
        "spec": {"nodeName": "" if scheduled else "node-1", "containers": []},
        "status": {
            "phase": "Pending",
            "conditions": conditions,
            "containerStatuses": list(statuses),
            "initContainerStatuses": list(init),
        },
    }


def event(
    about: Json, reason: str, message: str, count: int = 1, field: str = "", at: str = NOW
) -> Json:
    involved = {"uid": about["metadata"]["uid"], "fieldPath": field, "kind": about["kind"]}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": meta(f"{about['metadata']['name']}.{abs(hash((reason, message))):x}"),
        "involvedObject": involved,
        "type": "Warning",
        "reason": reason,
        "message": message,
        "count": count,
        "lastTimestamp": at,
        "eventTime": None,
    }


def a_cluster(*objects: Json, live: Json | None = None, isvc: Json | None = None) -> MemoryCluster:
    """The rollout under way, the former pod still there and ready, and these objects."""
    former = pod(status_of({"running": {}}, 0), template=OLD, ready=True, born=LONG_AGO)
    sets = replica_set(OLD, 1), replica_set(NEW, 2)
    return MemoryCluster([isvc or service(), live or deployment(), former, *sets, *objects])
