"""A cluster in memory whose images are those of ClusterServingRuntimes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from migrate.kserve.runtimes import Runtime
from migrate.objects import Manifest, ref_of
from migrate.planning.hold.make import make_plan
from migrate.planning.model.desired import Options
from migrate.planning.model.plan import Plan
from migrate.planning.model.typed import merged, parse_set
from migrate.planning.world.snapshot import Snapshot
from tests.planning.clusters import service, snapshot

IMAGE = "/spec/containers/name=kserve-container/image"
STOCK = "kserve/sklearnserver:v0.15.2"
OTHER = "registry.example.com/ml/sklearn:v1"


def cluster_runtime(name: str, image: str, *formats: str, **spec: Any) -> Manifest:
    supported = [{"name": f, "version": "1", "autoSelect": True, "priority": 1} for f in formats]
    containers = [{"name": "kserve-container", "image": image, "args": ["--model_name={{.Name}}"]}]
    return {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "ClusterServingRuntime",
        "metadata": {"name": name},
        "spec": {"supportedModelFormats": supported, "containers": containers, **spec},
    }


SKLEARN = cluster_runtime("kserve-sklearnserver", STOCK, "sklearn", protocolVersions=["v1"])
MLSERVER = cluster_runtime(
    "kserve-mlserver", "seldonio/mlserver:1.5.0", "sklearn", "xgboost", protocolVersions=["v2"]
)
RUNTIME = ref_of(SKLEARN)


def model(name: str, format_: str = "sklearn", **more: Any) -> Any:
    return service(name, model={"modelFormat": {"name": format_}, **more})


def world(*services: Any, release: str = "0.15.2", own: tuple[Manifest, ...] = ()) -> Snapshot:
    originals = {ref_of(m): m for m in (SKLEARN, MLSERVER)}
    runtimes = [msgspec.convert(m, Runtime) for m in (*originals.values(), *own)]
    found = snapshot(*services, release=release, runtimes=runtimes)
    return replace(found, originals=originals)


def plan(found: Snapshot, *sets: str, **options: Any) -> Plan:
    return make_plan(found, Options(merged(map(parse_set, sets)), **options))
