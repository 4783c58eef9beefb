"""The engine in memory: stopped at every write, on a bad network, beside other people."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET

from migrate.cluster.memory import MemoryCluster
from migrate.errors import (
    InvalidError,
    NotFoundError,
    RefusedError,
    StaleError,
    WaitTimeoutError,
)
from migrate.execute import record
from migrate.execute.engine import Engine
from migrate.execute.events import Event, Kept, Retrying, Skipped, Written
from migrate.execute.lease import Lease
from migrate.execute.run import Head
from migrate.objects import ObjectRef, sha256
from migrate.operations.invert import invert
from migrate.operations.model import (
    Create,
    Delete,
    Direction,
    Edit,
    Holds,
    Operation,
    Patch,
    Restart,
    RolledOut,
    Wake,
    Wave,
)
from tests.execute.clock import FakeClock
from tests.execute.flaky import Fault, FlakyCluster, KilledError

CONFIG = ObjectRef("v1", "ConfigMap", "config", "kserve")
NEW = ObjectRef("v1", "ConfigMap", "new", "team")
OLD = ObjectRef("v1", "ConfigMap", "old", "team")
CONTROLLER = ObjectRef("apps/v1", "Deployment", "controller", "kserve")
SERVICE = ObjectRef("serving.kserve.io/v1beta1", "InferenceService", "iris", "team")
DOCUMENT = '{ "sklearn" : {\r\n "image":"a"} }'


def config_map(ref: ObjectRef, **data: str) -> dict[str, Any]:
    meta = {"name": ref.name, "namespace": ref.namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def workload(ref: ObjectRef) -> dict[str, Any]:
    meta = {"name": ref.name, "namespace": ref.namespace}
    spec = {"replicas": 1, "template": {"metadata": {}, "spec": {"containers": []}}}
    status = {"observedGeneration": 99, "updatedReplicas": 1, "replicas": 1, "availableReplicas": 1}
    return {
        "apiVersion": ref.api_version,
        "kind": ref.kind,
        "metadata": meta,
        "spec": spec,
        "status": status,
    }


WAVE = Wave(
    (
        Operation(
            CONFIG,
            Patch(
                (
                    Edit("/data/p", '"a"', '"b"', "/sklearn/image"),
                    Edit("/data/p", UNSET, '"t"', "/sklearn/tag"),
                    Edit("/data/extra", UNSET, "x"),
                )
            ),
            "",
        ),
        Operation(NEW, Create(config_map(NEW, k="v")), ""),
        Operation(OLD, Delete(config_map(OLD, k="v")), ""),
    ),
    (Restart(CONTROLLER),),
    (RolledOut(CONTROLLER),),
)
BACK = Wave(tuple(invert(op) for op in reversed(WAVE.operations)), WAVE.activations, ())


def a_cluster() -> MemoryCluster:
    return MemoryCluster(
        [config_map(CONFIG, p=DOCUMENT, other="é"), config_map(OLD, k="v"), workload(CONTROLLER)]
    )


def data(cluster: MemoryCluster) -> dict[str, Any]:
    found = {}
    for ref in (CONFIG, NEW, OLD):
        try:
            found[ref.name] = cluster.get(ref)["data"]
        except NotFoundError:
            found[ref.name] = None
    return found


START = data(a_cluster())
TARGET = {
    "config": {
        "p": '{ "sklearn" : {\r\n "image":"b", "tag": "t"} }',
        "other": "é",
        "extra": "x",
    },
    "new": {"k": "v"},
    "old": None,
}


def go(
    cluster: MemoryCluster | FlakyCluster,
    direction: str,
    wave: Wave | None = None,
    *,
    keep_foreign: bool = False,
    timeout: float = 60,
) -> tuple[Engine, list[Event]]:
    """A whole direction, as the commands do it: Lease, record, engine."""
    events: list[Event] = []
    way, clock = Direction(direction), FakeClock()
    lease = Lease(cluster, "kserve", f"holder {id(clock)}", clock, duration=3)
    engine = Engine(cluster, lease, clock, events.append, timeout, keep_foreign)
    lease.acquire(lambda _: None)
    record.sweep(cluster, "kserve")
    found = record.runs(cluster, "kserve")
    if found:
        run = engine.start(found[-1], way)
    else:
        head = Head("r", sha256(b"plan"), 1, "t", "o", "v", "s")
        run = record.create(cluster, "kserve", head, b"plan", engine.entry("started", way))
    chosen = wave or (WAVE if direction == "apply" else BACK)
    engine.preflight([chosen])
    run = engine.execute(run, way, [chosen])
    engine.finish(run, way, whole=not engine.kept)
    lease.release()
    return engine, events


def writes_of(direction: str) -> int:
    cluster = a_cluster()
    if direction == "rollback":
        go(cluster, "apply")
    counting = FlakyCluster(cluster)
    go(counting, direction)
    return counting.writes


@pytest.mark.parametrize("then", ["apply", "rollback"])
@pytest.mark.parametrize("fault", [Fault.KILLED_BEFORE, Fault.KILLED_AFTER])
@pytest.mark.parametrize("victim", ["apply", "rollback"])
def test_killed_at_every_write_one_command_brings_it_to_an_end(
    victim: str, fault: Fault, then: str
) -> None:
    total = writes_of(victim)
    assert total > 8
    for at in range(1, total + 1):
        cluster = a_cluster()
        if victim == "rollback":
            go(cluster, "apply")
        with pytest.raises(KilledError):
            go(FlakyCluster(cluster, at, fault), victim)
        go(cluster, then)
        assert data(cluster) == (TARGET if then == "apply" else START), at
        (run,) = record.runs(cluster, "kserve")
        assert record.payload_of(cluster, run) == b"plan"
        assert run.state == {"apply": "applied", "rollback": "rolled back"}[then]


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.ANSWER_LOST])
def test_one_bad_answer_at_any_write_of_the_engine_is_survived(fault: Fault) -> None:
    """The Lease and the record's creation come before the engine: commands end there."""
    first = 4
    for at in range(first, writes_of("apply")):
        cluster = a_cluster()
        _, events = go(FlakyCluster(cluster, at, fault), "apply")
        assert data(cluster) == TARGET, at
        assert [e for e in events if isinstance(e, Retrying)], at


def test_a_second_apply_writes_no_object_again() -> None:
    cluster = a_cluster()
    go(cluster, "apply")
    before = cluster.get(CONFIG)
    _, events = go(cluster, "apply")
    assert [type(e) for e in events if isinstance(e, Written | Skipped)] == [Skipped] * 3
    assert cluster.get(CONFIG) == before


def test_drift_stops_an_apply_before_it_writes() -> None:
    cluster = a_cluster()
    cluster.patch(CONFIG, {"data": {"p": DOCUMENT.replace('"a"', '"somebody"')}})
    before = data(cluster)
    with pytest.raises(StaleError) as caught:
        go(cluster, "apply")
    assert '"somebody"' in caught.value.message
    assert data(cluster) == before


def test_an_edit_between_reading_and_writing_is_not_lost() -> None:
    """Somebody edits another key, and another leaf, in just that moment."""

    class Busy(FlakyCluster):
        def get(self, ref: ObjectRef) -> dict[str, Any]:
            found = super().get(ref)
            if ref == CONFIG and not self.inner.get(CONFIG)["data"].get("theirs"):
                text = DOCUMENT.replace("{\r\n", '{"theirs":1,')
                self.inner.patch(CONFIG, {"data": {"theirs": "y", "p": text}})
            return found

    cluster = a_cluster()
    go(Busy(cluster), "apply")
    text = '{ "sklearn" : {"theirs":1, "image":"b", "tag": "t"} }'
    assert data(cluster)["config"] == {"p": text, "other": "é", "extra": "x", "theirs": "y"}


def test_a_rollback_keeps_what_others_changed_and_says_so() -> None:
    cluster = a_cluster()
    go(cluster, "apply")
    text = str(cluster.get(CONFIG)["data"]["p"]).replace('"b"', '"somebody"')
    cluster.patch(CONFIG, {"data": {"p": text}})
    engine, events = go(cluster, "rollback", keep_foreign=True)
    # The tag belongs to the image: half of an entry would be something that nobody asked for.
    assert [(k.edit.within, k.found) for k in engine.kept] == [
        ("/sklearn/tag", '"t"'),
        ("/sklearn/image", '"somebody"'),
    ]
    assert [e for e in events if isinstance(e, Kept)] == engine.kept
    assert data(cluster)["config"] == {"p": text, "other": "é"}
    (run,) = record.runs(cluster, "kserve")
    assert run.state == "rolled back in part"


def test_a_rollback_passes_over_an_object_that_is_gone() -> None:
    cluster = a_cluster()
    go(cluster, "apply")
    meta = cluster.get(CONFIG)["metadata"]
    cluster.delete(CONFIG, uid=meta["uid"], resource_version=meta["resourceVersion"])
    go(cluster, "rollback", keep_foreign=True)
    assert data(cluster) == {**START, "config": None}


def test_a_write_that_is_refused_for_good_is_raised() -> None:
    class Refusing(FlakyCluster):
        def patch(self, ref: ObjectRef, patch: Any, **rest: Any) -> dict[str, Any]:
            if ref == CONFIG:
                raise InvalidError("a webhook says no")
            return super().patch(ref, patch, **rest)

    with pytest.raises(InvalidError, match="a webhook says no"):
        go(Refusing(a_cluster()), "apply")


def test_waiting_ends_with_what_is_missing() -> None:
    holds = Holds(CONFIG, "/data/other", "never", SERVICE)
    with pytest.raises(WaitTimeoutError) as caught:
        go(FlakyCluster(a_cluster()), "apply", Wave((), (), (holds,)), timeout=7)
    assert "waited 7 s" in caught.value.message
    assert "has never; found: é" in caught.value.message


def test_nothing_is_awaited_for_a_service_that_is_gone() -> None:
    gone = ObjectRef("serving.knative.dev/v1", "Service", "iris-predictor-default", "team")
    holds = Holds(gone, "/spec", "x", SERVICE)
    _, events = go(FlakyCluster(a_cluster()), "apply", Wave((), (), (holds,)))
    assert "gone" in str(events)


def test_nothing_is_awaited_where_no_controller_acts() -> None:
    holds = Holds(CONFIG, "/data/other", "never", SERVICE)
    go(a_cluster(), "apply", Wave((), (), (holds,)))


@pytest.mark.parametrize("former", [UNSET, 0, 5])
def test_a_wake_leaves_the_status_as_it_was(former: Any) -> None:
    meta = {"name": SERVICE.name, "namespace": SERVICE.namespace}
    status = {} if former is UNSET else {"observedGeneration": former}
    service = {
        "apiVersion": SERVICE.api_version,
        "kind": SERVICE.kind,
        "metadata": meta,
        "spec": {},
        "status": status,
    }
    cluster = MemoryCluster([*_all(a_cluster()), service])
    before = cluster.get(SERVICE)
    go(cluster, "apply", Wave((), (Wake(SERVICE),), ()))
    after = cluster.get(SERVICE)
    assert after["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]
    assert (after["status"], after["spec"]) == (before["status"], before["spec"])
    assert after["metadata"]["generation"] == before["metadata"]["generation"]


def _all(cluster: MemoryCluster) -> list[dict[str, Any]]:
    kinds = [("v1", "ConfigMap"), ("apps/v1", "Deployment")]
    return [found for version, kind in kinds for found in cluster.list(version, kind, dict)]


def test_a_restart_changes_the_template_each_time() -> None:
    """Also within one second: the same mark again would restart nothing."""
    cluster, former = a_cluster(), ""
    for _ in range(3):
        go(cluster, "apply", Wave((), (Restart(CONTROLLER),), ()))
        template = cluster.get(CONTROLLER)["spec"]["template"]
        mark = template["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"]
        assert mark != former
        former = mark


def test_a_refused_write_is_not_counted_as_one() -> None:
    """Else the exit code would say that something was written."""

    class Refusing(FlakyCluster):
        def patch(self, ref: ObjectRef, patch: Any, **rest: Any) -> dict[str, Any]:
            if ref == CONFIG:
                raise RefusedError("admission webhook denied the request")
            return super().patch(ref, patch, **rest)

    clock, cluster = FakeClock(), Refusing(a_cluster())
    lease = Lease(cluster, "kserve", "h", clock)
    engine = Engine(cluster, lease, clock, lambda _: None, 60)
    lease.acquire(lambda _: None)
    head = Head("r", sha256(b"plan"), 1, "t", "o", "v", "s")
    run = record.create(cluster, "kserve", head, b"plan", engine.entry("started", Direction.APPLY))
    with pytest.raises(RefusedError):
        engine.execute(run, Direction.APPLY, [WAVE])
    assert engine.written == 0


def test_a_rollback_does_not_delete_what_somebody_else_changed() -> None:
    cluster = a_cluster()
    go(cluster, "apply")
    cluster.patch(NEW, {"data": {"k": "theirs"}})
    with pytest.raises(StaleError, match="differs"):
        go(cluster, "rollback", keep_foreign=True)
    assert cluster.get(NEW)["data"] == {"k": "theirs"}


def test_drift_of_the_last_object_stops_before_the_first_is_written() -> None:
    cluster = a_cluster()
    cluster.patch(OLD, {"data": {"k": "theirs"}})
    before = data(cluster)
    with pytest.raises(StaleError, match="team/old"):
        go(cluster, "apply")
    assert data(cluster) == before
