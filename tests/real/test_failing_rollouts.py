"""A service that cannot come up: told within seconds, with its cause; and taken back.

KServe, Kubernetes' controllers, the scheduler and the admission of pods are real. Containers do
not run: what a kubelet would report of them is written here, and there are no logs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.real.claims import add_service, image_of, stock_runtime
from tests.real.cli import kmigrate
from tests.real.failures import (
    CONTAINER,
    END,
    PODS,
    applying,
    crash,
    new_pod,
    no_pull,
    pods,
    policy,
    quota,
    taint,
    warned,
)
from tests.testbed.api import Manifest
from tests.testbed.kserve import KServe
from tests.testbed.nodes import LEFT_ALONE
from tests.testbed.pods import now
from tests.testbed.samples import model_service
from tests.testbed.waiting import wait_until

pytestmark = pytest.mark.parametrize("kserve_cluster", ["0.15.2"], indirect=True)
EARLY = 10
"""Seconds in which a trouble is to be told, from the event on."""
WAVE = 10


Fault = Callable[[KServe, Manifest, int], None]


@pytest.fixture
def served(kserve_cluster: KServe) -> Iterator[str]:
    """A namespace with a service that is Ready."""
    namespace = kserve_cluster.create_namespace("team")
    add_service(kserve_cluster, namespace, "iris")
    yield namespace
    kserve_cluster.reset()


def before(cluster: KServe, namespace: str) -> tuple[Manifest, str, set[str]]:
    found = set(pods(cluster, namespace))
    return stock_runtime(cluster)["spec"], image_of(cluster, namespace, "iris"), found


def all_is_back(cluster: KServe, namespace: str, then: tuple[Manifest, str, set[str]]) -> None:
    wait_until(lambda: before(cluster, namespace) == then, END, "the very pods of before")


@pytest.mark.parametrize(
    ("fault", "words", "times"),
    [(no_pull, "ErrImagePull", (1, 2)), (crash, "CrashLoopBackOff", (1, 2, 3))],
)
def test_a_container_that_cannot_start_is_told_and_all_is_taken_back(
    kserve_cluster: KServe,
    served: str,
    tmp_path: Path,
    fault: Fault,
    words: str,
    times: tuple[int, ...],
) -> None:
    cluster, then = kserve_cluster, before(kserve_cluster, served)
    with applying(cluster, tmp_path, "--rollback-on-failure") as run:
        pod = new_pod(cluster, served)
        fault(cluster, pod, times[0])
        assert run.tells(words, EARLY) < EARLY
        assert "error:" not in run.text
        for count in times[1:]:
            fault(cluster, pod, count)
        assert run.tells("error:", EARLY) < EARLY
        assert run.ends(END) == 3, run.text
    for part in (f"InferenceService {served}/iris", pod["metadata"]["name"], CONTAINER, words):
        assert part in run.text, run.text
    assert "event " in run.text.partition("error:")[2], run.text
    assert ("no log of container" in run.text) is (fault is crash), run.text
    all_is_back(cluster, served, then)
    status = kmigrate(cluster.admin, "status").stdout
    assert "rolled back" in status, status


@pytest.mark.parametrize(
    ("forbid", "words"),
    [(quota, "exceeded quota: full"), (policy, "this registry is not allowed")],
)
def test_pods_that_are_refused_end_the_wait(
    kserve_cluster: KServe,
    served: str,
    tmp_path: Path,
    forbid: Callable[[KServe, str], None],
    words: str,
) -> None:
    cluster, then = kserve_cluster, before(kserve_cluster, served)
    forbid(cluster, served)
    with applying(cluster, tmp_path, "--rollback-on-failure") as run:
        wait_until(lambda: warned(cluster, served, "FailedCreate"), END, "a pod to be refused")
        assert run.tells(words, EARLY) < EARLY
        assert run.ends(END) == 3, run.text
    assert "FailedCreate" in run.text
    all_is_back(cluster, served, then)


def test_no_room_is_told_and_waited_for(
    kserve_cluster: KServe, served: str, tmp_path: Path
) -> None:
    """A node may come: here its taint goes, and the pod becomes Ready."""
    cluster = kserve_cluster
    taint(cluster, {"key": "full", "effect": "NoSchedule"})
    try:
        with applying(cluster, tmp_path) as run:
            wait_until(lambda: warned(cluster, served, "FailedScheduling"), END, "no room")
            assert run.tells("Unschedulable", EARLY) < EARLY
            assert "untolerated taint" in run.text
            assert run.process.poll() is None, run.text
            taint(cluster)
            pod = new_pod(cluster, served)
            ready = {"type": "Ready", "status": "True", "lastTransitionTime": now()}
            running = {"phase": "Running", "conditions": [ready]}
            cluster.api.patch(
                {"apiVersion": "v1", "kind": "Pod", **pod},
                {"status": running},
                subresource="status",
            )
            assert run.ends(END) == 0, run.text
    finally:
        taint(cluster)


def test_the_wave_stops_and_the_next_one_is_not_begun(
    kserve_cluster: KServe, tmp_path: Path
) -> None:
    """Who is not woken may move all the same, at any reconcile: the runtime is edited."""
    cluster = kserve_cluster
    namespace, names = cluster.create_namespace("team"), [f"iris-{n}" for n in range(WAVE + 2)]
    for name in names:
        cluster.api.create(model_service(name, namespace, "sklearn"))
    for name in names:
        cluster.wait_ready(namespace, name)
    former = {name: image_of(cluster, namespace, name) for name in names}
    with applying(cluster, tmp_path) as run:
        pod = new_pod(cluster, namespace, names[0])
        for count in (1, 2):
            no_pull(cluster, pod, count)
            run.tells("ErrImagePull", END)
        assert run.ends(END) == 4, run.text
    done = run.text.partition("run ")[2]
    woken = {name for name in names if f"! wake InferenceService {namespace}/{name}\n" in done}
    assert len(woken) == WAVE
    assert all(image_of(cluster, namespace, name) == LEFT_ALONE for name in woken)
    kmigrate(cluster.admin, "rollback", "--yes")
    assert {name: image_of(cluster, namespace, name) for name in names} == former
    cluster.reset()


def test_the_way_back_is_over_when_all_pods_are_there(
    kserve_cluster: KServe, tmp_path: Path
) -> None:
    """A rollout takes a quarter of the old pods away before the new ones are ready."""
    cluster, namespace = kserve_cluster, kserve_cluster.create_namespace("team")
    service = model_service("iris", namespace, "sklearn")
    service["spec"]["predictor"]["minReplicas"] = PODS
    cluster.api.create(service)
    wait_until(lambda: available(cluster, namespace) == PODS, END, "all pods")
    cluster.wait_ready(namespace, "iris")
    with applying(cluster, tmp_path, "--rollback-on-failure") as run:
        pod = new_pod(cluster, namespace)
        no_pull(cluster, pod, 1)
        run.tells("ErrImagePull", END)
        wait_until(lambda: available(cluster, namespace) == PODS - 1, END, "a pod to be away")
        no_pull(cluster, pod, 2)
        assert run.ends(END) == 3, run.text
    assert available(cluster, namespace) == PODS
    assert run.text.rindex("is rolled out") < run.text.index("rollback finished")
    cluster.reset()


def available(cluster: KServe, namespace: str) -> int:
    found = cluster.api.get("apps/v1", "Deployment", "iris-predictor", namespace) or {}
    return int((found.get("status") or {}).get("availableReplicas", 0))
