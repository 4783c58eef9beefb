"""Checkpoints in a cluster and in files: whole or not at all, and what is damaged is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from migrate.cluster.memory import MemoryCluster
from migrate.cluster.port import Cluster
from migrate.commands.checkpoints import names, read, refuse_other_cluster
from migrate.errors import BlockedError, StaleError, UnreachableError, UsageError
from migrate.execute import checkpoints, chunks, record
from migrate.objects import Manifest, ObjectRef
from tests.execute.checkpoints import UID, checkpoint, packed, stored, understood, write
from tests.execute.flaky import Fault, FlakyCluster, KilledError

LONG_AGO = "2020-01-01T00:00:00Z"
Damage = Callable[[MemoryCluster, str], None]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks so small that a short checkpoint has several."""
    monkeypatch.setattr("migrate.execute.chunks.CHUNK_BYTES", 256)


def config_maps(cluster: Cluster, namespace: str = "kserve") -> list[Manifest]:
    return list(cluster.list("v1", "ConfigMap", dict, namespace=namespace))


def called(cluster: Cluster) -> set[str]:
    return {one["metadata"]["name"] for one in config_maps(cluster)}


def aged(cluster: MemoryCluster) -> MemoryCluster:
    """The same cluster with all its ConfigMaps as of long ago."""
    found = config_maps(cluster)
    for one in found:
        one["metadata"]["creationTimestamp"] = LONG_AGO
    return MemoryCluster(found)


@pytest.mark.usefixtures("small")
def test_what_is_written_is_read() -> None:
    cluster, made = MemoryCluster(), checkpoint(services=20)
    write(cluster, made)
    assert len(config_maps(cluster)) > 5
    assert stored(cluster, "kserve", "before") == made
    assert read(cluster, "kserve", "before") == understood(made)


def test_the_same_twice_is_one_and_another_of_its_name_is_refused() -> None:
    """An answer may get lost, and another operator may be first."""
    cluster, made = MemoryCluster(), checkpoint()
    write(cluster, made)
    write(cluster, made)
    with pytest.raises(BlockedError, match="there is one of this name already"):
        write(cluster, replace(made, operator="eve@host:1:abc"))
    assert stored(cluster, "kserve", "before") == made


def test_a_row_says_what_is_in_it() -> None:
    cluster = MemoryCluster()
    write(cluster, checkpoint(services=5))
    (row,) = names(cluster, "kserve")
    said = (row.name, row.release, row.services, row.runtimes, row.unresolved)
    assert said == ("before", "0.9.0", 5, 1, 3)
    assert (row.cluster_uid, row.operator, row.trouble) == (UID, "ada@host:1:abc", "")
    assert row.size == len(b"".join(packed(checkpoint(services=5))[1].pieces))


def test_managed_fields_are_left_out_and_nothing_else() -> None:
    made = checkpoint(services=1)
    meta = made.services[0]["metadata"]
    noted = {**made.services[0], "metadata": {**meta, "managedFields": [{"manager": "m"}]}}
    cluster = MemoryCluster()
    write(cluster, replace(made, services=(noted,)))
    assert stored(cluster, "kserve", "before") == made


@pytest.mark.usefixtures("small")
def test_equal_checkpoints_are_packed_alike() -> None:
    assert packed(checkpoint(services=20)) == packed(checkpoint(services=20))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("fault", list(Fault))
def test_killed_at_each_write_there_is_none_or_a_whole_one(fault: Fault) -> None:
    made = checkpoint(services=8)
    counted = FlakyCluster(MemoryCluster())
    write(counted, made)
    assert counted.writes > 4
    for at in range(1, counted.writes + 1):
        cluster = MemoryCluster()
        with pytest.raises((KilledError, UnreachableError)):
            write(FlakyCluster(cluster, at, fault), made)
        known = names(cluster, "kserve")
        is_there = at == counted.writes and fault in (Fault.KILLED_AFTER, Fault.ANSWER_LOST)
        assert [row.name for row in known] == ["before"] * is_there
        if is_there:
            assert stored(cluster, "kserve", "before") == made
        else:
            # Another try, of a cluster that is another one by now.
            write(cluster, replace(made, created="2026-11-23T23:00:00Z", services=()))
            assert stored(cluster, "kserve", "before").services == ()


@pytest.mark.usefixtures("small")
def test_what_a_killed_one_left_is_swept_and_nothing_else() -> None:
    made = checkpoint(services=8)
    cluster = MemoryCluster()
    write(cluster, replace(made, name="whole"))
    whole = called(cluster)
    with pytest.raises(KilledError):
        write(FlakyCluster(cluster, 4, Fault.KILLED_BEFORE), made)
    assert len(called(cluster) - whole) == 3
    checkpoints.sweep(cluster, "kserve", datetime.now(UTC))
    assert len(called(cluster) - whole) == 3, "somebody may be writing them at this moment"
    later = aged(cluster)
    checkpoints.sweep(later, "kserve", datetime.now(UTC))
    assert called(later) == whole


@pytest.mark.usefixtures("small")
def test_runs_do_not_sweep_checkpoints_nor_checkpoints_runs() -> None:
    cluster = MemoryCluster()
    write(cluster, checkpoint(services=8))
    with pytest.raises(KilledError):
        write(FlakyCluster(cluster, 4, Fault.KILLED_BEFORE), checkpoint("torn", 8))
    chunk = chunks.config_map("kserve", "kmigrate-run-x-1", {record.RUN_LABEL: "x"}, {})
    cluster.create(chunk)
    before = called(cluster)
    record.sweep(cluster, "kserve")
    assert before - called(cluster) == {"kmigrate-run-x-1"}
    cluster.create(chunk)
    later = aged(cluster)
    checkpoints.sweep(later, "kserve", datetime.now(UTC))
    assert "kmigrate-run-x-1" in called(later)
    assert record.runs(later, "kserve") == []


def test_the_age_is_by_the_clock_of_the_api_server() -> None:
    cluster = MemoryCluster()
    row, content = packed(checkpoint())
    now = checkpoints.store(cluster, "kserve", row, content)
    assert now is not None
    assert abs(datetime.now(UTC) - now) < timedelta(minutes=1)


def chunk_of(cluster: MemoryCluster, number: int) -> ObjectRef:
    (name,) = (n for n in called(cluster) if n.endswith(f"-{number}") and n.count("-") > 3)
    return chunks.ref_of("kserve", name)


def remove(cluster: MemoryCluster, ref: ObjectRef) -> None:
    meta = cluster.get(ref)["metadata"]
    cluster.delete(ref, uid=meta["uid"], resource_version=meta["resourceVersion"])


def exchange(cluster: MemoryCluster, ref: ObjectRef) -> None:
    other = chunk_of(cluster, 3)
    cluster.patch(ref, {"binaryData": cluster.get(other)["binaryData"]})


def empty(cluster: MemoryCluster, ref: ObjectRef) -> None:
    cluster.patch(ref, {"binaryData": None})


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("damage", [remove, exchange, empty])
def test_the_chunk_that_is_damaged_is_named(
    damage: Callable[[MemoryCluster, ObjectRef], None],
) -> None:
    cluster = MemoryCluster()
    write(cluster, checkpoint(services=8))
    ref = chunk_of(cluster, 2)
    damage(cluster, ref)
    with pytest.raises(BlockedError, match=f"checkpoint before: it is damaged: {ref}") as caught:
        read(cluster, "kserve", "before")
    assert "kmigrate status kmigrate-checkpoint-before.json.gz" in caught.value.hint


def with_head(cluster: MemoryCluster, **changes: Any) -> None:
    ref = checkpoints.ref_of_head("kserve", "before")
    head = json.loads(cluster.get(ref)["data"]["checkpoint"])
    cluster.patch(ref, {"data": {"checkpoint": json.dumps({**head, **changes})}})


def test_a_newer_format_names_the_kmigrate_that_wrote_it() -> None:
    cluster = MemoryCluster()
    write(cluster, checkpoint())
    with_head(cluster, format=2, version="3.1.0")
    with pytest.raises(
        BlockedError, match=r"format 1, found format 2, written by kmigrate 3\.1\.0"
    ):
        read(cluster, "kserve", "before")
    assert [row.name for row in names(cluster, "kserve")] == ["before"]


def test_a_head_that_cannot_be_read_keeps_from_no_other() -> None:
    cluster = MemoryCluster()
    write(cluster, checkpoint("other"))
    write(cluster, checkpoint())
    cluster.patch(checkpoints.ref_of_head("kserve", "before"), {"data": {"checkpoint": "{"}})
    found = {row.name: bool(row.trouble) for row in names(cluster, "kserve")}
    assert found == {"other": False, "before": True}
    assert stored(cluster, "kserve", "other") == checkpoint("other")
    with pytest.raises(BlockedError, match="kmigrate-checkpoint-before-0"):
        read(cluster, "kserve", "before")


@pytest.mark.parametrize(
    ("name", "words"),
    [("befor", "did you mean before?"), ("zzz", "there are: before, later")],
)
def test_an_unknown_name(name: str, words: str) -> None:
    cluster = MemoryCluster()
    write(cluster, checkpoint())
    write(cluster, checkpoint("later"))
    with pytest.raises(UsageError) as caught:
        read(cluster, "kserve", name)
    assert words in caught.value.message
    assert caught.value.hint == "kmigrate status lists them"


def test_a_checkpoint_of_another_cluster() -> None:
    meta = {"name": "kube-system", "uid": UID}
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}
    refuse_other_cluster(checkpoint(), MemoryCluster([space]))
    with pytest.raises(
        StaleError, match=f"of another cluster, uid {UID}; this is memory, uid other"
    ):
        refuse_other_cluster(
            checkpoint(), MemoryCluster([{**space, "metadata": {**meta, "uid": "other"}}])
        )
