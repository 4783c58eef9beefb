"""Services that were made under 0.7 on a real KServe of today, and what becomes of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from migrate.cluster.kube import connect
from migrate.execute.wake import wake
from migrate.objects import Manifest, ObjectRef
from tests.conftest import StartKServe
from tests.real.world import CONFIG
from tests.testbed.kserve import SERVING, KServe
from tests.testbed.samples import framework_service
from tests.testbed.waiting import wait_until

REGISTRIES = {"0.8.0": "registry.example.com/ml", "0.9.0": "registry.example.com:5000/ml"}
"""Where the images are: KServe 0.8 cuts an image at its first colon, where there is a pin."""
KNATIVE = "serving.knative.dev/v1"
RUNTIMES = "serving.kserve.io/v1alpha1"
Services = dict[str, tuple[str, dict[str, Any]]]
GPU = {"limits": {"nvidia.com/gpu": "1"}}
STAY: Services = {
    "team-a/iris": ("sklearn", {}),
    "team-b/iris": ("sklearn", {"env": [{"name": "A", "value": "b"}], "args": ["--x=1"]}),
    "team-b/old": ("sklearn", {"runtimeVersion": "v0.6.1"}),
}
"""Who depends on an override and has the same pods once it is converted."""
ROLL: Services = {
    "team-a/two": ("sklearn", {"protocolVersion": "v2"}),
    "team-c/flow": ("tensorflow", {"runtimeVersion": "1.14.0-gpu", "resources": GPU}),
}
"""Who does so, and gets others: MLServer's variables in another order, a timeout less."""
OTHERS: Services = {
    "team-a/prices": ("xgboost", {}),
    "team-c/trees": ("lightgbm", {}),
    "team-c/bars": ("paddle", {}),
    "team-c/rows": ("pmml", {}),
}
"""Who depends on what the release ships."""


@dataclass(frozen=True)
class Field:
    """A cluster with services, named NAMESPACE/NAME."""

    kserve: KServe
    registry: str = ""

    def predictors(self) -> str:
        """The text of `predictors`."""
        found = self.kserve.api.get_same(CONFIG)
        assert found is not None
        return str(found["data"]["predictors"])

    def write(self, predictors: str) -> None:
        """Set `predictors`."""
        self.kserve.api.patch(CONFIG, {"data": {"predictors": predictors}})

    def knative(self) -> dict[str, Manifest]:
        """The Knative Services of the predictors, by the service's place."""
        found = self.kserve.api.list(KNATIVE, "Service")
        return {
            f"{m['metadata']['namespace']}/{m['metadata']['name'].partition('-')[0]}": m
            for m in found
        }

    def images(self) -> dict[str, str]:
        """The image of each predictor; empty where KServe wrote none."""
        return {
            name: found["spec"]["template"]["spec"]["containers"][0].get("image", "")
            for name, found in self.knative().items()
        }

    def generations(self) -> dict[str, int]:
        """How often the spec of each Knative Service was written."""
        return {name: found["metadata"]["generation"] for name, found in self.knative().items()}

    def pods(self) -> dict[str, set[str]]:
        """The uids of the pods of each service; none without a real Knative."""
        found: dict[str, set[str]] = {}
        for pod in self.kserve.api.list("v1", "Pod"):
            labels = pod["metadata"].get("labels") or {}
            if own := labels.get("serving.kserve.io/inferenceservice"):
                name = f"{pod['metadata']['namespace']}/{own}"
                found.setdefault(name, set()).add(pod["metadata"]["uid"])
        return found

    def forms(self) -> dict[str, str]:
        """The field of each predictor that says what to run."""
        found = self.kserve.api.list(SERVING, "InferenceService")
        return {_name(each): next(iter(each["spec"]["predictor"])) for each in found}

    def copies(self) -> set[str]:
        """The runtimes of namespaces."""
        return {_name(each) for each in self.kserve.api.list(RUNTIMES, "ServingRuntime")}

    def reconcile(self, *names: str) -> None:
        """Have KServe look at these services."""
        cluster = connect(str(self.kserve.admin))
        for name in names:
            wake(cluster, ref_of_service(name))
        cluster.close()


def _name(found: Manifest) -> str:
    return f"{found['metadata']['namespace']}/{found['metadata']['name']}"


def ref_of_service(name: str) -> ObjectRef:
    namespace, _, own = name.partition("/")
    return ObjectRef(SERVING, "InferenceService", own, namespace)


def made(kserve: KServe, services: Services) -> Field:
    for namespace in sorted({name.partition("/")[0] for name in services}):
        kserve.api.create(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        )
    for name, (framework, more) in services.items():
        namespace, _, own = name.partition("/")
        service = framework_service(own, namespace, framework)
        service["spec"]["predictor"][framework].update(more)
        kserve.api.create(service)
    for name in services:
        namespace, _, own = name.partition("/")
        kserve.wait_knative_service(namespace, own)
    return Field(kserve)


def override(field: Field) -> str:
    """Set three repositories, have those services follow; return the former text."""
    former = field.predictors()
    document = json.loads(former)
    document["sklearn"]["v1"]["image"] = f"{field.registry}/sklearnserver"
    document["sklearn"]["v2"]["image"] = f"{field.registry}/mlserver"
    document["tensorflow"]["image"] = f"{field.registry}/serving"
    field.write(json.dumps(document))
    users = [*STAY, *ROLL]

    def follows() -> bool:
        field.reconcile(*users)
        images = field.images()
        return all(images[name].startswith(field.registry) for name in users)

    wait_until(follows, 60, "the images of predictors")
    return former


def upgraded(start_kserve: StartKServe, release: str, *, knative: bool) -> Field:
    kserve = start_kserve("0.7.0", knative=knative)
    field = made(kserve, {**STAY, **ROLL, **OTHERS})
    kserve.upgrade(release)
    return replace(field, registry=REGISTRIES[release])
