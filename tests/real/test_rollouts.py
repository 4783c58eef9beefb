"""What a rollout takes, held against a real Deployment and its PodDisruptionBudget.

Pods are simulated: they are ready as soon as they are there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.real.claims import OTHER_IMAGE
from tests.real.cli import kmigrate
from tests.testbed.api import Manifest, basic_object
from tests.testbed.kserve import SERVING, KServe
from tests.testbed.samples import model_service
from tests.testbed.waiting import wait_until

PODS = 4
SET = ("--set", f"sklearn={OTHER_IMAGE}", "--activate=each")
BUDGET = ("policy/v1", "PodDisruptionBudget", "guard")


def serve(cluster: KServe, namespace: str) -> None:
    service = model_service("iris", namespace, "sklearn")
    service["spec"]["predictor"]["minReplicas"] = PODS
    cluster.api.create(service)
    wait_until(lambda: status(cluster, namespace).get("readyReplicas") == PODS, 60, "four pods")
    wait_until(lambda: cluster.wait_ready(namespace, "iris"), 60, "the service to be Ready")


def status(cluster: KServe, namespace: str) -> Manifest:
    found = cluster.api.get("apps/v1", "Deployment", "iris-predictor", namespace) or {}
    return dict(found.get("status") or {})


def guard(cluster: KServe, namespace: str, least: int) -> None:
    """Put a budget before the pods, and wait until it has counted them."""
    selector = {"matchLabels": {"serving.kserve.io/inferenceservice": "iris"}}
    spec = {"minAvailable": least, "selector": selector}
    cluster.api.apply(basic_object(BUDGET[0], BUDGET[1], BUDGET[2], namespace, spec=spec))

    def counted() -> bool:
        found = cluster.api.get(*BUDGET, namespace) or {}
        told = found.get("status") or {}
        return told.get("desiredHealthy") == least and told.get("currentHealthy") == PODS

    wait_until(counted, 60, "the budget to count the pods")


def planned(cluster: KServe, folder: Path) -> Any:
    file = folder / "plan.json"
    kmigrate(cluster.admin, "plan", *SET, "--out", str(file))
    return json.loads(file.read_text())["plan"]


def broken(plan: Any) -> list[str]:
    found = [f for f in plan["findings"] if f["code"] == "KM223"]
    return [ref["name"] for one in found for ref in one["objects"]]


@pytest.mark.parametrize("kserve_cluster", ["0.15.2"], indirect=True)
def test_what_a_rollout_takes_is_told_and_its_end_awaited(
    kserve_cluster: KServe, tmp_path: Path
) -> None:
    cluster = kserve_cluster
    namespace = cluster.create_namespace("team")
    serve(cluster, namespace)
    guard(cluster, namespace, PODS - 1)
    assert broken(planned(cluster, tmp_path)) == []
    guard(cluster, namespace, PODS)
    plan = planned(cluster, tmp_path)
    assert broken(plan) == ["iris"]
    [row] = [r for r in plan["forecast"] if r["service"]["namespace"] == namespace]
    rollout = row["rollout"]
    # KServe's own strategy: a quarter more, a quarter fewer.
    assert (rollout["pods"], rollout["surge"], rollout["unavailable"]) == (PODS, 1, 1)
    assert rollout["ready"]
    pod = cluster.wait_predictor(namespace, "iris")["spec"]["template"]["spec"]
    asked = [c["resources"].get("requests", {}).get("memory") for c in pod["containers"]]
    assert (asked, rollout["perPod"]) == (["2Gi"], {"memory": 2 * 2**30})
    kmigrate(cluster.admin, "apply", "--yes", *SET)
    after = status(cluster, namespace)
    counts = {after.get(key) for key in ("replicas", "updatedReplicas", "availableReplicas")}
    assert counts == {PODS}, after
    kmigrate(cluster.admin, "rollback", "--yes")
    cluster.reset()
    assert cluster.api.get(SERVING, "InferenceService", "iris", namespace) is None
