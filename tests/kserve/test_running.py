"""Records of what runs: one for all that are alike, and every difference that counts is in them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.kserve.likeness import FIELDS
from migrate.kserve.running import (
    Records,
    Running,
    Written,
    differing,
    differing_always,
    service_name,
    written_of,
)
from migrate.kserve.workloads import Deployment, KnativeService, Workload
from migrate.objects import Manifest

BASE: Manifest = {
    "name": "kserve-container",
    "image": "x:1",
    "command": ["serve"],
    "args": ["--model_name=iris", "--dir=/mnt/iris"],
    "env": [{"name": "A", "value": "iris"}, {"name": "iris", "value": "1"}],
    "resources": {"limits": {"cpu": "1", "memory": "2Gi"}},
}
ROSE = {
    "args": ["--model_name=rose", "--dir=/mnt/rose"],
    "env": [{"name": "A", "value": "rose"}, {"name": "iris", "value": "1"}],
}
OTHER: dict[str, Any] = {
    "image": {"image": "x:2"},
    "command": {"command": ["serve", "--more"]},
    "args": {"args": ["--model_name=iris"]},
    "env": {"env": [{"name": "A", "value": "other"}]},
    "envFrom": {"envFrom": [{"configMapRef": {"name": "a"}}]},
    "workingDir": {"workingDir": "/srv"},
    "limits": {"resources": {"limits": {"cpu": "2", "memory": "2Gi"}}},
}


def workload(
    name: str, kind: type[Workload] = KnativeService, replicas: int | None = None, **other: Any
) -> Workload:
    meta = {"name": f"{name}-predictor", "namespace": "team"}
    template = {"spec": {"containers": [{**BASE, **other}]}}
    spec = {"template": template, "replicas": replicas}
    return msgspec.convert({"metadata": meta, "spec": spec}, kind)


def record(records: Records, *args: Any, **other: Any) -> tuple[Running, Written]:
    found = records.running(workload(*args, **other))
    assert found is not None
    assert found.written is not None
    return found, found.written


def test_workloads_that_differ_in_names_have_one_record() -> None:
    records = Records()
    assert record(records, "iris")[0] is record(records, "rose", **ROSE)[0]


def test_the_names_come_back() -> None:
    records = Records()
    for name, own in (("iris", {}), ("rose", ROSE)):
        _, found = record(records, name, **own)
        assert found.named(name) == written_of({**BASE, **own})


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_that_differs_is_told(field: str) -> None:
    records = Records()
    (first, found), (second, other) = (
        record(records, "iris"),
        record(records, "iris", **OTHER[field]),
    )
    assert first is not second
    assert differing(found.named("iris"), other.named("iris")) == (field,)
    assert differing_always(found.texts, other.texts) == (field,)


@pytest.mark.parametrize(
    ("memory", "told"), [("2048Mi", ()), ("2Gi", ()), ("3Gi", ("limits",)), (None, ("limits",))]
)
def test_memory_is_told_as_a_limit(memory: str | None, told: tuple[str, ...]) -> None:
    limits = {"resources": {"limits": {"cpu": "1", "memory": memory}}}
    _, found = record(Records(), "iris", **limits)
    assert differing(found.named("iris"), written_of(BASE)) == told


def test_limits_on_memory_make_another_record_where_requests_are_alike() -> None:
    records, asked = Records(), {"requests": {"memory": "1Gi"}}
    found = [
        record(records, "iris", resources={**asked, "limits": {"memory": amount}})[1].memory
        for amount in ("1Gi", "2Gi")
    ]
    assert found == ["1Gi", "2Gi"]


def test_what_a_rollout_takes_makes_another_record() -> None:
    records = Records()
    found = [
        record(records, "iris", kind, n)[0] for kind in (KnativeService, Deployment) for n in (1, 3)
    ]
    assert [one.rollout.pods for one in found if one.rollout] == [1, 1, 1, 3]
    assert found[0] is not found[2]
    assert found[2] is not found[3]


def test_a_name_that_is_written_out_is_told_for_each() -> None:
    records = Records()
    _, found = record(records, "iris")
    assert differing_always(found.texts, written_of(BASE).texts) is None


@pytest.mark.parametrize(
    ("workload", "service"),
    [
        ("iris-predictor", "iris"),
        ("iris-predictor-default", "iris"),
        ("iris", "iris"),
        ("iris-predictor-predictor", ""),
        ("Iris-predictor", ""),
    ],
)
def test_the_name_of_the_service_is_in_that_of_its_workload(workload: str, service: str) -> None:
    assert service_name(workload) == service
