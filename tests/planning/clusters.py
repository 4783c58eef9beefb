"""Clusters in memory, and what a plan makes of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from migrate.kserve.releases import parse_release
from migrate.kserve.running import Running
from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.kserve.services import InferenceService
from migrate.kserve.shapes import Services
from migrate.kserve.table import rules_for
from migrate.objects import ObjectRef
from migrate.planning.hold.make import make_plan
from migrate.planning.model.desired import Options
from migrate.planning.model.plan import Outlook, Plan
from migrate.planning.model.typed import merged, parse_set
from migrate.planning.world.snapshot import Snapshot

STOCK: dict[str, Any] = {
    "sklearn": {
        "v1": {"image": "kserve/sklearnserver", "defaultImageVersion": "v0.7.0"},
        "v2": {"image": "docker.io/seldonio/mlserver", "defaultImageVersion": "0.2.1"},
    },
    "xgboost": {
        "v1": {"image": "kserve/xgbserver", "defaultImageVersion": "v0.7.0"},
        "v2": {"image": "docker.io/seldonio/mlserver", "defaultImageVersion": "0.2.1"},
    },
    "pytorch": {
        "v1": {
            "image": "kserve/pytorchserver",
            "defaultImageVersion": "v0.7.0",
            "defaultGpuImageVersion": "v0.7.0-gpu",
        },
        "v2": {
            "image": "pytorch/torchserve-kfs",
            "defaultImageVersion": "0.4.1",
            "defaultGpuImageVersion": "0.4.1-gpu",
        },
    },
    "tensorflow": {
        "image": "tensorflow/serving",
        "defaultImageVersion": "1.14.0",
        "defaultGpuImageVersion": "1.14.0-gpu",
    },
}
GPU = {"resources": {"limits": {"nvidia.com/gpu": "1"}}}
CONTROLLER = ObjectRef("apps/v1", "StatefulSet", "kserve-controller-manager", "kserve")


def service(name: str, **predictor: Any) -> InferenceService:
    meta = {"name": name, "namespace": "team", "finalizers": ["inferenceservice.finalizers"]}
    return msgspec.convert(
        {"metadata": meta, "spec": {"predictor": predictor}}, type=InferenceService
    )


def workload(name: str) -> ObjectRef:
    return ObjectRef("serving.knative.dev/v1", "Service", f"{name}-predictor-default", "team")


def snapshot(
    *services: InferenceService,
    images: dict[str, str] | None = None,
    release: str = "0.7.0",
    predictors: Any = None,
    controllers: tuple[ObjectRef, ...] = (CONTROLLER,),
    runtimes: Iterable[Runtime] = (),
) -> Snapshot:
    found = parse_release(release)
    text = predictors if isinstance(predictors, str) else json.dumps(predictors or STOCK)
    meta = {"name": "inferenceservice-config", "namespace": "kserve"}
    return Snapshot(
        cluster_uid="u",
        namespace="kserve",
        config={
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": meta,
            "data": {"predictors": text},
        },
        controllers=controllers,
        release=found,
        rules=rules_for(found),
        services=Services(services),
        runtimes=Runtimes(runtimes),
        workloads={workload(name): Running(image) for name, image in (images or {}).items()},
    )


def plan(found: Snapshot, *sets: str, repin: bool = False, accept: tuple[str, ...] = ()) -> Plan:
    return make_plan(found, Options(merged(map(parse_set, sets)), repin=repin, accept=accept))


def codes(made: Plan) -> dict[str, list[str]]:
    return {f.code: [ref.name for ref in f.objects] for f in made.findings}


def lot(made: Plan, name: str) -> tuple[Outlook, str | None, str | None, str | None]:
    row = next(r for r in made.forecast if r.service.name == name)
    return (row.outlook, row.after_reconcile, row.after_plan, row.after_rollback)


IRIS = service("iris", sklearn={"runtimeVersion": "v0.7.0"})
NOW = {"iris": "kserve/sklearnserver:v0.7.0"}
