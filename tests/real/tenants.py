"""Three namespaces of services of many formats on a real KServe whose runtimes were edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from migrate.planning.world.copies import RUN
from tests.forecasts.seen import Sight, is_quiet, look
from tests.real.everything import everything
from tests.testbed.api import Manifest, basic_object
from tests.testbed.kserve import SERVING, SERVING_ALPHA, KServe
from tests.testbed.releases import SERVERLESS
from tests.testbed.samples import model_service
from tests.testbed.waiting import wait_until

OVERRIDES = {
    "kserve-sklearnserver": "registry.example.com:5000/ml/sklearnserver:v9",
    "kserve-xgbserver": "registry.example.com:5000/ml/xgbserver:v9",
    "kserve-mlserver": "registry.example.com:5000/ml/mlserver:v9",
}
"""What somebody made of the cluster's runtimes."""
FEW: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "team-a": (("iris", "sklearn", "v1", ""), ("pinned", "sklearn", "", "kserve-sklearnserver")),
    "team-b": (("iris", "sklearn", "v1", ""),),
}
SERVICES: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "team-a": (
        ("iris", "sklearn", "", ""),
        ("iris-v1", "sklearn", "v1", ""),
        ("iris-v2", "sklearn", "v2", ""),
        ("pinned", "sklearn", "", "kserve-sklearnserver"),
        ("prices", "xgboost", "", "kserve-xgbserver"),
    ),
    "team-b": (
        ("iris", "sklearn", "v1", ""),
        ("prices", "xgboost", "v1", ""),
        ("prices-v2", "xgboost", "v2", "kserve-mlserver"),
        ("flow", "tensorflow", "v1", ""),
        ("boost", "lightgbm", "v1", ""),
    ),
    "team-c": (
        ("flow", "tensorflow", "v1", ""),
        ("pages", "pmml", "v1", ""),
        ("iris-v2", "sklearn", "v2", "kserve-mlserver"),
    ),
}
"""Name, format, protocol and pinned runtime of each service; empty is left out."""
_SECONDS = 180


@dataclass
class Tenants:
    """The namespaces by what they are called in SERVICES."""

    kserve: KServe
    namespaces: dict[str, str]
    stock: dict[str, Any]
    """The specs of the cluster's runtimes before they were edited."""

    def users(self, seen: dict[str, Sight]) -> dict[tuple[str, str], str]:
        """Return the edited runtime of each service that runs what it says."""
        runtimes = {image: name for name, image in OVERRIDES.items()}
        teams = {namespace: team for team, namespace in self.namespaces.items()}
        return {
            (teams[namespace], name): runtimes[image]
            for key, sight in seen.items()
            for namespace, name in [key.split("/")]
            for image in sight.images.values()
            if image in runtimes
        }

    def settled(self) -> dict[str, Sight]:
        """Return what is seen of each service once nothing moves any more."""
        names = self.namespaces.values()
        has_knative = self.kserve.has_knative

        def quiet() -> bool:
            return is_quiet(self.kserve.api, names, has_knative=has_knative)

        wait_until(quiet, _SECONDS, "the workloads to be at rest")
        return look(self.kserve.api, names)

    def moved_since(self, before: dict[str, Sight]) -> list[str]:
        """Return the services with another image or new pods, once all is at rest."""
        after = self.settled()
        return [
            name
            for name in sorted(before.keys() | after.keys())
            if name not in after or name not in before or _differ(before[name], after[name])
        ]

    def everything_else(self) -> dict[Any, Any]:
        """All objects, and what the services say of their runtimes, once all is at rest.

        Without the name of the run in the copies: each run has its own.
        """
        self.settled()
        found = everything(self.kserve.api)
        for manifest in found.values():
            (manifest["metadata"].get("labels") or {}).pop(RUN, None)
        return {**found, "reports": self.reports()}

    def runtimes(self) -> dict[str, Any]:
        """The specs of the cluster's runtimes."""
        return _specs(self.kserve)

    def copies(self) -> set[tuple[str, str]]:
        """The namespaced runtimes there are, by namespace and name."""
        called = {real: name for name, real in self.namespaces.items()}
        return {
            (called[each["metadata"]["namespace"]], each["metadata"]["name"])
            for each in self.kserve.api.list(SERVING_ALPHA, "ServingRuntime")
        }

    def reports(self) -> dict[tuple[str, str], tuple[object, object]]:
        """What the status of each service says of its runtime: namespaced, and of the cluster."""
        return {
            (team, each["metadata"]["name"]): (
                each.get("status", {}).get("servingRuntimeName"),
                each.get("status", {}).get("clusterServingRuntimeName"),
            )
            for team, namespace in self.namespaces.items()
            for each in self.kserve.api.list(SERVING, "InferenceService", namespace)
        }


Services = Mapping[str, Sequence[tuple[str, str, str, str]]]


def make_tenants(kserve: KServe, wanted: Services = SERVICES) -> Tenants:
    """Edit the runtimes, create the services, and wait until all is at rest."""
    stock = _specs(kserve)
    for name, image in OVERRIDES.items():
        edit_runtime(kserve, name, image)
    tenants = Tenants(kserve, {team: kserve.create_namespace(team) for team in wanted}, stock)
    for team, services in wanted.items():
        for service in services:
            kserve.api.create(_service(tenants.namespaces[team], *service))
    for team, services in wanted.items():
        for name, *_ in services:
            kserve.wait_predictor(tenants.namespaces[team], name)
            if kserve.has_knative or kserve.mode != SERVERLESS:
                kserve.wait_ready(tenants.namespaces[team], name)
    tenants.settled()
    return tenants


def _differ(one: Sight, other: Sight) -> bool:
    return (one.images, one.rollouts) != (other.images, other.rollouts)


def _specs(kserve: KServe) -> dict[str, Any]:
    found = kserve.api.list(SERVING_ALPHA, "ClusterServingRuntime")
    return {each["metadata"]["name"]: each["spec"] for each in found}


def edit_runtime(kserve: KServe, name: str, image: str) -> None:
    """Give a cluster runtime another image, as people do."""
    found = kserve.api.get(SERVING_ALPHA, "ClusterServingRuntime", name)
    assert found is not None
    containers = [{**found["spec"]["containers"][0], "image": image}]
    kserve.api.patch(found, {"spec": {"containers": containers}})


def _service(namespace: str, name: str, format_: str, protocol: str, runtime: str) -> Manifest:
    made = model_service(name, namespace, format_, runtime or None)
    if protocol:
        made["spec"]["predictor"]["model"]["protocolVersion"] = protocol
    return basic_object(SERVING, "InferenceService", name, namespace, spec=made["spec"])
