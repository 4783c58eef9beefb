"""What a new template takes: the strategies of Deployments, the first pods of Revisions."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.kserve.containers import Container
from migrate.kserve.rollouts import requests, rollout_of
from migrate.kserve.workloads import Deployment, KnativeService

Json = Any
META = {"name": "iris-predictor", "namespace": "ml"}


def deployment(replicas: int | None, strategy: Json = None, ready: int = 0) -> Deployment:
    spec = {"replicas": replicas} | ({"strategy": strategy} if strategy else {})
    status = {"readyReplicas": ready}
    return msgspec.convert({"metadata": META, "spec": spec, "status": status}, Deployment)


def knative(notes: dict[str, str], conditions: Json = ()) -> KnativeService:
    spec = {"template": {"metadata": {"annotations": notes}}}
    status = {"conditions": list(conditions)}
    return msgspec.convert({"metadata": META, "spec": spec, "status": status}, KnativeService)


def rolling(surge: Json, unavailable: Json) -> Json:
    return {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable},
    }


@pytest.mark.parametrize(
    ("replicas", "strategy", "expected"),
    [
        (None, None, (1, 1, 0)),
        (1, None, (1, 1, 0)),
        (4, None, (4, 1, 1)),
        (5, rolling("25%", "25%"), (5, 2, 1)),
        (10, rolling("100%", "0%"), (10, 10, 0)),
        (3, rolling(0, 0), (3, 0, 1)),
        (3, rolling(0, "10%"), (3, 0, 1)),
        (2, rolling(5, 5), (2, 2, 2)),
        (0, None, (0, 0, 0)),
        (3, {"type": "Recreate"}, (3, 0, 3)),
    ],
)
def test_the_strategy_says_how_many_at_a_time(
    replicas: int | None, strategy: Json, expected: tuple[int, int, int]
) -> None:
    found = rollout_of(deployment(replicas, strategy))
    assert (found.pods, found.surge, found.unavailable) == expected


def test_a_deployment_is_ready_when_no_pod_is_missing() -> None:
    assert rollout_of(deployment(2, ready=2)).ready
    assert not rollout_of(deployment(2, ready=1)).ready
    assert rollout_of(deployment(0)).sleeps
    assert not rollout_of(deployment(1)).sleeps


SCALE = "autoscaling.knative.dev/"


@pytest.mark.parametrize(
    ("notes", "pods", "sleeps"),
    [
        ({}, 1, True),
        ({f"{SCALE}min-scale": "0"}, 1, True),
        ({f"{SCALE}minScale": "3"}, 3, False),
        ({f"{SCALE}min-scale": "2", f"{SCALE}initial-scale": "5"}, 5, False),
        ({f"{SCALE}min-scale": "0", f"{SCALE}initial-scale": "0"}, 0, True),
        ({f"{SCALE}min-scale": "many"}, 1, True),
    ],
)
def test_a_revision_starts_with_its_first_pods(
    notes: dict[str, str], pods: int, sleeps: bool
) -> None:
    found = rollout_of(knative(notes))
    assert (found.pods, found.surge, found.unavailable, found.sleeps) == (pods, pods, 0, sleeps)


def test_a_knative_service_says_itself_whether_it_is_ready() -> None:
    assert not rollout_of(knative({})).ready
    assert rollout_of(knative({}, [{"type": "Ready", "status": "True"}])).ready
    assert not rollout_of(knative({}, [{"type": "Ready", "status": "Unknown"}])).ready


def test_requests_are_summed_up_over_the_containers() -> None:
    model = Container(
        resources={
            "limits": {"memory": "4Gi", "nvidia.com/gpu": "2", "cpu": "1"},
            "requests": {"memory": "1Gi", "ephemeral-storage": "1Gi"},
        }
    )
    beside = Container(resources={"limits": {"memory": "500M", "nvidia.com/gpu": 1}})
    odd = Container(resources={"limits": {"memory": "lots", "storage.kubernetes.io/x": "1"}})
    assert requests([model, beside, odd, Container()]) == {
        "memory": 2**30 + 500 * 10**6,
        "nvidia.com/gpu": 3,
    }
