"""The record of runs: order, chunks, what is damaged."""

from __future__ import annotations

import base64
import random
from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.errors import BlockedError
from migrate.execute import record
from migrate.execute.chunks import CHUNK_BYTES, split
from migrate.execute.run import Entry, EventName, Head, Run
from migrate.objects import ObjectRef, canonical, ref_of, sha256
from migrate.operations.model import Create, Direction, Operation
from migrate.planning.model.desired import Options
from migrate.planning.model.plan import Forecast, Outlook, Plan, Stage
from tests.benchmarks.creating import manifests
from tests.execute.counting import CountingCluster


def entry(event: EventName = "started", fence: int = 1) -> Entry:
    return Entry(event, Direction.APPLY, "2026-01-01T00:00:00Z", "somebody", fence)


def make(cluster: MemoryCluster, name: str, payload: bytes = b"plan", fence: int = 1) -> Run:
    chunks = len(split(payload))
    head = Head(name, sha256(payload), chunks, "t", "o", "v", "s")
    return record.create(cluster, "kserve", head, payload, entry(fence=fence))


def config_map(cluster: MemoryCluster, name: str, chunk: int) -> dict[str, Any]:
    name = record.name_of(name, chunk)
    found = cluster.list("v1", "ConfigMap", dict, namespace="kserve")
    return next(m for m in found if m["metadata"]["name"] == name)


def test_runs_are_ordered_by_the_server_and_not_by_their_ids() -> None:
    """The id holds the clock of the operator's machine, which may be wrong."""
    first = MemoryCluster()
    make(first, "20990101-000000-aaaa", fence=1)
    make(first, "20000101-000000-bbbb", fence=2)
    heads = list(first.list("v1", "ConfigMap", dict))
    for head in heads:
        head["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
    found = record.runs(MemoryCluster(heads), "kserve")
    assert [run.journal[0].fence for run in found] == [1, 2]


def test_a_large_plan_comes_back_from_its_chunks() -> None:
    payload = random.Random(1).randbytes(3 * CHUNK_BYTES)
    cluster = MemoryCluster()
    run = make(cluster, "large", payload)
    assert run.head.chunks == 4
    assert record.payload_of(cluster, run) == payload


@pytest.mark.parametrize("damage", ["lost", "changed", "no base64"])
def test_a_damaged_plan_is_told(damage: str) -> None:
    cluster = MemoryCluster()
    run = make(cluster, "one")
    chunk = config_map(cluster, "one", 1)
    ref = record.ref_of_head(run)
    ref = type(ref)(ref.api_version, ref.kind, chunk["metadata"]["name"], ref.namespace)
    if damage == "lost":
        meta = chunk["metadata"]
        cluster.delete(ref, uid=meta["uid"], resource_version=meta["resourceVersion"])
    else:
        other = {"changed": base64.b64encode(split(b"other")[0]).decode()}
        cluster.patch(ref, {"binaryData": {"plan": other.get(damage, "!")}})
    with pytest.raises(BlockedError, match="damaged"):
        record.payload_of(cluster, run)


@pytest.mark.parametrize(
    "data",
    [
        {"head": "{"},
        {"journal": '{"event": "started", "direction": "sideways"}'},
        {"journal": ""},
        {"head": '{"id":"one","digest":"d","chunks":1,"started":"t","operator":"o","version":"v",'
                 '"summary":"s","format":"kmigrate.dev/run/v9"}'},
    ],
)  # fmt: skip
def test_a_head_that_cannot_be_read_is_named(data: dict[str, str]) -> None:
    cluster = MemoryCluster()
    run = make(cluster, "one")
    cluster.patch(record.ref_of_head(run), {"data": data})
    with pytest.raises(BlockedError, match="kserve/kmigrate-run-one-0"):
        record.runs(cluster, "kserve")


def test_chunks_without_a_head_are_swept_and_others_stay() -> None:
    cluster = MemoryCluster()
    make(cluster, "whole")
    run = make(cluster, "torn")
    head = config_map(cluster, "torn", 0)["metadata"]
    ref = record.ref_of_head(run)
    cluster.delete(ref, uid=head["uid"], resource_version=head["resourceVersion"])
    record.sweep(cluster, "kserve")
    names = {m["metadata"]["name"] for m in cluster.list("v1", "ConfigMap", dict)}
    assert names == {"kmigrate-run-whole-0", "kmigrate-run-whole-1"}


def test_the_plan_for_ten_thousand_services_fits_its_config_maps() -> None:
    """The API server takes 1 MiB for an object; the journal names waves, not objects."""
    rows = tuple(row(number) for number in range(10_000))
    made = tuple(
        Operation(ref_of(copy), Create(copy), "copy of the ClusterServingRuntime")
        for copy in manifests(1000)
    )
    stage = (Stage(tuple(range(len(made)))),)
    plan = Plan(
        cluster_uid="u",
        kserve_namespace="kserve",
        release="0.9.0",
        options=Options(),
        operations=made,
        apply=stage,
        rollback=stage,
        forecast=rows,
    )
    cluster, payload = CountingCluster(MemoryCluster()), canonical(plan)
    head = Head("one", sha256(payload), len(split(payload)), "t", "o", "v", "s")
    run = record.create(cluster, "kserve", head, payload, entry())
    sizes = [len(canonical(m)) for m in cluster.inner.list("v1", "ConfigMap", dict)]
    assert max(sizes) < 512 * 1024
    assert cluster.asked.total() == head.chunks + 2
    assert record.payload_of(cluster, run) == payload


def row(number: int) -> Forecast:
    """A service with names and an image of its own, which pack less well than equal ones."""
    noise = random.Random(number).randbytes(12).hex()
    place = f"team-{number // 10:04d}"
    image = f"registry.example.com/{noise}/sklearnserver:v0.7.0"
    service = ObjectRef("serving.kserve.io/v1beta1", "InferenceService", f"iris-{noise}", place)
    workload = ObjectRef("apps/v1", "Deployment", f"iris-{noise}-predictor", place)
    runtime = ObjectRef("serving.kserve.io/v1alpha1", "ServingRuntime", "sklearn", place)
    images = (image, image, image, image)
    reason = "the copy of its namespace serves it as the runtime of the cluster did"
    return Forecast(
        service, "model", Outlook.UNCHANGED, reason, *images, workload, runtime, runtime
    )
