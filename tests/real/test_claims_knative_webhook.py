"""Framework-form services under KServe 0.10, with Knative's own webhook in force.

Containers are simulated, and so is Knative's ingress.
"""

from __future__ import annotations

import pytest

from tests.conftest import StartKServe
from tests.real.claims import events_of, get_service, only_if_all, rollouts
from tests.testbed.api import Manifest, is_true
from tests.testbed.knative_webhook import start_knative_webhook
from tests.testbed.kserve import KNATIVE, KServe
from tests.testbed.samples import framework_service
from tests.testbed.waiting import wait_until

_SECONDS = 30
_REFUSED = "denied the request: validation failed: missing field(s)"
_HOOKS = "admissionregistration.k8s.io/v1"
_NAME = "inferenceservice.serving.kserve.io"


@pytest.mark.fixed_port  # It begins with 0.7.0.
@pytest.mark.parametrize("release", only_if_all("0.10.2"))
def test_a_knative_service_without_image_is_refused(
    start_kserve: StartKServe, release: str
) -> None:
    cluster = start_kserve("0.7.0", knative=True)
    start_knative_webhook(cluster.plane)
    namespace = cluster.create_namespace()
    cluster.api.create(framework_service("iris", namespace, "sklearn"))
    cluster.wait_ready(namespace, "iris")
    before = rollouts(cluster, namespace)
    cluster.upgrade(release)
    _wait_refused(cluster, namespace, "iris")
    assert rollouts(cluster, namespace) == before
    assert is_true(get_service(cluster, namespace, "iris"), "Ready")

    _create_past_the_webhook(cluster, framework_service("never", namespace, "sklearn"))
    _wait_refused(cluster, namespace, "never")
    assert rollouts(cluster, namespace) == before
    assert "status" not in get_service(cluster, namespace, "never")

    _write_back(cluster, namespace, "iris")
    assert "model" in get_service(cluster, namespace, "iris")["spec"]["predictor"]
    _wait_revisions(cluster, namespace, 2)


def _wait_refused(cluster: KServe, namespace: str, name: str) -> None:
    def is_refused() -> bool:
        events = events_of(cluster, namespace, name)
        return any(e.startswith("InternalError: ") and _REFUSED in e for e in events)

    wait_until(is_refused, _SECONDS, f"an event that {namespace}/{name} was refused")


def _create_past_the_webhook(cluster: KServe, service: Manifest) -> None:
    """Store a service as a release without that webhook had left it, finalizer and all."""
    service["metadata"]["finalizers"] = ["inferenceservice.finalizers"]
    service["spec"]["predictor"]["sklearn"]["runtimeVersion"] = "v0.7.0"
    hooks = [_hook(cluster, "Mutating"), _hook(cluster, "Validating")]
    for hook in hooks:
        cluster.api.delete(hook)
    what = "the webhooks to be asked no more"
    wait_until(lambda: _would_stay_as_it_is(cluster, service), _SECONDS, what)
    cluster.api.create(service)
    for hook in hooks:
        metadata = {"name": hook["metadata"]["name"]}
        cluster.api.create({**hook, "metadata": metadata})


def _hook(cluster: KServe, what: str) -> Manifest:
    found = cluster.api.get(_HOOKS, f"{what}WebhookConfiguration", _NAME)
    assert found is not None
    return found


def _would_stay_as_it_is(cluster: KServe, service: Manifest) -> bool:
    """A dry run shows it: the API server goes on asking a deleted webhook for a moment."""
    namespace = service["metadata"]["namespace"]
    path = cluster.api.path(service["apiVersion"], service["kind"], namespace)
    answer = cluster.api.request("POST", f"{path}?dryRun=All", service)
    return "sklearn" in answer["spec"]["predictor"]


def _write_back(cluster: KServe, namespace: str, name: str) -> None:
    cluster.api.replace(get_service(cluster, namespace, name))


def _wait_revisions(cluster: KServe, namespace: str, count: int) -> None:
    def are_made() -> bool:
        return len(cluster.api.list(KNATIVE, "Revision", namespace)) == count

    wait_until(are_made, _SECONDS, f"{count} revisions")
