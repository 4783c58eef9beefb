"""A cluster of 0.9.0 in memory, and what a failed upgrade leaves of it once it is taken back."""

from __future__ import annotations

from typing import Any

from migrate.cluster.memory import MemoryCluster
from migrate.errors import Exit
from migrate.objects import Manifest, ObjectRef
from tests.commands.admitting import KIND, objects
from tests.commands.reconciling import reconcile
from tests.commands.verbs import Verbs
from tests.commands.wording import Make
from tests.planning.converting import SKLEARN, old, upgraded
from tests.planning.copies import isvc

CONFIG = ObjectRef("v1", "ConfigMap", "inferenceservice-config", "kserve")
RUNTIMES = "serving.kserve.io/v1alpha1"
OVER = "registry.example.com/ml/xgbserver:ours"
XGB = ObjectRef(RUNTIMES, "ClusterServingRuntime", "kserve-xgbserver")
PMML = ObjectRef(RUNTIMES, "ClusterServingRuntime", "kserve-pmmlserver")
COPY = ObjectRef(RUNTIMES, "ServingRuntime", "kserve-xgbserver", "other")
TREES = ObjectRef(KIND["apiVersion"], KIND["kind"], "trees", "team")
NEWER = "kserve-huggingfaceserver"


def a_cluster() -> MemoryCluster:
    """Of 0.9.0: overrides in `predictors` and in a ClusterServingRuntime, services on both."""
    services = (old("iris"), isvc("trees", "xgboost"), isvc("far", "xgboost", namespace="other"))
    found = MemoryCluster(objects(*services, sklearn_v1=SKLEARN))
    found.patch(CONFIG, {"data": {"ingress": '{ "x": 1 }\n', "gone": "since"}})
    image(found, XGB, OVER)
    return found


def image(found: MemoryCluster, ref: ObjectRef, image: str) -> None:
    spec = found.get(ref)["spec"]
    spec["containers"][0]["image"] = image
    found.patch(ref, {"spec": spec})


def gone(found: MemoryCluster, ref: ObjectRef) -> None:
    found.patch(ref, {"metadata": {"finalizers": None}})
    meta = found.get(ref)["metadata"]
    found.delete(ref, uid=meta["uid"], resource_version=meta["resourceVersion"])


def runtime(name: str, image: str, namespace: str = "", **meta: Any) -> Manifest:
    kind = "ServingRuntime" if namespace else "ClusterServingRuntime"
    own = {"namespace": namespace} if namespace else {}
    formats = [{"name": "xgboost", "version": "1", "autoSelect": True}]
    spec = {
        "supportedModelFormats": formats,
        "containers": [{"name": "kserve-container", "image": image}],
    }
    return {
        "apiVersion": RUNTIMES,
        "kind": kind,
        "metadata": {"name": name, **own, **meta},
        "spec": spec,
    }


def upgrade_taken_back(found: MemoryCluster) -> None:
    """What a failed upgrade leaves once the old manifests are applied again."""
    stock = upgraded("0.9.0").config["data"]
    found.patch(CONFIG, {"data": {**stock, "ingress": "{}", "gone": None, "localModel": "{}"}})
    image(found, XGB, "kserve/xgbserver:v0.9.0")
    gone(found, PMML)
    newer = runtime(NEWER, "mirror.example.com/kserve/huggingfaceserver:v0.11.2")
    newer["spec"]["supportedModelFormats"] = [{"name": "huggingface", "autoSelect": True}]
    found.create(newer)
    reconcile(found)


def after_failed_upgrade(make: Make) -> Verbs:
    """A checkpoint `before` was made, then came the upgrade and its way back."""
    made = make(found=a_cluster())
    code, _, error = made("checkpoint", "before")
    assert code == Exit.OK, error
    upgrade_taken_back(made.cluster)
    return made


def data(found: MemoryCluster) -> dict[str, str]:
    held: dict[str, str] = found.get(CONFIG).get("data") or {}
    return held


def specs(found: MemoryCluster) -> dict[str, Any]:
    """All runtimes: of the cluster and of namespaces."""
    kinds = ("ServingRuntime", "ClusterServingRuntime")
    return {
        f"{kind} {one['metadata'].get('namespace')}/{one['metadata']['name']}": one["spec"]
        for kind in kinds
        for one in found.list(RUNTIMES, kind, dict)
    }


def before() -> tuple[dict[str, str], dict[str, Any]]:
    found = a_cluster()
    return data(found), specs(found)


def service(name: str, format_: str) -> Manifest:
    """An InferenceService in the model form."""
    return {**KIND, **isvc(name, format_)}
