"""Where a service's status says nothing of what is wrong. Containers are simulated."""

from __future__ import annotations

import copy

import pytest

from tests.real.claims import (
    RUNTIME,
    add_service,
    events_of,
    get_service,
    manager_log,
    only_if_all,
    write_status,
)
from tests.testbed.api import STRATEGIC, Manifest, is_true
from tests.testbed.kserve import KServe
from tests.testbed.samples import model_service
from tests.testbed.waiting import wait_until

_SECONDS = 30
_PANIC = "invalid memory address or nil pointer dereference"
_MODEL = "internal.serving.kserve.io/storage-initializer-sourceuri"

_DISABLED = {"serving.kserve.io/disable-auto-update": "true"}

_RELEASES = ["0.20.0", *only_if_all("0.16.0", "0.17.0", "0.19.0")]
panicking = pytest.mark.parametrize(
    "kserve_cluster", [*_RELEASES, *only_if_all("0.15.2")], indirect=True
)
obeying = pytest.mark.parametrize("kserve_cluster", _RELEASES, indirect=True)


@panicking
def test_workers_that_the_runtime_knows_nothing_of_make_each_reconcile_panic(
    kserve_cluster: KServe, namespace: str
) -> None:
    """The panic is caught: the manager lives on, and others are served."""
    cluster, pid = kserve_cluster, kserve_cluster.manager_pid
    cluster.api.create(_with_workers("multi", namespace))
    wait_until(lambda: _panics(cluster, namespace) > 1, _SECONDS, "a second panic")
    add_service(cluster, namespace, "other")
    assert cluster.manager_pid == pid
    assert "status" not in get_service(cluster, namespace, "multi")
    assert events_of(cluster, namespace, "multi") == []
    deployments = cluster.api.list("apps/v1", "Deployment", namespace)
    assert [d["metadata"]["name"] for d in deployments] == ["other-predictor"]


@obeying
def test_with_auto_update_disabled_a_ready_service_is_left_alone(
    kserve_cluster: KServe, namespace: str
) -> None:
    """Its own spec is ignored, and so is its failing workload: only others can make it not Ready.

    Events are handled in turn: what is made later shows that the former ones had theirs.
    """
    cluster = kserve_cluster
    service = add_service(cluster, namespace, "iris")
    template = _template(cluster, namespace)
    cluster.api.patch(service, {"metadata": {"annotations": _DISABLED}})
    model = {"storageUri": "gs://models/second"}
    cluster.api.patch(service, {"spec": {"predictor": {"model": model}}})
    add_service(cluster, namespace, "later")
    assert _template(cluster, namespace) == template
    _fail_pods(cluster, namespace)
    add_service(cluster, namespace, "last")
    assert is_true(get_service(cluster, namespace, "iris"), "Ready")
    write_status(cluster, service, conditions=[_not_ready()])
    _wait_model(cluster, namespace, model["storageUri"])
    assert _DISABLED.items() <= _template(cluster, namespace)["metadata"]["annotations"].items()


def _with_workers(name: str, namespace: str) -> Manifest:
    """A service on several nodes as the webhook accepts it, with a runtime for one node."""
    service = model_service(name, namespace, "sklearn", RUNTIME)
    service["metadata"]["annotations"] = {"serving.kserve.io/autoscalerClass": "none"}
    predictor = service["spec"]["predictor"]
    predictor["model"]["storageUri"] = "pvc://models/multi"
    predictor["workerSpec"] = {"containers": [{"name": "worker-container"}]}
    return service


def _panics(cluster: KServe, namespace: str) -> int:
    """How many reconciles of the namespace's services the manager's log says panicked."""
    lines = [line for line in manager_log(cluster) if "[recovered]" in line]
    return sum(_PANIC in line and namespace in line for line in lines)


def _template(cluster: KServe, namespace: str) -> Manifest:
    template: Manifest = cluster.wait_predictor(namespace, "iris")["spec"]["template"]
    return copy.deepcopy(template)


def _wait_model(cluster: KServe, namespace: str, uri: str) -> None:
    def has_it() -> bool:
        return bool(_template(cluster, namespace)["metadata"]["annotations"][_MODEL] == uri)

    wait_until(has_it, _SECONDS, "the edit to be taken up")


def _fail_pods(cluster: KServe, namespace: str) -> None:
    """Let all pods be not ready, and wait until the Deployment says so."""
    conditions = [{"type": kind, "status": "False"} for kind in ("Ready", "ContainersReady")]
    for pod in cluster.api.list("v1", "Pod", namespace):
        cluster.api.patch(pod, {"status": {"conditions": conditions}}, STRATEGIC, "status")

    def is_unavailable() -> bool:
        return not is_true(cluster.wait_predictor(namespace, "iris"), "Available")

    wait_until(is_unavailable, _SECONDS, "the Deployment to be unavailable")


def _not_ready() -> Manifest:
    return {"type": "Ready", "status": "False", "lastTransitionTime": "2026-01-01T00:00:00Z"}
