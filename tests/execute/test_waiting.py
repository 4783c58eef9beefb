"""Waiting: in which order the conditions of one object are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from migrate.cluster.lookup import FEW
from migrate.cluster.memory import MemoryCluster
from migrate.errors import UnreachableError, WaitTimeoutError
from migrate.execute.events import Event, Met
from migrate.execute.waiting import await_all
from migrate.objects import Manifest, ObjectRef, ref_of
from migrate.operations.model import Condition, Holds, RolledOut
from tests.execute.clock import FakeClock
from tests.execute.counting import CountingCluster

Json = Any
IMAGE = "/spec/template/spec/containers/0/image"
OWNER: Json = {
    "apiVersion": "serving.kserve.io/v1beta1",
    "kind": "InferenceService",
    "metadata": {"name": "iris", "namespace": "team"},
    "spec": {},
}
WORKLOAD: Json = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "iris-predictor", "namespace": "team"},
    "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "c", "image": "old"}]}}},
    "status": {
        "observedGeneration": 1,
        "replicas": 1,
        "updatedReplicas": 1,
        "availableReplicas": 1,
    },
}
TARGET, ISVC = ref_of(WORKLOAD), ref_of(OWNER)
CONDITIONS: tuple[Condition, ...] = (
    Holds(TARGET, IMAGE, "new", ISVC),
    RolledOut(TARGET, ISVC),
)


Step = tuple[Json, str]
EDITED: Step = ([{"op": "replace", "path": IMAGE, "value": "new"}], "")
ROLLED_OUT: Step = ({"status": {"observedGeneration": 2}}, "status")


def met(cluster: MemoryCluster, *steps: Step) -> list[Condition]:
    """Return what is met, in its order, while the workload goes through these steps."""
    told: list[Event] = []
    left = list(steps)

    def meanwhile(_: Sequence[Condition]) -> None:
        if left:
            patch, subresource = left.pop(0)
            cluster.patch(TARGET, patch, subresource=subresource)

    await_all(cluster, CONDITIONS, FakeClock(), told.append, timeout=60, meanwhile=meanwhile)
    return [event.condition for event in told if isinstance(event, Met)]


def test_the_rollout_of_the_former_template_is_not_the_one_awaited() -> None:
    assert met(MemoryCluster([OWNER, WORKLOAD]), EDITED, ROLLED_OUT) == list(CONDITIONS)
    with pytest.raises(WaitTimeoutError, match="is rolled out"):
        met(MemoryCluster([OWNER, WORKLOAD]), EDITED)


def test_ready_of_before_the_rollout_is_not_the_one_awaited() -> None:
    """The service says so at once, loses it while the workload is rolled out, and gets it back."""
    ready = Holds(ISVC, "/status/conditions/type=Ready/status", "True", ISVC)
    cluster = MemoryCluster([{**OWNER, **_is_ready("True")}, WORKLOAD])
    cluster.patch(TARGET, EDITED[0])
    steps = [(ISVC, _is_ready("False")), (TARGET, ROLLED_OUT[0]), (ISVC, _is_ready("True"))]
    told: list[Event] = []
    seen: list[list[Condition]] = []

    def meanwhile(missing: Sequence[Condition]) -> None:
        seen.append(list(missing))
        target, status = steps.pop(0)
        cluster.patch(target, status, subresource="status")

    asked = (ready, *CONDITIONS)
    await_all(cluster, asked, FakeClock(), told.append, timeout=60, meanwhile=meanwhile)
    assert not steps
    assert [event.condition for event in told if isinstance(event, Met)] == [*CONDITIONS, ready]
    assert seen == [[ready, CONDITIONS[1]], [ready, CONDITIONS[1]], [ready]]


def _is_ready(status: str) -> Json:
    return {"status": {"conditions": [{"type": "Ready", "status": status}]}}


def test_with_the_service_gone_there_is_nothing_to_wait_for() -> None:
    assert met(MemoryCluster()) == list(CONDITIONS)


class Stumbling(MemoryCluster):
    """Does not answer when it is asked for a service for the first time."""

    stumbles = 1

    def get(self, ref: ObjectRef) -> Manifest:
        if ref == ISVC and self.stumbles:
            self.stumbles -= 1
            raise UnreachableError("no answer")
        return super().get(ref)


def test_a_server_that_does_not_answer_for_the_service_is_asked_again() -> None:
    cluster = Stumbling()
    assert met(cluster) == list(CONDITIONS)
    assert not cluster.stumbles


def held_at(number: int) -> Json:
    meta = {"name": f"w{number}", "namespace": f"team-{number}"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": {"n": 0}}


@pytest.mark.parametrize(("count", "asked"), [(FEW, {"get": 20 + 20 + 13 + 6}), (300, {"list": 4})])
def test_many_are_awaited_with_one_list_a_look(count: int, asked: dict[str, int]) -> None:
    """After each of four looks a third of them becomes as it is to be."""
    workloads = [held_at(number) for number in range(count)]
    cluster = CountingCluster(MemoryCluster([OWNER, *workloads]))
    conditions = [Holds(ref_of(one), "/spec/n", 1, ISVC) for one in workloads]
    told: list[Event] = []

    def meanwhile(missing: Sequence[Condition]) -> None:
        for condition in missing[: count // 3 + 1]:
            cluster.inner.patch(condition.target, {"spec": {"n": 1}})

    await_all(cluster, conditions, FakeClock(), told.append, timeout=60, meanwhile=meanwhile)
    met = [event.condition for event in told if isinstance(event, Met)]
    assert {condition.target for condition in met} == {ref_of(one) for one in workloads}
    assert cluster.asked == {(verb, "Deployment"): times for verb, times in asked.items()}


def test_what_a_broken_list_did_not_tell_is_looked_at_again() -> None:
    workloads = [held_at(number) | {"spec": {"n": 1}} for number in range(FEW + 1)]
    failures = [UnreachableError("cut")]

    def held(verb: str, _: ObjectRef) -> None:
        if verb == "list" and failures:
            raise failures.pop()

    cluster = CountingCluster(MemoryCluster(workloads), held)
    conditions = [Holds(ref_of(one), "/spec/n", 1, ISVC) for one in workloads]
    told: list[Event] = []
    await_all(cluster, conditions, FakeClock(), told.append, timeout=60, meanwhile=lambda _: None)
    assert len([event for event in told if isinstance(event, Met)]) == FEW + 1
    assert not failures
