"""What a pod's status and events say about why it is not ready."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.execute.kubeevents import KubeEvent
from migrate.execute.podtroubles import pod_troubles
from migrate.execute.troubles import Trouble, Weight
from tests.execute.failing import condition, ended, event, looping, pod, status_of, waiting

Json = Any
FIELD = "spec.containers{kserve-container}"
NO_IMAGE = 'Failed to pull image "x": rpc error: code = NotFound: not found'


def found(manifest: Json, *events: Json) -> list[Trouble]:
    return list(pod_troubles(manifest, msgspec.convert(events, list[KubeEvent])))


@pytest.mark.parametrize("reason", ["InvalidImageName", "ErrImageNeverPull"])
def test_what_only_another_template_can_mend_is_certain(reason: str) -> None:
    [trouble] = found(pod(status_of(waiting(reason, "couldn't parse image name"))))
    assert (trouble.reason, trouble.weight) == (reason, Weight.CERTAIN)
    assert trouble.message == "couldn't parse image name"


@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff"])
def test_pulls_that_failed_are_counted_by_their_events(reason: str) -> None:
    late = pod(status_of(waiting(reason, "Back-off pulling image")))
    events = (
        event(late, "Failed", NO_IMAGE, count=2, field=FIELD),
        event(late, "Failed", "Error: ImagePullBackOff", count=9, field=FIELD),
        event(late, "Failed", NO_IMAGE, count=5, field="spec.containers{other}"),
        event(pod(name="b"), "Failed", NO_IMAGE, count=7, field=FIELD),
    )
    [trouble] = found(late, *events)
    assert (trouble.weight, trouble.attempts, trouble.group) == (Weight.REPEATED, 2, "image")
    assert trouble.message == NO_IMAGE
    [without] = found(late)
    assert (without.attempts, without.message) == (0, "Back-off pulling image")


def test_a_container_that_cannot_be_made_is_counted_by_its_errors() -> None:
    late = pod(status_of(waiting("CreateContainerConfigError", 'secret "s3" not found')))
    [trouble] = found(late, event(late, "Failed", 'Error: secret "s3" not found', 4, FIELD))
    assert (trouble.attempts, trouble.limit) == (4, 3)
    assert str(trouble).endswith('CreateContainerConfigError (4 times): secret "s3" not found')


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (looping(4), "CrashLoopBackOff (4 times): exit code 1, restarts: 4"),
        (looping(2, 137), "CrashLoopBackOff (2 times): exit code 137 (OOMKilled), restarts: 2"),
        (status_of(ended(3, message="no model"), 1), "Error: exit code 3, restarts: 1: no model"),
    ],
)
def test_a_crash_tells_its_exit_code(status: Json, words: str) -> None:
    [trouble] = found(pod(status))
    assert str(trouble).endswith(f"container kserve-container: {words}")
    assert trouble.has_run


def test_the_storage_initializer_counts_like_any_container() -> None:
    init = looping(3, name="storage-initializer")
    waits = status_of(waiting("PodInitializing"))
    [trouble] = found(pod(waits, init=(init,)))
    assert (trouble.container, trouble.attempts) == ("storage-initializer", 3)


@pytest.mark.parametrize(
    "status",
    [
        status_of({"running": {}}, 5) | {"lastState": ended(1), "ready": False},
        status_of(ended(0, "Completed")),
        status_of(waiting("ContainerCreating")),
    ],
)
def test_a_container_that_runs_ends_well_or_comes_is_no_trouble(status: Json) -> None:
    assert found(pod(status)) == []


@pytest.mark.parametrize("manifest", [pod(looping(9), ready=True), pod(looping(9))])
def test_a_pod_that_is_ready_or_going_is_not_looked_at(manifest: Json) -> None:
    if manifest["status"]["conditions"][0]["status"] == "False":
        manifest["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert found(manifest) == []


def test_no_room_may_pass() -> None:
    said = "0/1 nodes are available: 1 Insufficient nvidia.com/gpu."
    late = pod(scheduled=condition("PodScheduled", "False", "Unschedulable", said))
    [trouble] = found(late)
    assert (trouble.reason, trouble.message) == ("Unschedulable", said)
    assert trouble.weight is Weight.PASSING


def test_a_volume_is_told_only_while_the_pod_waits_for_its_start() -> None:
    said = 'MountVolume.SetUp failed for volume "models" : secret "s3" not found'
    creating = pod(status_of(waiting("ContainerCreating")))
    told = event(creating, "FailedMount", said, 3)
    [trouble] = found(creating, told)
    assert (trouble.reason, trouble.message) == ("FailedMount", said)
    assert trouble.weight is Weight.PASSING
    running = pod(status_of({"running": {}}) | {"ready": False})
    assert found(running, told) == []
    assert found(creating, {**told, "type": "Normal"}) == []
    unbound = condition("PodScheduled", "False", "Unschedulable", "no node")
    assert [t.reason for t in found(pod(scheduled=unbound), told)] == ["Unschedulable"]


def test_the_latest_event_is_told_and_series_are_counted() -> None:
    creating = pod(status_of(waiting("ContainerCreating")))
    late = event(creating, "FailedMount", "secret not found", at="2026-01-01T00:00:09Z")
    early = event(creating, "FailedMount", "configmap not found", at="2026-01-01T00:00:02Z")
    assert [t.message for t in found(creating, late, early)] == ["secret not found"]
    times = {"count": 3, "lastObservedTime": "2026-01-01T00:00:20Z"}
    series = {**early, "count": None, "lastTimestamp": None, "series": times}
    assert [t.message for t in found(creating, late, series)] == ["configmap not found"]
    late = pod(status_of(waiting("ErrImagePull")))
    pulls = {**event(late, "Failed", NO_IMAGE, field=FIELD), "count": None, "series": times}
    assert [t.attempts for t in found(late, pulls)] == [3]


def test_an_evicted_pod_says_so() -> None:
    gone = pod(status_of(ended(0, "Completed")))
    gone["status"] |= {"phase": "Failed", "reason": "Evicted", "message": "node was low on memory"}
    [trouble] = found(gone)
    assert str(trouble).endswith("Evicted: node was low on memory")
