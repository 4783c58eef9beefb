"""Runtimes copied into a namespace, services woken, and the traces that a rollout leaves."""

from __future__ import annotations

import copy
import itertools
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from tests.testbed.api import Manifest, basic_object
from tests.testbed.kserve import KNATIVE, SERVING, SERVING_ALPHA, KServe
from tests.testbed.releases import SERVERLESS
from tests.testbed.samples import model_service
from tests.testbed.waiting import WaitTimeoutError, wait_until

RUNTIME = "kserve-sklearnserver"
FORMAT = "sklearn"
SERVER_TYPE = "serving.kserve.io/server-type"
OTHER_IMAGE = "registry.example.com/ml/sklearnserver:v1"
_ALL = "KMIGRATE_TESTBED_ALL"
_MARK = "kmigrate-testbed/mark"
_SECONDS = 30
_PATIENCE = 2
# No generation is ever so high, and each wake has to write another value.
_NEVER_OBSERVED = itertools.count(1_000_000)


def only_if_all(*releases: str) -> list[Any]:
    """Parameters that are skipped unless all releases are asked for."""
    return [
        pytest.param(
            release,
            marks=pytest.mark.skipif(
                _ALL not in os.environ, reason=f"KServe {release}: {_ALL}=1 runs it"
            ),
        )
        for release in releases
    ]


def stock_runtime(cluster: KServe) -> Manifest:
    """The ClusterServingRuntime that serves sklearn models."""
    found = cluster.api.get(SERVING_ALPHA, "ClusterServingRuntime", RUNTIME)
    assert found is not None
    return found


def copy_runtime(
    cluster: KServe,
    namespace: str,
    image: str | None = None,
    server_type: str | None = None,
    **changed: object,
) -> None:
    """Put the stock runtime into a namespace under its own name, as it is or changed."""
    stock = stock_runtime(cluster)
    spec = copy.deepcopy(stock["spec"]) | changed
    if image:
        spec["containers"][0]["image"] = image
    runtime = basic_object(SERVING_ALPHA, "ServingRuntime", RUNTIME, namespace, spec=spec)
    kind = server_type or stock["metadata"].get("annotations", {}).get(SERVER_TYPE)
    if kind:
        runtime["metadata"]["annotations"] = {SERVER_TYPE: kind}
    cluster.api.create(runtime)


def add_service(cluster: KServe, namespace: str, name: str, model_format: str = FORMAT) -> Manifest:
    """Create a service, and return it once it is Ready, or can get no further here."""
    cluster.api.create(model_service(name, namespace, model_format))
    cluster.wait_predictor(namespace, name)
    if _has_pods(cluster):
        cluster.wait_ready(namespace, name)
    return get_service(cluster, namespace, name)


def get_service(cluster: KServe, namespace: str, name: str) -> Manifest:
    """The InferenceService as it is."""
    found = cluster.api.get(SERVING, "InferenceService", name, namespace)
    assert found is not None
    return found


def container_of(cluster: KServe, namespace: str, name: str) -> Manifest:
    """The model's container in what KServe wrote for a service."""
    containers = cluster.wait_predictor(namespace, name)["spec"]["template"]["spec"]["containers"]
    found: Manifest = next(c for c in containers if c["name"] == "kserve-container")
    return found


def image_of(cluster: KServe, namespace: str, name: str) -> str:
    """The image of that container."""
    return str(container_of(cluster, namespace, name)["image"])


def wait_image(cluster: KServe, namespace: str, name: str, image: str) -> None:
    """Wake a service until it has the image."""

    def has_image() -> bool:
        return image_of(cluster, namespace, name) == image

    wake_until(cluster, namespace, name, has_image)


def wake_until(cluster: KServe, namespace: str, name: str, is_done: Callable[[], bool]) -> None:
    """Wake a service until a condition holds: the controller may see a new runtime a bit late."""

    def wakes_up_to_it() -> bool:
        wake_by_status(cluster, namespace, name)
        with suppress(WaitTimeoutError):
            return wait_until(is_done, _PATIENCE, "one wake to take effect")
        return False

    what = f"{namespace}/{name} to take up a runtime"
    wait_until(lambda: is_done() or wakes_up_to_it(), _SECONDS, what)


def rollouts(cluster: KServe, namespace: str) -> list[str]:
    """What a rollout adds to or changes: ReplicaSets, pods, and each Knative Service's generation.

    A new generation of a Knative Service is a new revision.
    """
    kinds = ("apps/v1", "ReplicaSet"), ("v1", "Pod")
    uids = [o["metadata"]["uid"] for kind in kinds for o in cluster.api.list(*kind, namespace)]
    return sorted([*uids, *_generations(cluster, namespace)])


def wait_rolled_out(cluster: KServe, namespace: str, name: str, image: str) -> None:
    """Wait for the image in what KServe wrote, and where there are pods in one of them."""

    def is_there() -> bool:
        if image_of(cluster, namespace, name) != image:
            return False
        return not _has_pods(cluster) or image in _images_of_pods(cluster, namespace)

    wait_until(is_there, _SECONDS, f"{namespace}/{name} to be rolled out with {image}")


def wake_by_status(cluster: KServe, namespace: str, name: str) -> Manifest:
    """Write a number nobody uses into the status; return the service as it was answered."""
    service = basic_object(SERVING, "InferenceService", name, namespace)
    return write_status(cluster, service, observedGeneration=next(_NEVER_OBSERVED))


def write_status(cluster: KServe, service: Manifest, **fields: object) -> Manifest:
    """Patch fields of a service's status."""
    return cluster.api.patch(service, {"status": fields}, subresource="status")


def wake_by_label(cluster: KServe, namespace: str, name: str) -> None:
    """Label the metadata, not the template, of the Deployment or Knative Service."""
    workload = cluster.wait_predictor(namespace, name)
    cluster.api.patch(workload, {"metadata": {"labels": {_MARK: "woken"}}})


def wake_by_annotation(cluster: KServe, namespace: str, name: str) -> None:
    """Annotate the metadata, not the template, of the Deployment or Knative Service."""
    workload = cluster.wait_predictor(namespace, name)
    cluster.api.patch(workload, {"metadata": {"annotations": {_MARK: "woken"}}})


WAKES: dict[str, Callable[[KServe, str, str], object]] = {
    "status": wake_by_status,
    "label": wake_by_label,
    "annotation": wake_by_annotation,
}


def events_of(cluster: KServe, namespace: str, name: str) -> list[str]:
    """Reason and message of the events about an InferenceService."""
    return [
        f"{event['reason']}: {event['message']}"
        for event in cluster.api.list("v1", "Event", namespace)
        if (event["involvedObject"]["kind"], event["involvedObject"]["name"])
        == ("InferenceService", name)
    ]


def manager_log(cluster: KServe) -> list[str]:
    """The lines of the manager's log."""
    assert cluster.kubelet is not None
    assert cluster.kubelet.process is not None
    return cluster.kubelet.process.log.read_text(errors="replace").splitlines()


def _has_pods(cluster: KServe) -> bool:
    return cluster.has_knative or cluster.mode != SERVERLESS


def _generations(cluster: KServe, namespace: str) -> list[str]:
    if cluster.mode != SERVERLESS:
        return []
    found = [service["metadata"] for service in cluster.api.list(KNATIVE, "Service", namespace)]
    return [f"{meta['name']} {meta['generation']}" for meta in found]


def _images_of_pods(cluster: KServe, namespace: str) -> set[str]:
    pods = cluster.api.list("v1", "Pod", namespace)
    return {c["image"] for pod in pods for c in pod["spec"]["containers"]}
