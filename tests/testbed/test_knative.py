"""Real Knative Serving under a Serverless KServe: revisions and pods, and none too many."""

import pytest

from tests.testbed.api import Manifest
from tests.testbed.kserve import KNATIVE, KServe
from tests.testbed.samples import framework_service
from tests.testbed.waiting import wait_until

pytestmark = pytest.mark.parametrize("kserve_cluster", ["0.9.0+knative"], indirect=True)


def _pods(cluster: KServe, namespace: str) -> list[str]:
    return [pod["metadata"]["uid"] for pod in cluster.api.list("v1", "Pod", namespace)]


def _restart() -> Manifest:
    annotations = {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}
    return {"spec": {"template": {"metadata": {"annotations": annotations}}}}


def test_service_gets_a_pod_that_a_restart_leaves_alone(
    kserve_cluster: KServe, namespace: str
) -> None:
    kserve_cluster.api.apply(framework_service("iris", namespace, "sklearn"))
    kserve_cluster.wait_ready(namespace, "iris")
    before = _pods(kserve_cluster, namespace)
    assert len(before) == 1
    kserve_cluster.api.patch(kserve_cluster.controller, _restart())
    kserve_cluster.wait_controller()
    kserve_cluster.wait_ready(namespace, "iris")
    assert _pods(kserve_cluster, namespace) == before


def test_changed_model_gets_a_second_revision(kserve_cluster: KServe, namespace: str) -> None:
    service = framework_service("iris", namespace, "sklearn")
    kserve_cluster.api.apply(service)
    kserve_cluster.wait_ready(namespace, "iris")
    service["spec"]["predictor"]["sklearn"]["storageUri"] = "gs://models/other"
    kserve_cluster.api.apply(service)
    api = kserve_cluster.api
    second = wait_until(
        lambda: api.get(KNATIVE, "Revision", "iris-predictor-default-00002", namespace),
        20,
        "the second revision",
    )
    assert second["metadata"]["labels"]["serving.knative.dev/configurationGeneration"] == "2"
