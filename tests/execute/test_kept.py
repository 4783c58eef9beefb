"""What a forced rollback writes over, in the record of its run."""

from __future__ import annotations

import json

import msgspec
import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.errors import BlockedError
from migrate.execute import record
from migrate.execute.chunks import split
from migrate.execute.kept import keep, kept_in
from migrate.execute.run import Entry, Parts, Run
from migrate.objects import ObjectRef
from migrate.operations.fieldmanagers import Writer
from migrate.operations.overwritten import Overwritten
from tests.commands.moving import NEW, apply, cluster, planned

REF = ObjectRef("v1", "ConfigMap", "c", "kserve")
FIELD = Overwritten(REF, "/data/a", "/b", '"theirs"', '"before"', Writer("kubectl", "Update"))
GONE = Overwritten(REF, "/data/b", None, found="theirs")
WHOLE = Overwritten(REF, found={"kind": "ConfigMap", "data": {"a": None}})


def recorded(found: MemoryCluster, *values: Overwritten) -> tuple[Run, Parts | None]:
    """A run whose journal says that a rollback of it writes over these values."""
    if not record.runs(found, "kserve"):
        apply(found, planned(found, NEW))
    [run] = record.runs(found, "kserve")
    parts = keep(found, run, values)
    entry = Entry("started", run.direction, "now", "me", 2, overwritten=parts)
    return record.append(found, run, entry), parts


def chunks(found: MemoryCluster) -> list[str]:
    names = (one["metadata"]["name"] for one in found.list("v1", "ConfigMap", dict))
    return [name for name in names if "-overwritten-" in name]


def test_what_is_kept_is_read_again_whatever_it_is() -> None:
    found = cluster()
    recorded(found, FIELD, GONE)
    recorded(found, WHOLE)
    [run] = record.runs(found, "kserve")
    assert kept_in(found, run, run.journal) == (FIELD, GONE, WHOLE)
    assert len(chunks(found)) == 2


def test_the_same_values_are_one_config_map_and_told_once() -> None:
    found = cluster()
    recorded(found, FIELD)
    run, _ = recorded(found, FIELD)
    assert (kept_in(found, run, run.journal), len(chunks(found))) == ((FIELD,), 1)


def test_nothing_to_write_over_leaves_nothing_behind() -> None:
    found = cluster()
    run, parts = recorded(found)
    assert (parts, kept_in(found, run, run.journal), chunks(found)) == (None, (), [])


def test_large_values_lie_in_several_config_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migrate.execute.chunks.CHUNK_BYTES", 64)
    found = cluster()
    whole = msgspec.structs.replace(WHOLE, found={str(at): at * 7919 for at in range(50)})
    run, parts = recorded(found, whole)
    assert parts is not None
    assert parts.number == len(chunks(found)) > 2
    assert kept_in(found, run, run.journal) == (whole,)


@pytest.mark.parametrize("is_lost", [True, False])
def test_what_was_lost_or_changed_is_refused(*, is_lost: bool) -> None:
    found = cluster()
    run, _ = recorded(found, FIELD)
    ref = ObjectRef("v1", "ConfigMap", chunks(found)[0], "kserve")
    live = found.get(ref)
    if is_lost:
        meta = live["metadata"]
        found.delete(ref, uid=meta["uid"], resource_version=meta["resourceVersion"])
    else:
        [other] = split(json.dumps([]).encode())
        record.create_part(found, run, "other", "overwritten", other)
        swapped = found.get(
            ObjectRef("v1", "ConfigMap", f"kmigrate-run-{run.head.id}-other", "kserve")
        )
        found.patch(ref, {"binaryData": swapped["binaryData"]})
    with pytest.raises(BlockedError, match="its record is damaged"):
        kept_in(found, run, run.journal)
