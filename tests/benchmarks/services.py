"""InferenceServices as a cluster with KServe 0.9.0 has them, seeded.

One third is in the framework form, which services keep that were made before 0.8 and never
written to since; the others are in the form that the webhook of 0.9 gives every new one.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

import msgspec

from migrate.objects import Manifest
from tests.benchmarks.metadata import LAST_APPLIED, managed, stamp, stored

SERVING = "serving.kserve.io/v1beta1"
PER_NAMESPACE = 50
RAW = {"serving.kserve.io/deploymentMode": "RawDeployment"}
_RUNTIMES = {
    "sklearn": "kserve-sklearnserver",
    "xgboost": "kserve-xgbserver",
    "lightgbm": "kserve-lgbserver",
    "pmml": "kserve-pmmlserver",
    "paddle": "kserve-paddleserver",
    "tensorflow": "kserve-tensorflow-serving",
}
_WEIGHTS = (40, 20, 10, 5, 5, 20)
_WITH_GPU = 0.3
_WORDS = ("fraud", "churn", "price", "demand", "rank", "risk", "spam", "route", "score", "stock")


class Service(msgspec.Struct, frozen=True):
    """What tells one service from the next; ``is_old`` means the framework form."""

    number: int
    name: str
    namespace: str
    format: str
    is_old: bool
    is_raw: bool
    is_applied: bool
    has_gpu: bool

    @property
    def workload(self) -> str:
        """The name of its predictor's workload (``PredictorServiceName``, 0.9.0)."""
        return f"{self.name}-predictor-default"

    @property
    def pin(self) -> str:
        """The ``runtimeVersion`` that the webhook of 0.7.0 wrote into it."""
        version = "1.14.0" if self.format == "tensorflow" else "v0.7.0"
        return f"{version}-gpu" if self.has_gpu else version

    @property
    def runtime(self) -> str:
        """The ClusterServingRuntime that serves it."""
        return _RUNTIMES[self.format]


def service(number: int, dice: Random) -> Service:
    """Return the service of that number."""
    first, second = dice.choice(_WORDS), dice.choice(_WORDS)
    format_ = dice.choices(list(_RUNTIMES), _WEIGHTS)[0]
    return Service(
        number=number,
        name=f"{first}-{second}-{number:06d}",
        namespace=f"team-{number // PER_NAMESPACE:04d}",
        format=format_,
        is_old=number % 3 == 0,
        is_raw=number % 10 == 7,
        is_applied=number % 5 == 2,
        has_gpu=format_ == "tensorflow" and dice.random() < _WITH_GPU,
    )


def manifest(one: Service, dice: Random) -> Manifest:
    """Return the InferenceService as the API server stores it: 3.2 to 5.3 KB of JSON."""
    spec, status = {"predictor": _predictor(one, dice)}, _status(one, dice)
    labels = {
        "app": one.name,
        "team": one.namespace,
        "cost-centre": str(dice.randrange(10**4, 10**5)),
        "example.com/model-version": f"v{dice.randrange(1, 90)}",
    }
    own = {"metadata": {"annotations": {}, "labels": labels}, "spec": spec}
    finalized: Manifest = {"metadata": {"finalizers": {'v:"inferenceservice.finalizers"': {}}}}
    annotations = _annotations(one, labels, spec)
    meta = stored(
        dice,
        one.name,
        one.namespace,
        annotations=annotations,
        labels=labels,
        finalizers=["inferenceservice.finalizers"],
        managedFields=managed(dice, "kubectl", SERVING, own, finalized, {"status": status}),
    )
    kind = {"apiVersion": SERVING, "kind": "InferenceService"}
    return {**kind, "metadata": meta, "spec": spec, "status": status}


def _annotations(one: Service, labels: Manifest, spec: Manifest) -> dict[str, str]:
    found = {
        "example.com/owner": f"{one.namespace}@example.com",
        "sidecar.istio.io/inject": "false",
        **(RAW if one.is_raw else {}),
    }
    if not one.is_applied:
        return found
    meta = {"annotations": found, "labels": labels, "name": one.name, "namespace": one.namespace}
    kind = {"apiVersion": SERVING, "kind": "InferenceService"}
    return {**found, LAST_APPLIED: json.dumps({**kind, "metadata": meta, "spec": spec}) + "\n"}


def _predictor(one: Service, dice: Random) -> Manifest:
    gpu = {"nvidia.com/gpu": "1"} if one.has_gpu else {}
    amount = {"cpu": str(dice.randint(1, 4)), "memory": f"{dice.randint(1, 16)}Gi"}
    model = {
        "name": "kserve-container" if one.is_old else "",
        "protocolVersion": "v1",
        "resources": {"limits": amount | gpu, "requests": amount},
        "storageUri": f"s3://models-{one.namespace}/{one.name}/{dice.getrandbits(64):016x}",
    }
    common = {"minReplicas": dice.choice((0, 1, 1, 2)), "maxReplicas": 4, "timeout": 60}
    if one.is_old:
        return {**common, one.format: model | {"runtimeVersion": one.pin}}
    chosen = {"modelFormat": {"name": one.format}, "runtime": one.runtime}
    return {**common, "model": model | chosen}


def _status(one: Service, dice: Random) -> Manifest:
    host = f"{one.name}.{one.namespace}.example.com"
    revision = f"{one.workload}-{dice.randint(1, 40):05d}"
    own = () if one.is_raw else ("PredictorConfigurationReady", "PredictorRouteReady")
    kinds = ("IngressReady", "PredictorReady", "Ready", *own)
    predictor: dict[str, Any] = {"url": f"http://{one.workload}.{one.namespace}.example.com"}
    if not one.is_raw:
        traffic = {"latestRevision": True, "percent": 100, "revisionName": revision}
        predictor |= {
            "address": {"url": f"http://{one.workload}.{one.namespace}.svc.cluster.local"},
            "latestCreatedRevision": revision,
            "latestReadyRevision": revision,
            "latestRolledoutRevision": revision,
            "traffic": [traffic],
        }
    return {
        "address": {"url": f"http://{one.name}.{one.namespace}.svc.cluster.local/v1/models"},
        "components": {"predictor": predictor},
        "conditions": [condition(kind, dice) for kind in kinds],
        "url": f"http://{host}",
    }


def condition(kind: str, dice: Random) -> Manifest:
    """Return a condition that is true."""
    moment = stamp(dice)
    return {"lastTransitionTime": moment, "severity": "Info", "status": "True", "type": kind}
