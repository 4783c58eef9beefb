"""What is gone, or going, while a run writes: nothing is left to do there, and it is told."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.errors import (
    ApiError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    StaleError,
    WaitTimeoutError,
)
from migrate.execute.clock import Clock
from migrate.execute.events import Met, Skipped, Written
from migrate.execute.waiting import await_all
from migrate.objects import Manifest, ObjectRef, ref_of
from migrate.operations.model import Edit, Holds, Operation, Patch, Wave
from tests.execute.clock import FakeClock
from tests.execute.runs import World, a_cluster, creates, service

GONE = NotFoundError('namespaces "team-0001" not found')
REFUSED = RefusedError("exceeded quota, or the namespace is being terminated")


def namespace(**meta: Any) -> Manifest:
    meta = {"name": "team-0001", "resourceVersion": "1", **meta}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}


GOING = namespace(deletionTimestamp="2026-01-01T00:00:00Z")


def go(error: ApiError, *objects: Manifest, denied: bool = False) -> World:
    """Create three copies, the second of them in a namespace that takes none."""

    def held(verb: str, ref: ObjectRef) -> None:
        if verb == "create" and ref.namespace == "team-0001":
            raise error
        if denied and ref.kind == "Namespace":
            raise ForbiddenError("namespaces get")

    world = World(a_cluster(*objects), workers=1)
    world.cluster.held = held
    world.go(Wave(creates(3)))
    return world


@pytest.mark.parametrize(("error", "objects"), [(GONE, ()), (REFUSED, (GOING,)), (REFUSED, ())])
def test_a_copy_for_a_namespace_that_goes_is_passed_over(
    error: ApiError, objects: tuple[Manifest, ...]
) -> None:
    world = go(error, *objects)
    [skipped] = world.told(Skipped)
    assert skipped.operation.target.namespace == "team-0001"
    assert "being deleted" in skipped.reason
    made = [event.operation.target.namespace for event in world.told(Written)]
    assert (made, world.engine.written) == (["team-0000", "team-0002"], 2)


@pytest.mark.parametrize(
    ("error", "objects", "denied"),
    [
        (GONE, (namespace(),), False),  # the kind is gone, not the namespace
        (GONE, (), True),
        (REFUSED, (namespace(),), False),
        (REFUSED, (GOING,), True),
    ],
)
def test_another_refusal_stops_the_run(
    error: ApiError, objects: tuple[Manifest, ...], *, denied: bool
) -> None:
    with pytest.raises(type(error), match=str(error)):
        go(error, *objects, denied=denied)


EDIT = (Edit("/spec/runtime", after="r"),)


@pytest.mark.parametrize("is_early", [True, False])
def test_an_edit_of_what_is_gone_is_passed_over_where_that_may_be(*, is_early: bool) -> None:
    one, other = service(1), service(2)
    edits = [Operation(ref_of(each), Patch(EDIT), "") for each in (one, other)]

    def world() -> World:
        found = World(a_cluster(one, other), workers=1)
        gone = found.cluster.inner.get(ref_of(one))["metadata"]
        ids = {"uid": gone["uid"], "resource_version": gone["resourceVersion"]}

        def held(verb: str, ref: ObjectRef) -> None:
            if not is_early and verb == "patch" and ref.kind == "ConfigMap" and ids:
                found.cluster.inner.delete(ref_of(one), **ids)
                ids.clear()

        if is_early:
            found.cluster.inner.delete(ref_of(one), **ids)
        found.cluster.held = held
        return found

    lenient = world()
    lenient.engine.may_be_gone = lambda operation: operation.target.kind == "InferenceService"
    lenient.go(Wave(tuple(edits)))
    assert [event.operation.target for event in lenient.told(Skipped)] == [ref_of(one)]
    assert lenient.cluster.inner.get(ref_of(other))["spec"] == {"runtime": "r"}
    with pytest.raises(StaleError, match="it is gone"):
        world().go(Wave(tuple(edits)))


def wait(found: Manifest, owner: ObjectRef, *there: Manifest) -> list[Met]:
    told: list[Any] = []
    clock: Clock = FakeClock()
    holds = Holds(ref_of(found), "/status/runtime", "r", owner)
    cluster = a_cluster(*(there or [found]))
    await_all(cluster, [holds], clock, told.append, timeout=5, meanwhile=lambda _: None)
    return [event for event in told if isinstance(event, Met)]


def going_service(number: int) -> Manifest:
    found = service(number)
    meta = {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["f"]}
    return {**found, "metadata": {**found["metadata"], "resourceVersion": "1", **meta}}


def test_a_service_that_is_being_deleted_is_not_awaited() -> None:
    going = going_service(1)
    [met] = wait(going, ref_of(going))
    assert "is being deleted" in str(met)
    with pytest.raises(WaitTimeoutError):
        wait(going, ref_of(service(2)))
    with pytest.raises(WaitTimeoutError):
        wait(service(3), ref_of(service(3)))


def test_the_workload_that_a_service_took_along_is_not_awaited() -> None:
    meta = {"name": "iris-1-predictor", "namespace": "team"}
    workload = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta}
    going, stays = going_service(1), service(1)
    [met] = wait(workload, ref_of(going), going)
    assert "InferenceService team/iris-1 is being deleted" in str(met)
    with pytest.raises(WaitTimeoutError, match="no such object"):
        wait(workload, ref_of(stays), stays)
