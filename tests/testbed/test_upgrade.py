"""Upgrades and downgrades of the testbed's KServe over the same objects."""

from pathlib import Path

from tests.conftest import StartKServe
from tests.testbed.kserve import SERVING, KServe
from tests.testbed.samples import framework_service


def _binary(cluster: KServe) -> str:
    return Path(f"/proc/{cluster.manager_pid}/exe").resolve().name


def _stored_predictor(cluster: KServe, namespace: str) -> object:
    stored = cluster.api.get(SERVING, "InferenceService", "iris", namespace)
    return stored and stored["spec"]["predictor"]


def test_upgrade_swaps_the_manager_and_keeps_the_objects(start_kserve: StartKServe) -> None:
    cluster = start_kserve("0.7.0")
    namespace = cluster.create_namespace()
    cluster.api.apply(framework_service("iris", namespace, "sklearn"))
    cluster.wait_predictor(namespace, "iris")
    before, predictor = cluster.manager_pid, _stored_predictor(cluster, namespace)
    cluster.upgrade("0.8.0")
    assert cluster.manager_pid not in (None, before)
    assert _binary(cluster) == "kserve-manager@v0.8.0"
    assert predictor
    assert _stored_predictor(cluster, namespace) == predictor


def test_downgrade_leaves_one_controller(start_kserve: StartKServe) -> None:
    """0.9 runs its controller in a Deployment, 0.8 in a StatefulSet of the same name."""
    cluster = start_kserve("0.9.0")
    deployment = cluster.controller
    cluster.upgrade("0.8.0")
    assert _binary(cluster) == "kserve-manager@v0.8.0"
    assert cluster.api.get_same(deployment) is None
    assert cluster.controller["kind"] == "StatefulSet"
    cluster.upgrade("0.9.0")
    assert _binary(cluster) == "kserve-manager@v0.9.0"
