"""KServe 0.9.0 as it is installed: configuration with overrides, controller, runtimes.

The stock parts are those of the catalog; what is set differently stands in this file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

import msgspec

from migrate.catalog.predictors import VARIANTS, Row
from migrate.catalog.runtimes import MANIFEST, stock
from migrate.kserve.config import Config, read_config
from migrate.kserve.releases import parse_release
from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.kserve.table import rules_for
from migrate.objects import Manifest
from tests.benchmarks.metadata import stored

RELEASE = "0.9.0"
NAMESPACE = "kserve"
RUNTIME = "serving.kserve.io/v1alpha1"
OVERRIDES = {
    ("sklearn", "v1"): Row("registry.example.com/ml/sklearnserver", "v0.7.0"),
    ("xgboost", "v1"): Row("registry.example.com/ml/xgbserver", "v0.7.0"),
}
"""What somebody set for all services: two images behind a registry of their own."""
_COPIES = 5
"""In so many namespaces somebody has put a runtime of the same name."""
_CRDS = {
    "inferenceservices": "InferenceService",
    "servingruntimes": "ServingRuntime",
    "clusterservingruntimes": "ClusterServingRuntime",
}


def rows() -> dict[tuple[str, str], Row]:
    """Return the entries of `predictors` by format and protocol, the overrides among them."""
    variant = next(v for v in VARIANTS if (v.release, v.name) == (RELEASE, "install"))
    return {**variant.rows, **OVERRIDES}


def config_of(installed: Iterable[Manifest]) -> Config:
    """Return what KServe decides by in such a cluster."""
    rules = rules_for(parse_release(RELEASE))
    assert rules is not None
    found = [one for one in installed if one["kind"].endswith("ServingRuntime")]
    runtimes = Runtimes(msgspec.convert(one, Runtime) for one in found)
    return read_config(_config(), rules, runtimes, ())


def objects(namespaces: list[str], dice: Random) -> Iterator[Manifest]:
    """Yield everything but the services and their workloads."""
    for name in ("kube-system", NAMESPACE, "knative-serving", "default", *namespaces):
        yield _object("v1", "Namespace", stored(dice, name), status={"phase": "Active"})
    meta = stored(dice, "inferenceservice-config", NAMESPACE)
    yield _object("v1", "ConfigMap", meta, data=_config())
    yield from _controllers(dice)
    yield from _crds(dice)
    for name, spec in stock_specs().items():
        yield _object(RUNTIME, "ClusterServingRuntime", stored(dice, name), spec=spec)
    name = "kserve-lgbserver"
    for namespace in namespaces[:_COPIES]:
        meta = stored(dice, name, namespace)
        yield _object(RUNTIME, "ServingRuntime", meta, spec=stock_specs()[name])


def _object(version: str, kind: str, meta: Manifest, **content: Any) -> Manifest:
    return {"apiVersion": version, "kind": kind, "metadata": meta, **content}


def stock_specs() -> dict[str, Manifest]:
    """Return the spec of each stock runtime by its name."""
    return {
        runtime.name: next(o.spec for o in runtime.origins if o.origin == MANIFEST)
        for runtime in stock(RELEASE)
    }


def _config() -> dict[str, str]:
    predictors: dict[str, Any] = {}
    for (format_, protocol), row in rows().items():
        entry = {"image": row.image, "defaultImageVersion": row.version}
        entry |= {"defaultGpuImageVersion": row.gpu_version} if row.gpu_version else {}
        place = predictors.setdefault(format_, {}) if protocol else predictors
        place[protocol or format_] = entry | {"multiModelServer": False}
    ingress = {
        "ingressGateway": "knative-serving/knative-ingress-gateway",
        "ingressService": "istio-ingressgateway.istio-system.svc.cluster.local",
        "ingressDomain": "example.com",
    }
    return {
        "deploy": json.dumps({"defaultDeploymentMode": "Serverless"}),
        "ingress": json.dumps(ingress),
        "predictors": json.dumps(predictors, indent=2),
    }


def _controllers(dice: Random) -> Iterator[Manifest]:
    # 0.9.0 ships both: the StatefulSet without replicas, to take over from 0.8.
    name, image = "kserve-controller-manager", f"kserve/kserve-controller:v{RELEASE}"
    pods = {"spec": {"containers": [{"name": "manager", "image": image}]}}
    for kind, count in (("Deployment", 1), ("StatefulSet", 0)):
        meta = stored(dice, name, NAMESPACE)
        spec = {"replicas": count, "template": pods}
        status = {"replicas": count, "readyReplicas": count, "observedGeneration": 4}
        yield _object("apps/v1", kind, meta, spec=spec, status=status)


def _crds(dice: Random) -> Iterator[Manifest]:
    for plural, kind in _CRDS.items():
        version = "v1beta1" if kind == "InferenceService" else "v1alpha1"
        names = {"kind": kind, "plural": plural, "singular": kind.lower()}
        spec = {
            "group": "serving.kserve.io",
            "names": names,
            "scope": "Cluster" if kind.startswith("Cluster") else "Namespaced",
            "versions": [{"name": version, "served": True, "storage": True}],
        }
        meta = stored(dice, f"{plural}.serving.kserve.io")
        yield _object("apiextensions.k8s.io/v1", "CustomResourceDefinition", meta, spec=spec)
