"""The workload of each predictor, as the controllers of KServe 0.9.0 and Knative leave it."""

from __future__ import annotations

from random import Random

import msgspec

from migrate.kserve.config import Config
from migrate.kserve.resolver import resolve
from migrate.kserve.services import InferenceService
from migrate.objects import Manifest
from tests.benchmarks.metadata import identity, managed, stored
from tests.benchmarks.services import SERVING, Service, condition

KNATIVE = "serving.knative.dev/v1"
_FORMER = 50
"""One in so many runs an older image: its next reconcile changes that."""


def container_of(one: Service, manifest: Manifest, config: Config) -> Manifest:
    """Return the container that KServe writes for a service; of one in so many, an older one."""
    pod = resolve(msgspec.convert(manifest, InferenceService), config).pod
    assert pod is not None
    container = pod.container
    if one.number % _FORMER == 0:
        repository = container["image"].rpartition(":")[0]
        container = {**container, "image": f"{repository}:v0.8.0"}
    return container


def workload(one: Service, container: Manifest, dice: Random) -> Manifest:
    """Return the Deployment in raw mode, else the Knative Service."""
    return _deployment(one, container, dice) if one.is_raw else _knative(one, container, dice)


def _labels(one: Service) -> dict[str, str]:
    return {
        "component": "predictor",
        "serving.kserve.io/inferenceservice": one.name,
        "service.istio.io/canonical-name": one.name,
    }


def _owner(one: Service, dice: Random) -> Manifest:
    return {
        "apiVersion": SERVING,
        "blockOwnerDeletion": True,
        "controller": True,
        "kind": "InferenceService",
        "name": one.name,
        "uid": identity(dice),
    }


def _template(one: Service, container: Manifest, dice: Random) -> Manifest:
    source = f"s3://models-{one.namespace}/{one.name}/{dice.getrandbits(64):016x}"
    prefix = "internal.serving.kserve.io"
    probe = {"successThreshold": 1, "tcpSocket": {"port": 0}}
    container = {"readinessProbe": probe, **container}
    spec = {
        "containerConcurrency": 0,
        "containers": [container],
        "enableServiceLinks": False,
        "timeoutSeconds": 60,
    }
    annotations = {
        "autoscaling.knative.dev/class": "kpa.autoscaling.knative.dev",
        "autoscaling.knative.dev/min-scale": "1",
        f"{prefix}/storage-initializer-sourceuri": source,
        "prometheus.kserve.io/port": "8080",
        "prometheus.kserve.io/path": "/metrics",
    }
    return {"metadata": {"annotations": annotations, "labels": _labels(one)}, "spec": spec}


def _knative(one: Service, container: Manifest, dice: Random) -> Manifest:
    revision = f"{one.workload}-{dice.randint(1, 40):05d}"
    traffic = [{"latestRevision": True, "percent": 100}]
    spec = {"template": _template(one, container, dice), "traffic": traffic}
    kinds = ("ConfigurationsReady", "Ready", "RoutesReady")
    status = {
        "address": {"url": f"http://{one.workload}.{one.namespace}.svc.cluster.local"},
        "conditions": [condition(kind, dice) for kind in kinds],
        "latestCreatedRevisionName": revision,
        "latestReadyRevisionName": revision,
        "observedGeneration": 1,
        "traffic": [{**traffic[0], "revisionName": revision}],
        "url": f"http://{one.workload}.{one.namespace}.example.com",
    }
    creator = {"serving.knative.dev/creator": "system:serviceaccount:kserve:default"}
    meta = _meta(one, dice, KNATIVE, spec, status, creator)
    return {"apiVersion": KNATIVE, "kind": "Service", "metadata": meta, **_body(spec, status)}


def _deployment(one: Service, container: Manifest, dice: Random) -> Manifest:
    spec = {
        "progressDeadlineSeconds": 600,
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "selector": {"matchLabels": {"app": f"isvc.{one.workload}"}},
        "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
        "template": _template(one, container, dice),
    }
    status = {
        "availableReplicas": 1,
        "conditions": [condition(kind, dice) for kind in ("Available", "Progressing")],
        "observedGeneration": 1,
        "readyReplicas": 1,
        "replicas": 1,
        "updatedReplicas": 1,
    }
    meta = _meta(one, dice, "apps/v1", spec, status, {"deployment.kubernetes.io/revision": "1"})
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, **_body(spec, status)}


def _body(spec: Manifest, status: Manifest) -> Manifest:
    return {"spec": spec, "status": status}


def _meta(
    one: Service,
    dice: Random,
    version: str,
    spec: Manifest,
    status: Manifest,
    annotations: dict[str, str],
) -> Manifest:
    own = {"metadata": {"labels": _labels(one), "ownerReferences": {}}, "spec": spec}
    return stored(
        dice,
        one.workload,
        one.namespace,
        annotations=annotations,
        labels=_labels(one),
        managedFields=managed(dice, "manager", version, own, {"status": status}),
        ownerReferences=[_owner(one, dice)],
    )
