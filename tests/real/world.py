"""Two namespaces of services on a real KServe, and looking at what runs there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.testbed.kserve import KServe
from tests.testbed.samples import framework_service

REPOSITORY = "registry.example.com:5000/ml/sklearnserver"
CONFIG = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "inferenceservice-config", "namespace": "kserve"},
}


@dataclass
class World:
    """Services in two namespaces of their own."""

    kserve: KServe
    namespaces: tuple[str, str]

    def config(self) -> dict[str, Any]:
        """The ConfigMap as it is."""
        found = self.kserve.api.get_same(CONFIG)
        assert found is not None
        return found

    def predictors(self) -> str:
        """The bytes of `predictors`."""
        return str(self.config()["data"]["predictors"])

    def images(self) -> dict[str, str]:
        """The image of each service's workload."""
        found = {}
        for namespace in self.namespaces:
            for item in self.kserve.api.list("serving.knative.dev/v1", "Service", namespace):
                meta = item["metadata"]
                container = item["spec"]["template"]["spec"]["containers"][0]
                assert container["name"] == "kserve-container"
                found[f"{namespace}/{meta['name']}"] = container["image"]
        return found

    def services(self) -> dict[str, Any]:
        """The spec of each service."""
        return {
            f"{namespace}/{item['metadata']['name']}": item["spec"]
            for namespace in self.namespaces
            for item in self.kserve.api.list(
                "serving.kserve.io/v1beta1", "InferenceService", namespace
            )
        }

    def add(self, namespace: str, name: str, framework: str) -> None:
        """Create a service and wait for its workload."""
        self.kserve.api.create(framework_service(name, namespace, framework))
        self.kserve.wait_knative_service(namespace, name)

    def workload(self, index: int, name: str) -> str:
        """The key by which a service is found in `images`."""
        return f"{self.namespaces[index]}/{name}-predictor-default"

    def everything_else(self) -> dict[str, Any]:
        """What must be the same after a rollback: no object, label or annotation left behind.

        Without what live controllers rewrite, the record, the Lease, and the restart mark.
        """
        return {
            "config": self.config()["data"],
            "services": self.services(),
            "images": self.images(),
            "config maps": sorted(
                m["metadata"]["name"]
                for namespace in ("kserve", *self.namespaces)
                for m in self.kserve.api.list("v1", "ConfigMap", namespace)
                if not m["metadata"]["name"].startswith("kmigrate-run-")
            ),
        }


def make_world(kserve: KServe) -> World:
    """Create sklearn and xgboost services in two namespaces."""
    world = World(kserve, (kserve.create_namespace("team-a"), kserve.create_namespace("team-b")))
    for namespace in world.namespaces:
        world.add(namespace, "iris", "sklearn")
        world.add(namespace, "prices", "xgboost")
    return world


def make_odd(world: World) -> None:
    """Lay the configuration out by hand: odd white space, CRLF, non-ASCII, an unknown key."""
    document = json.loads(world.predictors())
    document["sklearn"]["note"] = "größe ✓ \u2028"
    text = json.dumps(document, ensure_ascii=False, indent=3).replace("\n", "\r\n")
    odd = "\r\n\t " + text.replace('"image":', '"image" \t :') + "  \r\n"
    world.kserve.api.patch(world.config(), {"data": {"predictors": odd}})
    assert world.predictors() == odd
