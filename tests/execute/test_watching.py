"""Waiting that ends early: what ends it, what is told alone, and what is left of the past."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.errors import WaitTimeoutError
from migrate.operations.model import Holds
from tests.execute.failing import (
    DEPLOYMENT,
    IMAGE,
    ISVC,
    LONG_AGO,
    NEW,
    OLD,
    a_cluster,
    condition,
    deployment,
    event,
    looping,
    pod,
    replica_set,
    service,
    status_of,
    waiting,
)
from tests.execute.waited import ROLLED_OUT, Waited, put

Json = Any
FIELD = "spec.containers{kserve-container}"
NO_IMAGE = f'Failed to pull image "{IMAGE}": not found'


def test_a_bad_name_ends_the_wait_at_the_first_look() -> None:
    bad = pod(status_of(waiting("InvalidImageName", "couldn't parse image name")))
    waited = Waited(a_cluster(bad))
    assert waited.is_early
    assert waited.clock.seconds < 5
    for word in (str(ISVC), str(DEPLOYMENT), bad["metadata"]["name"], "InvalidImageName", "parse"):
        assert word in waited.text


def test_a_first_failed_pull_is_told_and_a_second_one_ends_the_wait() -> None:
    late = pod(status_of(waiting("ErrImagePull")))
    first, second = (event(late, "Failed", NO_IMAGE, n, FIELD) for n in (1, 2))
    cluster = a_cluster(late, first)
    waited = Waited(cluster, later={12: put(cluster, second)})
    assert waited.reasons == ["ErrImagePull"]
    assert waited.told[0][0] < 5
    assert waited.is_early
    assert 12 < waited.clock.seconds < 20
    assert f"event Failed (2 times): {NO_IMAGE}" in waited.text
    once = Waited(a_cluster(late, first))
    assert not once.is_early
    assert NO_IMAGE in once.text


def test_a_crash_loop_ends_the_wait_after_some_restarts() -> None:
    cluster = a_cluster(pod(looping(1)))
    waited = Waited(
        cluster, later={10: put(cluster, pod(looping(2))), 30: put(cluster, pod(looping(3)))}
    )
    assert waited.is_early
    assert 30 < waited.clock.seconds < 40
    assert "no log of container kserve-container" in waited.text
    assert waited.reasons == ["CrashLoopBackOff"]


def test_a_run_that_goes_on_is_not_ended_by_what_is_left_of_the_former_failure() -> None:
    mended = pod(status_of({"running": {}}), born=LONG_AGO, ready=True)
    cluster = a_cluster(pod(looping(7), born=LONG_AGO))
    whole = {"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    finished = {**deployment(), "status": whole}
    waited = Waited(cluster, later={20: put(cluster, mended), 25: put(cluster, finished)})
    assert waited.error is None
    cluster = a_cluster(pod(looping(7), born=LONG_AGO))
    again = Waited(cluster, later={20: put(cluster, pod(looping(8), born=LONG_AGO))})
    assert again.is_early
    assert again.clock.seconds > 20


def test_pods_of_the_former_template_do_not_count() -> None:
    cluster = a_cluster(pod(looping(9), template=OLD, name="b"))
    assert not Waited(cluster).told
    # A rollback takes up the former ReplicaSet: its revision is the highest then.
    taken_up = [service(), deployment(), replica_set(OLD, 3), replica_set(NEW, 2)]
    assert not Waited(MemoryCluster([*taken_up, pod(looping(9))])).told
    bad = pod(status_of(waiting("InvalidImageName")), template=OLD)
    assert Waited(MemoryCluster([*taken_up, bad])).is_early


def test_nothing_is_said_before_the_deployment_is_observed() -> None:
    bad = pod(status_of(waiting("InvalidImageName")))
    waited = Waited(a_cluster(bad, live=deployment(observed=1)))
    assert not waited.told
    other = Holds(DEPLOYMENT, "/spec/template/spec/containers/0/image", "another", ISVC)
    assert not Waited(a_cluster(bad), other, ROLLED_OUT).told


def refused(since: str) -> Json:
    said = 'pods "iris-predictor-7f6d9c8b4-x" is forbidden: exceeded quota: gpus'
    return deployment(condition("ReplicaFailure", "True", "FailedCreate", said, since))


def test_a_quota_ends_the_wait() -> None:
    waited = Waited(a_cluster(live=refused("2026-01-01T00:00:00Z")))
    assert waited.is_early
    assert waited.clock.seconds < 10
    assert "FailedCreate: pods" in waited.text
    assert "exceeded quota: gpus" in waited.text


@pytest.mark.parametrize("coming", [True, False], ids=["a new pod comes", "an old pod goes"])
def test_a_quota_may_pass_while_pods_come_or_go(coming: bool) -> None:
    moving = pod(status_of(waiting("ContainerCreating")))
    if not coming:
        moving = pod(template=OLD, name="b", deletionTimestamp=LONG_AGO, finalizers=["x"])
    waited = Waited(a_cluster(moving, live=refused("2026-01-01T00:00:00Z")))
    assert waited.reasons == ["FailedCreate"]
    assert not waited.is_early


def test_a_refusal_from_before_the_wait_is_told_alone() -> None:
    waited = Waited(a_cluster(live=refused(LONG_AGO)))
    assert waited.reasons == ["FailedCreate"]
    assert not waited.is_early


def test_the_progress_deadline_ends_the_wait_when_it_is_over() -> None:
    said = 'ReplicaSet "iris-predictor-7f6d9c8b4" has timed out progressing.'
    late = condition("Progressing", "False", "ProgressDeadlineExceeded", said, NOW_30)
    cluster = a_cluster()
    waited = Waited(cluster, later={30: put(cluster, deployment(late))})
    assert waited.is_early
    assert 30 < waited.clock.seconds < 40
    assert said in waited.text


NOW_30 = "2026-01-01T00:00:30Z"


def test_no_room_is_told_once_and_again_when_the_time_is_over() -> None:
    said = "0/1 nodes are available: 1 Insufficient cpu."
    bad = condition("PodScheduled", "False", "Unschedulable", said)
    waited = Waited(a_cluster(pod(scheduled=bad), pod(scheduled=bad, name="b")))
    assert waited.reasons == ["Unschedulable"]
    assert isinstance(waited.error, WaitTimeoutError)
    assert waited.text.count(said) == 2
    assert waited.told[0][1].owner == ISVC


def test_who_moves_is_not_looked_at() -> None:
    bad = pod(status_of(waiting("InvalidImageName")))
    cluster = a_cluster(bad)

    def ready(number: int) -> Callable[[], object]:
        return lambda: cluster.patch(
            DEPLOYMENT, {"status": {"readyReplicas": number}}, subresource="status"
        )

    waited = Waited(cluster, later={n * 1.0: ready(n) for n in range(20)})
    assert 20 < waited.clock.seconds < 30


def invalid(message: str = "Specified runtime is disabled") -> Json:
    info = {"reason": "RuntimeDisabled", "message": message}
    return service(modelStatus={"transitionStatus": "InvalidSpec", "lastFailureInfo": info})


def test_a_spec_that_becomes_invalid_ends_the_wait() -> None:
    cluster = a_cluster()
    other = Holds(DEPLOYMENT, "/spec/template/spec/containers/0/image", "another", ISVC)
    waited = Waited(cluster, other, later={5: put(cluster, invalid())})
    assert waited.is_early
    assert waited.clock.seconds < 15
    assert "InvalidSpec: RuntimeDisabled: Specified runtime is disabled" in waited.text


def test_a_spec_that_was_invalid_before_counts_only_for_who_is_woken() -> None:
    assert not Waited(a_cluster(isvc=invalid())).is_early
    woken = Waited(a_cluster(isvc=invalid()), woken={ISVC})
    assert woken.is_early
    assert 10 < woken.clock.seconds < 20


def test_a_write_that_a_policy_refuses_is_told_while_the_workload_is_as_before() -> None:
    said = "fails to reconcile predictor: admission webhook denied the request"
    told = event(service(), "InternalError", said)
    other = Holds(DEPLOYMENT, "/spec/template/spec/containers/0/image", "another", ISVC)
    assert Waited(a_cluster(told), other).reasons == ["InternalError"]
    old = event(service(), "InternalError", said, at=LONG_AGO)
    assert not Waited(a_cluster(old), other).told


def test_a_crash_that_is_gone_at_the_next_look_does_not_end_the_wait() -> None:
    cluster = a_cluster(pod(looping(3)))
    running = pod(status_of({"running": {}}, 3) | {"ready": False})
    waited = Waited(cluster, later={3: put(cluster, running)})
    assert waited.reasons == ["CrashLoopBackOff"]
    assert not waited.is_early


def test_a_probe_that_fails_is_told_when_the_time_is_over() -> None:
    """Most models do not answer at once: that is no news."""
    loading = pod(status_of({"running": {}}) | {"ready": False})
    said = "Readiness probe failed: HTTP probe failed with statuscode: 503"
    waited = Waited(a_cluster(loading, event(loading, "Unhealthy", said, 30, FIELD)))
    assert not waited.told
    assert isinstance(waited.error, WaitTimeoutError)
    assert said in waited.text


def test_conditions_that_say_all_is_well_are_none() -> None:
    fine = (
        condition("Progressing", "True", "ReplicaSetUpdated", "is progressing"),
        condition("ReplicaFailure", "False", "", ""),
    )
    assert not Waited(a_cluster(live=deployment(*fine))).told


def test_an_old_refusal_of_kserve_is_not_told_once_the_workload_is_written() -> None:
    told = event(service(), "InternalError", "the object has been modified")
    assert not Waited(a_cluster(told)).told
