"""Waiting: in which order the conditions of one object are looked at."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.errors import UnreachableError, WaitTimeoutError
from migrate.execute.events import Event, Met
from migrate.execute.waiting import await_all
from migrate.objects import Manifest, ObjectRef, ref_of
from migrate.operations.model import Condition, Holds, RolledOut
from tests.execute.clock import FakeClock

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

    def meanwhile() -> None:
        if left:
            patch, subresource = left.pop(0)
            cluster.patch(TARGET, patch, subresource=subresource)

    await_all(cluster, CONDITIONS, FakeClock(), told.append, timeout=60, meanwhile=meanwhile)
    return [event.condition for event in told if isinstance(event, Met)]


def test_the_rollout_of_the_former_template_is_not_the_one_awaited() -> None:
    assert met(MemoryCluster([OWNER, WORKLOAD]), EDITED, ROLLED_OUT) == list(CONDITIONS)
    with pytest.raises(WaitTimeoutError, match="is rolled out"):
        met(MemoryCluster([OWNER, WORKLOAD]), EDITED)


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
