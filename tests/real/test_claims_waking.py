"""What makes KServe look at a service again without a rollout. Containers are simulated."""

from __future__ import annotations

import pytest

from tests.real.claims import (
    OTHER_IMAGE,
    WAKES,
    add_service,
    copy_runtime,
    get_service,
    image_of,
    only_if_all,
    rollouts,
    wait_image,
    wait_rolled_out,
    wake_by_status,
    write_status,
)
from tests.testbed.api import Manifest
from tests.testbed.kserve import SERVING, KServe
from tests.testbed.waiting import wait_until

_EARLY = ("0.8.0", "0.9.0")
_NAMES_THE_RUNTIME = "servingRuntimeName"
_RELEASES = [
    "0.20.0",
    "0.8.0",
    *only_if_all("0.8.0+knative", "0.9.0", "0.9.0+knative", "0.10.2", "0.10.2+knative"),
    *only_if_all("0.11.2", "0.12.1", "0.13.1", "0.14.1", "0.15.2", "0.16.0", "0.17.0", "0.19.0"),
]
pytestmark = pytest.mark.parametrize("kserve_cluster", _RELEASES, indirect=True)


@pytest.mark.parametrize("wake", WAKES)
def test_the_woken_take_up_their_runtime_and_an_equal_one_rolls_nothing_out(
    kserve_cluster: KServe, wake: str
) -> None:
    """Events are handled in turn: with the second wake's effect the first wake is over as well."""
    cluster = kserve_cluster
    what = "services that have a new runtime and are not reconciled"
    same, other = wait_until(lambda: _at_rest(cluster), 60, what)
    before, stock = rollouts(cluster, same), image_of(cluster, same, "iris")
    WAKES[wake](cluster, same, "iris")
    WAKES[wake](cluster, other, "woken")
    wait_rolled_out(cluster, other, "woken", OTHER_IMAGE)
    assert image_of(cluster, other, "asleep") == stock
    assert rollouts(cluster, same) == before
    if _NAMES_THE_RUNTIME in get_service(cluster, other, "woken")["status"]:
        assert _NAMES_THE_RUNTIME in get_service(cluster, same, "iris")["status"]


def _at_rest(cluster: KServe) -> tuple[str, str] | None:
    """Make services and then runtimes for them: an equal one, and in the other namespace another.

    The probe, woken until it has the other one, shows that the controller knows both. None if
    something was still to be done for a new service, which then has the other one without a wake.
    """
    same, other = cluster.create_namespace("same"), cluster.create_namespace("other")
    add_service(cluster, same, "iris")
    for name in ("woken", "asleep", "probe"):
        add_service(cluster, other, name)
    copy_runtime(cluster, same)
    copy_runtime(cluster, other, OTHER_IMAGE)
    wait_image(cluster, other, "probe", OTHER_IMAGE)
    images = {image_of(cluster, other, name) for name in ("woken", "asleep")}
    return None if OTHER_IMAGE in images else (same, other)


def test_a_wake_by_status_leaves_no_trace(kserve_cluster: KServe, namespace: str) -> None:
    cluster = kserve_cluster
    before = _observed(add_service(cluster, namespace, "iris"))
    workload = cluster.wait_predictor(namespace, "iris")["metadata"]
    if cluster.release.version in _EARLY:
        woken = wake_by_status(cluster, namespace, "iris")
        add_service(cluster, namespace, "later")
        assert _observed(get_service(cluster, namespace, "iris")) == _observed(woken)
        write_status(cluster, woken, observedGeneration=before)
        after = get_service(cluster, namespace, "iris")
    else:
        after = _next_after_wake(cluster, namespace, "iris")
    assert _observed(after) == before
    now = cluster.wait_predictor(namespace, "iris")["metadata"]
    assert now["generation"] == workload["generation"]


def _observed(service: Manifest) -> object:
    return service.get("status", {}).get("observedGeneration")


def _next_after_wake(cluster: KServe, namespace: str, name: str) -> Manifest:
    """Wake a service; return what the first write after that made of it."""
    watch = cluster.api.watch(SERVING, "InferenceService", namespace, "", seconds=30)
    next(watch)
    woken = wake_by_status(cluster, namespace, name)["metadata"]["resourceVersion"]
    versions = (event["object"] for event in watch)
    assert any(version["metadata"]["resourceVersion"] == woken for version in versions)
    found: Manifest = next(versions)
    watch.close()
    return found
