"""The record of runs: order, chunks, what is damaged."""

from __future__ import annotations

import base64
import random
from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.errors import BlockedError
from migrate.execute import record
from migrate.execute.run import Entry, EventName, Head, Run
from migrate.objects import sha256
from migrate.operations.model import Direction


def entry(event: EventName = "started", fence: int = 1) -> Entry:
    return Entry(event, Direction.APPLY, "2026-01-01T00:00:00Z", "somebody", fence)


def make(cluster: MemoryCluster, name: str, payload: bytes = b"plan", fence: int = 1) -> Run:
    chunks = len(record.split(payload))
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
    payload = random.Random(1).randbytes(3 * record.CHUNK_BYTES)
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
        other = {"changed": base64.b64encode(record.split(b"other")[0]).decode()}
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
