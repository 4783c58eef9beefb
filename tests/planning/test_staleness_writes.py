"""What makes a plan stale where its objects would be written in another way, or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from migrate.kserve.admission import admitted
from migrate.kserve.terms import SERVER_TYPE
from migrate.objects import pointer
from migrate.operations.model import Create, Edit, Patch
from migrate.operations.stale import Difference
from migrate.planning.change.expand import source_ref
from migrate.planning.hold.make import make_plan
from migrate.planning.model.desired import Desired, EnvVar, Selection
from migrate.planning.model.plan import Plan
from migrate.planning.world.changed import carried_out, changed
from migrate.planning.world.copies import stamped
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of
from tests.planning.converting import RELEASES as CONVERTING
from tests.planning.converting import SKLEARN as REPOSITORY
from tests.planning.converting import converting, old, upgraded
from tests.planning.copies import MLSERVER, SKLEARN, cluster, isvc, plan
from tests.planning.pinned import pinning_plan, settled, written
from tests.planning.test_staleness import moved, told
from tests.planning.test_staleness import plan as plan_in_place

GPU: dict[str, Any] = {"resources": {"limits": {"nvidia.com/gpu": "1"}}}
ANNOTATION = ("metadata", "annotations", SERVER_TYPE)
ELSEWHERE = {"runtime": MLSERVER, "protocolVersion": "v2"}
TENSORFLOW = "kserve-tensorflow-serving"


def on_tensorflow(release: str, **of_b: Any) -> Snapshot:
    """Services of one runtime, of which c has a GPU."""
    services = [
        isvc(name, "tensorflow", **own) for name, own in (("a", {}), ("b", of_b), ("c", GPU))
    ]
    return settled(release, *services, images={TENSORFLOW: "registry.example.com/ml/tf:2"})


def pins(made: Plan) -> dict[str, object]:
    """The runtime that each service is to name."""
    return {
        op.target.name: op.change.edits[0].after
        for op in made.operations
        if isinstance(op.change, Patch)
    }


def targets(found: list[Difference]) -> list[str]:
    return [f"{one.target.kind}/{one.target.name}" for one in found]


@pytest.mark.parametrize("release", ["0.11.2", "0.15.2"])
def test_a_service_that_would_be_pinned_to_another_copy(release: str) -> None:
    made = pinning_plan(on_tensorflow(release))
    assert told(made, on_tensorflow(release)) == []
    now = on_tensorflow(release, **GPU)
    [one] = told(made, now)
    assert (one.target.name, one.where) == ("b", "/spec/predictor/model/runtime")
    fresh = pinning_plan(now)
    assert pins(made)["b"] == pins(made)["a"] != pins(fresh)["b"] == pins(fresh)["c"]
    assert [one.planned, one.found] == [f'"{pins(of)["b"]}"' for of in (made, fresh)]


def test_a_copy_that_would_hold_something_else() -> None:
    found = cluster("0.20.0", isvc("iris"))
    live = found.originals[source_ref(SKLEARN)]
    stale = told(plan(found), moved(found, {**live, "metadata": {"name": SKLEARN}}))
    assert [one.target.kind for one in stale] == ["ClusterServingRuntime", "ServingRuntime"]
    assert {(one.where, one.planned, one.found) for one in stale} == {
        (pointer(*ANNOTATION), '"sklearnserver"', "(none)")
    }


IMAGE = (f"runtime/{SKLEARN}=r.example.com/s:1",)


@pytest.mark.parametrize(("release", "stale"), [("0.15.2", []), ("0.17.1", ["sklearnserver"])])
@pytest.mark.parametrize("annotations", [{}, {SERVER_TYPE: "mlserver"}])
def test_the_annotation_of_a_runtime_in_place(
    release: str, stale: list[str], annotations: dict[str, str]
) -> None:
    """Up to 0.16 it decides nothing."""
    found = cluster(release, isvc("iris"))
    live = found.originals[source_ref(SKLEARN)]
    meta = {"name": SKLEARN, "annotations": annotations}
    found_now = told(plan_in_place(found, *IMAGE), moved(found, {**live, "metadata": meta}))
    assert [(one.where, one.planned) for one in found_now] == [
        (pointer(*ANNOTATION), f'"{name}"') for name in stale
    ]


def test_a_copy_of_a_runtime_that_was_edited() -> None:
    found = cluster("0.20.0", isvc("iris"))
    live = found.originals[source_ref(SKLEARN)]
    spec = {**live["spec"], "containers": [{**live["spec"]["containers"][0], "image": "x:1"}]}
    stale = told(plan(found), moved(found, {**live, "spec": spec}))
    assert ("ServingRuntime", "/spec /containers/0/image", '"x:1"') in [
        (one.target.kind, one.where, one.found) for one in stale
    ]


def test_a_copy_that_somebody_made_with_another_image() -> None:
    wish, other = (f"runtime/{SKLEARN}=r.example.com/s:{tag}" for tag in ("1", "2"))
    found = cluster("0.15.2", isvc("iris"))
    made = plan(found, wish)
    [one] = told(made, copied(plan(found, other), found))
    assert (one.planned, one.found) == (
        f"+ create ServingRuntime team/{SKLEARN}",
        f"~ patch ServingRuntime team/{SKLEARN}",
    )


def test_variables_of_others_in_a_copy_are_not_ours() -> None:
    """The list was not there when the plan was made: its edit was for the whole of it."""
    found = cluster("0.15.2", isvc("iris"))
    found = copied(plan(found), found)
    wish = Desired(runtime=SKLEARN, env=(EnvVar("A", "1"),))
    made = make_plan(found, msgspec.structs.replace(plan(found).options, images=(wish,)))
    [operation] = made.operations
    theirs = Edit("/spec/containers/name=kserve-container/env", after=[{"name": "B"}])
    now = changed(found, {operation.target: (theirs,)})
    assert told(made, now) == []
    again = make_plan(now, made.options)
    assert again.operations[0].change != operation.change
    same = Edit("/spec/containers/name=kserve-container/env", after=[{"name": "A", "value": "x"}])
    [one] = told(made, changed(found, {operation.target: (same,)}))
    assert one.where.startswith("/spec/containers/name=kserve-container/env")
    assert one.found.count("not shown, sha256:") == 2


def test_a_pin_that_somebody_gave_meanwhile_is_no_base_for_ours() -> None:
    """The write would find the service to be another one, with a part of the plan done."""
    made = pinning_plan(settled("0.15.2", isvc("iris")))
    [one] = told(made, settled("0.15.2", isvc("iris", runtime=SKLEARN)))
    name = f'"{pins(made)["iris"]}"'
    assert (one.planned, one.found) == (name, f'"{SKLEARN}" to become {name}')


def test_the_name_of_the_run_is_no_difference() -> None:
    made = pinning_plan(on_tensorflow("0.15.2"))
    assert told(stamped(made, "20260101-000000-abcd"), on_tensorflow("0.15.2")) == []


@pytest.mark.parametrize("release", CONVERTING)
def test_a_copy_for_a_service_that_somebody_else_converted(release: str) -> None:
    found = upgraded(release, old("iris"), sklearn_v1=REPOSITORY)
    made = converting(found)
    [ref] = [row.service for row in made.forecast]
    assert found.rules is not None
    config = world_of(found, found.rules).config
    now = replace(found, services=found.services.changed([admitted(found.services[ref], config)]))
    [one] = told(made, now)
    assert (one.target.kind, one.target.name) == ("ServingRuntime", SKLEARN)
    assert "InferenceService team/iris" in one.why


def copied(made: Plan, found: Snapshot) -> Snapshot:
    """The cluster with the copies of the plan in it."""
    return carried_out(found, [op for op in made.operations if isinstance(op.change, Create)])


def test_what_is_done_already_is_not_missed() -> None:
    found = settled("0.15.2", isvc("iris"))
    for made in (plan(found), pinning_plan(found)):
        assert told(made, copied(made, found)) == []
        assert told(made, written(found, made.operations)) == []


def test_who_chose_another_runtime_since_its_copy_was_made_is_not_held_to_it() -> None:
    """The copy is there: what the plan would still write is nothing."""
    found = cluster("0.15.2", isvc("iris"))
    made = plan(found)
    away = replace(
        found,
        services=cluster("0.15.2", isvc("iris", runtime=MLSERVER, protocolVersion="v2")).services,
    )
    assert targets(told(made, away)) == [f"ServingRuntime/{SKLEARN}"]
    assert targets(told(made, copied(made, away))) == []


def test_a_copy_for_services_that_have_all_gone_matters_to_who_came() -> None:
    """Who came is not selected, and would be served by the copy like everybody there."""
    found = cluster("0.15.2", isvc("iris"), isvc("far", namespace="other"))
    made = plan(found, selection=Selection(exclude=("team/late",)))
    assert told(made, cluster("0.15.2", isvc("far", namespace="other"))) == []
    late = [isvc("late"), isvc("far", namespace="other")]
    assert targets(told(made, cluster("0.15.2", *late))) == [f"ServingRuntime/{SKLEARN}"]


def test_a_service_that_is_not_to_be_pinned_any_more() -> None:
    made = pinning_plan(settled("0.15.2", isvc("iris"), isvc("rows")))
    away = isvc("rows", **ELSEWHERE)
    assert targets(told(made, settled("0.15.2", isvc("iris"), away))) == ["InferenceService/rows"]
    assert told(made, settled("0.15.2", isvc("iris"))) == []
