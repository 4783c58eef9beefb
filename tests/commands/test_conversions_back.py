"""Conversions that are stopped, gone on with, done once more, and taken back as far as can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec
import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.cluster.port import JsonPatch
from migrate.commands.access import needs
from migrate.commands.runs import stands_applied
from migrate.commands.target import Target
from migrate.errors import KmigrateError
from migrate.operations.model import Convert, Direction, Patch, Wave
from migrate.planning.model.desired import Selection
from migrate.planning.world.copies import copy_ref
from tests.commands.admitting import (
    FAR,
    MLSERVER,
    SKLEARN,
    Admitting,
    forms,
    kept,
    objects,
    planned,
    state,
    two,
)
from tests.commands.moving import SOURCE, apply, back_of, runtimes
from tests.commands.snapshots import run
from tests.execute.flaky import Fault, FlakyCluster, KilledError
from tests.execute.test_engine import go
from tests.planning.converting import old
from tests.planning.copies import isvc


@pytest.mark.parametrize("fault", [Fault.KILLED_BEFORE, Fault.KILLED_AFTER, Fault.ANSWER_LOST])
def test_stopped_at_any_write_it_goes_on_to_the_same_end(fault: Fault) -> None:
    waves = planned(two()).waves(Direction.APPLY)
    whole = Wave(
        tuple(operation for wave in waves for operation in wave.operations),
        tuple(act for wave in waves for act in wave.activations),
    )
    counted = FlakyCluster(two())
    go(counted, "apply", whole)
    assert counted.writes > len(whole.operations) + len(whole.activations)
    for at in range(1, counted.writes + 1):
        found = two()
        with suppress(KilledError, KmigrateError):
            go(FlakyCluster(found, at, fault), "apply", whole)
        go(found, "apply", whole)
        assert forms(found) == {"far": "model", "iris": "model"}
        assert len(runtimes(found)) == len(whole.operations)


def test_applied_twice_it_is_done_once() -> None:
    found = two()
    made = planned(found)
    assert apply(found, made).whole
    assert forms(found) == {"far": "model", "iris": "model"}
    assert runtimes(found) == ["other/kserve-sklearnserver", "team/kserve-sklearnserver"]
    assert stands_applied(found, made)
    assert not planned(found).has_work


def test_copies_that_are_there_do_not_stand_for_services_that_are_not_converted() -> None:
    found = two()
    made = planned(found)
    for operation in made.operations:
        found.create(operation.change.manifest)  # type: ignore[union-attr]
    assert not stands_applied(found, made)


@pytest.fixture
def go_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[MemoryCluster], str]:
    """Run the command, and return what it says and the state that it leaves."""

    def rolled_back(found: MemoryCluster) -> str:
        monkeypatch.setattr(Target, "open", lambda *_: found)
        code, _, said = run(capsys, "rollback", "--yes")
        assert code == 0, said
        return state(found)

    return rolled_back


GoBack = Callable[[MemoryCluster], str]


def test_after_a_rollback_the_copies_stay_that_services_need(go_back: GoBack) -> None:
    found = two()
    apply(found, planned(found))
    assert go_back(found) == "rolled back in part"
    assert forms(found) == {"far": "model", "iris": "model"}
    assert runtimes(found) == ["other/kserve-sklearnserver", "team/kserve-sklearnserver"]
    assert kept(back_of(found)[1]) == [
        "InferenceService other/far",
        "InferenceService team/iris",
        "ServingRuntime other/kserve-sklearnserver",
        "ServingRuntime team/kserve-sklearnserver",
    ]


def test_of_one_namespace_nobody_else_is_told() -> None:
    found = two()
    apply(found, planned(found))
    assert kept(back_of(found, -1, "team")[1]) == [
        "InferenceService team/iris",
        "ServingRuntime team/kserve-sklearnserver",
    ]


def test_a_copy_goes_when_the_cluster_gives_the_same_image(go_back: GoBack) -> None:
    found = two()
    apply(found, planned(found))
    found.patch(SOURCE, image(f"{SKLEARN}:latest"))
    assert go_back(found) == "rolled back"
    assert runtimes(found) == []


def test_a_copy_stays_where_the_cluster_gives_the_image_and_other_pods(go_back: GoBack) -> None:
    found = two()
    apply(found, planned(found))
    more = {"op": "add", "path": "/spec/containers/0/env", "value": [{"name": "A", "value": "b"}]}
    found.patch(SOURCE, [*image(f"{SKLEARN}:latest"), more])
    assert go_back(found) == "rolled back in part"
    assert runtimes(found) == ["other/kserve-sklearnserver", "team/kserve-sklearnserver"]


def image(name: str) -> JsonPatch:
    return [{"op": "replace", "path": "/spec/containers/0/image", "value": name}]


def test_a_run_that_stopped_before_a_conversion_leaves_no_copy_there(go_back: GoBack) -> None:
    found = two()
    apply(found, planned(found))
    predictor = {"model": None, "sklearn": {"runtimeVersion": "v0.7.0", "storageUri": "gs://m/x"}}
    MemoryCluster.patch(found, FAR, {"spec": {"predictor": predictor}})
    assert "InferenceService other/far" not in kept(back_of(found)[1])
    assert go_back(found) == "rolled back in part"
    assert runtimes(found) == ["team/kserve-sklearnserver"]


def test_a_copy_that_keeps_others_in_place_stays_with_the_one_that_would_take_them(
    go_back: GoBack,
) -> None:
    found = Admitting(
        objects(old("two", protocolVersion="v2"), isvc("new"), sklearn_v2=MLSERVER),
    )
    apply(found, planned(found))
    both = ["team/kserve-mlserver", "team/kserve-sklearnserver"]
    assert runtimes(found) == both
    go_back(found)
    assert runtimes(found) == both


def test_a_copy_of_an_earlier_run_keeps_the_image_that_it_was_given(go_back: GoBack) -> None:
    found = Admitting(objects(isvc("new", protocolVersion="v1"), old("iris"), sklearn_v1=SKLEARN))
    found.patch(SOURCE, image("registry.example.com/first/sklearnserver:v1"))
    apply(found, planned(found, convert=False))
    new = msgspec.structs.replace(FAR, name="new", namespace="team")
    meta = found.patch(new, {"metadata": {"finalizers": None}})["metadata"]
    found.delete(new, uid=meta["uid"], resource_version=meta["resourceVersion"])
    made = planned(found)
    assert [type(operation.change) for operation in made.operations] == [Patch]
    apply(found, made)
    assert go_back(found) == "rolled back in part"
    live = found.get(copy_ref("kserve-sklearnserver", "team"))
    assert live["spec"]["containers"][0]["image"] == f"{SKLEARN}:latest"


def test_a_later_plan_converts_who_was_left_out() -> None:
    found = Admitting(objects(old("iris"), old("wine"), sklearn_v1=SKLEARN))
    apply(found, planned(found, selection=Selection(exclude=("team/wine",))))
    assert forms(found) == {"iris": "model", "wine": "sklearn"}
    made = planned(found)
    assert made.operations == ()
    assert apply(found, made).whole
    assert forms(found) == {"iris": "model", "wine": "model"}


def test_what_it_may_do_is_in_the_role_for_both_directions() -> None:
    made = planned(two())

    def asked(direction: Direction) -> set[tuple[str, str]]:
        found = needs("kserve", made.waves(direction))
        return {(one.verb, one.subresource) for one in found if one.plural == "inferenceservices"}

    assert asked(Direction.APPLY) == {("get", ""), ("patch", ""), ("patch", "status")}
    assert ("patch", "") not in asked(Direction.ROLLBACK)
    assert not converts(made.waves(Direction.ROLLBACK))


def converts(waves: Sequence[object]) -> list[Convert]:
    acts = (act for wave in waves for act in wave.activations)  # type: ignore[attr-defined]
    return [act for act in acts if isinstance(act, Convert)]
