"""Where causes are looked for, of each kind of workload, and with fewer permissions."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.errors import ForbiddenError, WaitTimeoutError
from migrate.objects import ObjectRef, ref_of
from migrate.operations.model import Holds, RolledOut
from tests.execute.failing import (
    IMAGE,
    ISVC,
    NEW,
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
from tests.execute.waited import ROLLED_OUT, Waited

Json = Any
FIELD = "spec.containers{kserve-container}"
NO_IMAGE = f'Failed to pull image "{IMAGE}": not found'


class Guarded(MemoryCluster):
    """Lets these kinds be listed by nobody."""

    denied: tuple[str, ...] = ()

    def list(self, api_version: str, kind: str, into: Any, **options: Any) -> Any:
        if kind in self.denied:
            raise ForbiddenError(f"cannot list {kind}")
        return super().list(api_version, kind, into, **options)


@pytest.mark.parametrize(
    ("denied", "reasons"),
    [("Event", ["ImagePullBackOff"]), ("Pod", []), ("ReplicaSet", [])],
)
def test_without_a_permission_less_is_said_and_the_wait_goes_on(
    denied: str, reasons: list[str]
) -> None:
    late = pod(status_of(waiting("ImagePullBackOff")))
    cluster = Guarded(base=a_cluster(late, event(late, "Failed", NO_IMAGE, 4, FIELD)))
    cluster.denied = (denied,)
    waited = Waited(cluster)
    assert waited.reasons == reasons
    assert isinstance(waited.error, WaitTimeoutError)


class Counting(MemoryCluster):
    """Counts the lists of each kind."""

    def __init__(self, *objects: Json) -> None:
        super().__init__(objects)
        self.lists: list[str] = []
        self.owners = 0

    def get(self, ref: ObjectRef) -> Json:
        self.owners += ref == ISVC
        return super().get(ref)

    def list(self, api_version: str, kind: str, into: Any, **options: Any) -> Any:
        self.lists.append(kind)
        return super().list(api_version, kind, into, **options)


def test_of_many_those_whose_pods_are_to_come_are_looked_at_first_and_few_at_a_time() -> None:
    """A restart of the controller has all services awaited at once."""
    others = [deployment() for _ in range(100)]
    for number, one in enumerate(others):
        one["metadata"] |= {"name": f"d{number}", "uid": f"uid-{number}"}
    bad = pod(status_of(waiting("InvalidImageName")))
    cluster = Counting(*others, service(), deployment(), replica_set(NEW, 2), bad)
    image = "/spec/template/spec/containers/0/image"
    unwritten = [Holds(ref_of(one), image, "another", ISVC) for one in others]
    waited = Waited(cluster, ROLLED_OUT, *unwritten)
    assert waited.is_early
    assert waited.clock.seconds < 5
    assert (cluster.lists.count("Event"), cluster.owners) == (1, 10)
    waited = Waited(cluster, *unwritten)
    turns = cluster.lists.count("Event") - 1
    assert 10 < turns < 40
    assert cluster.owners == (1 + turns) * 10


def test_everybody_has_a_turn() -> None:
    others = [deployment() for _ in range(15)]
    for number, one in enumerate(others):
        one["metadata"] |= {"name": f"d{number}", "uid": f"uid-{number}"}
    bad = pod(status_of(waiting("InvalidImageName")))
    cluster = MemoryCluster([*others, service(), deployment(), replica_set(NEW, 2), bad])
    waited = Waited(cluster, *(RolledOut(ref_of(one), ISVC) for one in reversed(others)))
    assert not waited.told
    order = (ROLLED_OUT, *(RolledOut(ref_of(one), ISVC) for one in others))
    assert Waited(cluster, *order).is_early


class Logging(MemoryCluster):
    def logs(self, pod: ObjectRef, container: str, *, lines: int) -> str:
        return "".join(f"{pod.name} {container} {number}\n" for number in range(lines + 5))


def test_the_last_lines_of_a_container_that_crashed_are_shown() -> None:
    crashed = pod(looping(3))
    text = Waited(Logging(base=a_cluster(crashed))).text
    assert "last lines of container kserve-container:" in text
    assert f"{crashed['metadata']['name']} kserve-container 14" in text
    assert "kserve-container 4\n" not in text


KNATIVE = ObjectRef("serving.knative.dev/v1", "Service", "iris-predictor", "team")


def knative(*conditions: Json, pods: tuple[Json, ...] = ()) -> MemoryCluster:
    """A Knative Service whose newest Revision has these conditions."""
    status = {"observedGeneration": 1, "latestCreatedRevisionName": "iris-predictor-00002"}
    place = {"namespace": "team", "generation": 1}
    version = {"apiVersion": KNATIVE.api_version}
    served = {"kind": "Service", "metadata": {"name": "iris-predictor", **place}}
    revision = {"kind": "Revision", "metadata": {"name": "iris-predictor-00002", **place}}
    return MemoryCluster(
        [
            service(),
            {**version, **served, "spec": {}, "status": status},
            {**version, **revision, "spec": {}, "status": {"conditions": list(conditions)}},
            *pods,
        ]
    )


@pytest.mark.parametrize(
    ("kind", "reason", "is_early"),
    [
        ("ContainerHealthy", "ContainerMissing", True),
        ("ResourcesAvailable", "ProgressDeadlineExceeded", True),
        ("ResourcesAvailable", "FailedCreate", True),
        ("ContainerHealthy", "ExitCode1", False),
        ("Ready", "ProgressDeadlineExceeded", None),
        ("ContainerHealthy", None, None),
    ],
)
def test_a_revision_that_knative_gives_up_ends_the_wait(
    kind: str, reason: str | None, is_early: bool | None
) -> None:
    status = "False" if reason else "True"
    cluster = knative(condition(kind, status, reason or "", "the words of Knative"))
    waited = Waited(cluster, RolledOut(KNATIVE, ISVC))
    assert waited.reasons == ([] if is_early is None else [reason])
    assert waited.is_early is bool(is_early)


def test_the_pods_of_the_newest_revision_are_looked_at() -> None:
    bad = status_of(waiting("InvalidImageName"))
    found = []
    for name in ("iris-predictor-00001", "iris-predictor-00002"):
        one = pod(bad)
        one["metadata"]["labels"] = {"serving.knative.dev/revision": name}
        found.append(Waited(knative(pods=(one,)), RolledOut(KNATIVE, ISVC)).is_early)
    assert found == [False, True]


def test_a_controller_in_a_stateful_set_is_looked_at_too() -> None:
    live = {**deployment(), "kind": "StatefulSet"}
    live["status"] = {**live["status"], "updateRevision": "r2", "currentRevision": "r1"}
    one = pod(status_of(waiting("InvalidImageName")))
    one["metadata"]["labels"]["controller-revision-hash"] = "r2"
    target = ref_of(live)
    assert Waited(MemoryCluster([live, one]), RolledOut(target)).is_early
    one["metadata"]["labels"]["controller-revision-hash"] = "r1"
    assert not Waited(MemoryCluster([live, one]), RolledOut(target)).told
    said = event(live, "FailedCreate", "create Pod failed: exceeded quota")
    assert Waited(MemoryCluster([live, said]), RolledOut(target)).reasons == ["FailedCreate"]
    came = pod(status_of(waiting("ContainerCreating")))
    came["metadata"]["labels"]["controller-revision-hash"] = "r2"
    assert not Waited(MemoryCluster([live, said, came]), RolledOut(target)).told


def test_replica_sets_of_somebody_else_do_not_count() -> None:
    bad = pod(status_of(waiting("InvalidImageName")), template="5555555555")
    other = replica_set("5555555555", 9, owner="uid-of-another")
    assert not Waited(a_cluster(bad, other)).told


def test_a_workload_without_labels_is_no_reason_to_look_at_all_pods() -> None:
    live = {**deployment(), "kind": "StatefulSet"}
    live["spec"] = {**live["spec"], "selector": {"matchExpressions": []}}
    live["status"] = {**live["status"], "updateRevision": "r2", "currentRevision": "r1"}
    stranger = pod(status_of(waiting("InvalidImageName")))
    stranger["metadata"]["labels"] = {"controller-revision-hash": "r2"}
    assert not Waited(MemoryCluster([live, stranger]), RolledOut(ref_of(live))).told
