"""Telling when a rollout is done, and why it is not."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.execute.rollout import is_rolled_out, progress

Json = Any


def workload(kind: str, status: Json, replicas: int | None = None, generation: int = 2) -> Json:
    spec = {} if replicas is None else {"replicas": replicas}
    return {"kind": kind, "metadata": {"generation": generation}, "spec": spec, "status": status}


def deployed(**status: int) -> Json:
    whole = {"observedGeneration": 2, "updatedReplicas": 3, "replicas": 3, "availableReplicas": 3}
    return workload("Deployment", whole | status, 3)


def revised(ready: str, created: str = "iris-00002", latest: str = "iris-00002") -> Json:
    condition = {"type": "Ready", "status": ready, "message": "Revision failed: image not found"}
    status = {
        "observedGeneration": 2,
        "latestCreatedRevisionName": created,
        "latestReadyRevisionName": latest,
        "conditions": [{"type": "RoutesReady", "status": "True"}, condition],
    }
    return workload("Service", status)


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        (deployed(), True),
        (deployed(observedGeneration=1), False),
        (deployed(updatedReplicas=2), False),
        (deployed(replicas=4), False),
        (deployed(availableReplicas=2), False),
        (workload("Deployment", {"observedGeneration": 2}, 0), True),
        (revised("True"), True),
        (revised("Unknown"), False),
        (revised("True", latest="iris-00001"), False),
        (workload("Service", {"observedGeneration": 2}), False),
        (workload("Service", {}, generation=1), False),
    ],
)
def test_all_pods_must_be_of_the_newest_template(live: Json, expected: bool) -> None:
    assert is_rolled_out(live) is expected


def test_what_is_missing_is_told_in_the_words_of_the_kind() -> None:
    assert progress(deployed(updatedReplicas=1)) == (
        "1 of 3 pods are of the newest template, 0 ready"
    )
    told = progress(revised("False", latest="iris-00001"))
    assert told == "iris-00002 is not ready: Revision failed: image not found"
    assert progress(workload("Service", {})) == "its Revision is not ready: it does not say why"
