"""Services pinned to runtimes of their own on real controllers: who rolls, when, and the way back.

Containers are simulated; what is looked at is what KServe writes, and the API server's audit log.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real.claims import OTHER_IMAGE, add_service, get_service, image_of, only_if_all, rollouts
from tests.real.cli import kmigrate
from tests.testbed.api import Manifest
from tests.testbed.audit import Request
from tests.testbed.kserve import SERVING, SERVING_ALPHA, KServe
from tests.testbed.releases import SERVERLESS
from tests.testbed.samples import model_service

pytestmark = pytest.mark.parametrize(
    "kserve_cluster",
    ["0.15.2", "0.20.0", *only_if_all("0.9.0", "0.11.2", "0.16.0", "0.17.0")],
    indirect=True,
)
SCOPE = ("--to-runtimes", "--scope", "service")
CHOSEN = ("m1", "m2", "m3")
SERVERS: dict[str, tuple[str, dict[str, Any]]] = {
    "kserve-sklearnserver": ("sklearn", {}),
    "kserve-mlserver": ("sklearn", {"protocolVersion": "v2"}),
    "kserve-torchserve": ("pytorch", {}),
    "kserve-tritonserver": ("triton", {}),
    "kserve-tensorflow-serving": (
        "tensorflow",
        {"resources": {"limits": {"nvidia.com/gpu": "1"}, "requests": {"nvidia.com/gpu": "1"}}},
    ),
}
"""Runtimes by whose names KServe decides something, each with who gets it without naming it."""


@pytest.fixture
def namespaces(kserve_cluster: KServe) -> Iterator[tuple[str, str]]:
    """Two of equal services."""
    found = (kserve_cluster.create_namespace("team-a"), kserve_cluster.create_namespace("team-b"))
    for namespace in found:
        for name in (*CHOSEN, "left"):
            add_service(kserve_cluster, namespace, name)
    yield found
    kserve_cluster.reset()


def runtimes(cluster: KServe, namespace: str) -> list[Manifest]:
    return cluster.api.list(SERVING_ALPHA, "ServingRuntime", namespace)


def stored(cluster: KServe, namespace: str) -> dict[str, Any]:
    """What is stored of each service that is not the server's own."""
    found = {}
    for item in cluster.api.list(SERVING, "InferenceService", namespace):
        meta = item["metadata"]
        kept = {key: meta.get(key) for key in ("labels", "annotations", "finalizers")}
        found[meta["name"]] = (kept, item["spec"])
    return found


def images(cluster: KServe, namespace: str) -> dict[str, str]:
    return {name: image_of(cluster, namespace, name) for name in (*CHOSEN, "left")}


def rolled(requests: list[Request]) -> dict[str, tuple[int, int]]:
    """When each service was rolled out: from its new ReplicaSet to the last word on any of its own.

    Times are places in the order of the requests.
    """
    found: dict[str, tuple[int, int]] = {}
    for at, one in enumerate(requests):
        if one.resource != "replicasets" or one.is_dry_run or one.code >= 400:
            continue
        service = one.name.partition("-predictor")[0]
        if one.verb == "create" and service not in found:
            found[service] = (at, at)
        elif one.verb == "update" and service in found:
            found[service] = (found[service][0], at)
    return found


def test_chosen_services_roll_one_at_a_time_and_come_back(
    kserve_cluster: KServe, namespaces: tuple[str, str], tmp_path: Path
) -> None:
    cluster, (near, far) = kserve_cluster, namespaces
    before, specs = images(cluster, near), stored(cluster, near)
    still = rollouts(cluster, far)
    mark = cluster.audit.mark()
    flags = (*SCOPE, "--set", f"sklearn={OTHER_IMAGE}", "-n", near, "--exclude", f"{near}/left")
    kmigrate(
        cluster.admin,
        *("apply", "--yes", *flags, "--canary", f"{near}/m2", "--max-unavailable", "1"),
    )
    assert images(cluster, near) == {**dict.fromkeys(CHOSEN, OTHER_IMAGE), "left": before["left"]}
    assert rollouts(cluster, far) == still
    assert len(runtimes(cluster, near)) == 1
    assert not runtimes(cluster, far)
    assert get_service(cluster, near, "left")["spec"] == specs["left"][1]
    cluster.audit.settle(cluster.api)
    requests = [r for r in cluster.audit.since(mark) if r.namespace == near]
    tried = [r.name for r in requests if r.is_dry_run and r.resource == "inferenceservices"]
    assert tried == ["m2", "m1", "m3"]
    if cluster.mode != SERVERLESS:
        times = rolled(requests)
        assert sorted(times, key=times.__getitem__) == ["m2", "m1", "m3"]
        spans = sorted(times.values())
        assert all(end < start for (_, end), (start, _) in itertools.pairwise(spans))
    again = kmigrate(cluster.admin, "apply", "--yes", *flags)
    assert "nothing to change" in again.stdout
    kmigrate(cluster.admin, "rollback", "--yes", home=tmp_path / "another machine")
    assert images(cluster, near) == before
    assert stored(cluster, near) == specs
    assert not runtimes(cluster, near)
    assert rollouts(cluster, far) == still


@pytest.fixture
def overridden(kserve_cluster: KServe) -> Iterator[str]:
    """A namespace with a user of each runtime whose name decides, all of them overridden."""
    cluster = kserve_cluster
    namespace = cluster.create_namespace("team")
    for name in SERVERS:
        live = cluster.api.get(SERVING_ALPHA, "ClusterServingRuntime", name)
        assert live is not None
        spec = copy.deepcopy(live["spec"])
        spec["containers"][0]["image"] = f"registry.example.com/ml/{name}:ours"
        cluster.api.patch(live, {"spec": spec})
    for name, (format_, fields) in SERVERS.items():
        service = model_service(name.removeprefix("kserve-"), namespace, format_)
        service["spec"]["predictor"]["model"] |= fields
        cluster.api.create(service)
    for name, (_, fields) in SERVERS.items():
        cluster.wait_predictor(namespace, name.removeprefix("kserve-"))
        if cluster.mode != SERVERLESS and "resources" not in fields:
            cluster.wait_ready(namespace, name.removeprefix("kserve-"))
    yield namespace
    cluster.reset()


def test_overrides_move_as_they_are_and_no_pod_notices(
    kserve_cluster: KServe, overridden: str, tmp_path: Path
) -> None:
    """What the names of the runtimes gave is in the copies, or the plan says that it cannot be."""
    cluster, namespace = kserve_cluster, overridden
    still, specs = rollouts(cluster, namespace), stored(cluster, namespace)
    # The release's own rule: no label of a runtime reaches the pods before 0.10.
    lost = {"mlserver", "torchserve"} if cluster.release.version.startswith("0.9") else set()
    flags = (*SCOPE, *(f"--exclude={namespace}/{name}" for name in sorted(lost)))
    if lost:
        refused = kmigrate(cluster.admin, "plan", *SCOPE, expect=None).stdout
        assert "label modelClass" in " ".join(refused.split())
    kmigrate(cluster.admin, "apply", "--yes", *flags)
    pinned = {
        item["metadata"]["name"]: item["spec"]["predictor"]["model"].get("runtime")
        for item in cluster.api.list(SERVING, "InferenceService", namespace)
    }
    made = {item["metadata"]["name"] for item in runtimes(cluster, namespace)}
    assert {name for name, runtime in pinned.items() if runtime in made} == pinned.keys() - lost
    assert rollouts(cluster, namespace) == still
    kmigrate(cluster.admin, "rollback", "--yes", home=tmp_path / "another machine")
    assert rollouts(cluster, namespace) == still
    assert stored(cluster, namespace) == specs
    assert not runtimes(cluster, namespace)
