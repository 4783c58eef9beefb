"""What a rollback to a checkpoint writes, in which order, and what it waits for."""

from __future__ import annotations

import pytest

from migrate.objects import ObjectRef
from migrate.operations.model import Holds, Restart, RolledOut
from tests.commands import moving
from tests.commands.reconciling import reconcile
from tests.commands.restoring import RUNTIMES, gone, runtime
from tests.planning.copies import OVER
from tests.planning.restoring import (
    IMAGE,
    NEWER,
    READY,
    checkpoint,
    cluster,
    codes,
    copy,
    image,
    planned,
    service_ref,
    steps,
)


@pytest.mark.parametrize("release", ["0.9.0", "0.16.0", "0.20.0"])
def test_copies_go_after_all_else_is_in_place(release: str) -> None:
    """Who falls from a copy, or is woken by an edit, gets its former image at once."""
    found = cluster(release)
    known = checkpoint(found)
    config = ObjectRef("v1", "ConfigMap", "inferenceservice-config", "kserve")
    found.patch(config, {"data": {"more": "1"}})
    image(found, "x/stock:1")
    copy(found, "x/copied:1")
    gone(found, ObjectRef(RUNTIMES, "ClusterServingRuntime", "kserve-xgbserver"))
    if release == "0.9.0":
        found.create(runtime(NEWER, "kserve/huggingfaceserver:v1"))
    newer = ["ClusterServingRuntime kserve-huggingfaceserver"] * (release == "0.9.0")
    made = planned(found, known)
    assert steps(made, "apply") == [
        "Patch ConfigMap inferenceservice-config",
        *(f"Delete {name}" for name in newer),
        "Create ClusterServingRuntime kserve-xgbserver",
        "Patch ClusterServingRuntime kserve-sklearnserver",
        "Delete ServingRuntime kserve-sklearnserver",
    ]
    assert steps(made, "rollback") == [
        "Patch ConfigMap inferenceservice-config",
        "Create ClusterServingRuntime kserve-xgbserver",
        *(f"Delete {name}" for name in newer),
        "Delete ServingRuntime kserve-sklearnserver",
        "Patch ClusterServingRuntime kserve-sklearnserver",
    ]
    assert [type(act) for act in made.activations] == [Restart]


def test_the_former_images_and_ready_are_awaited() -> None:
    found = cluster()
    known = checkpoint(found)
    image(found, "x/stock:1")
    reconcile(found)
    made = planned(found, known)
    [stage] = made.apply
    moved = {"iris", "rows", "far"}
    images = {
        one.owner.name
        for one in stage.conditions
        if isinstance(one, Holds) and one.path.endswith("/image") and one.value == OVER
    }
    ready = {o.target.name for o in stage.conditions if isinstance(o, Holds) and o.path == READY}
    assert (images, ready) == (moved, moved | {"both"})
    rolled = {one.target.name for one in stage.conditions if isinstance(one, RolledOut)}
    assert "kserve-controller-manager" in rolled
    assert {row.service.name: row.former for row in made.forecast} == {
        **dict.fromkeys(moved, OVER),
        "both": next(r.now for r in made.forecast if r.service.name == "both"),
    }


def test_a_workload_without_an_image_is_awaited() -> None:
    """0.10 writes none for the framework form: then nothing is seen of what runs."""
    found = cluster()
    known = checkpoint(found)
    workload = next(one.workload for one in known.meanings if one.service.name == "iris")
    assert workload is not None
    spec = found.get(workload)["spec"]
    del spec["template"]["spec"]["containers"][0]["image"]
    found.patch(workload, {"spec": None})
    found.patch(workload, {"spec": spec})
    made = planned(found, known)
    assert not made.operations
    [stage] = made.apply
    assert Holds(workload, IMAGE, OVER, service_ref("iris")) in stage.conditions
    assert [type(act) for act in made.activations] == [Restart]


def test_where_nothing_differs_there_is_nothing_to_do() -> None:
    found = cluster()
    made = planned(found, checkpoint(found))
    assert not made.has_work
    assert not [code for code in codes(made) if code.startswith("KM3")]


def test_who_was_without_a_workload_is_no_reason_to_restart() -> None:
    found = moving.cluster("0.15.2")
    made = planned(found, checkpoint(found))
    assert not made.has_work


def test_own_copies_of_the_checkpoint_come_back() -> None:
    found = cluster()
    ref, far = copy(found, "x/then:1"), copy(found, "x/then:1", "other")
    reconcile(found)
    known = checkpoint(found)
    image(found, "x/since:1", ref)
    gone(found, far)
    reconcile(found)
    made = planned(found, known)
    assert steps(made, "apply") == [
        "Create ServingRuntime kserve-sklearnserver",
        "Patch ServingRuntime kserve-sklearnserver",
    ]
    assert {row.service.name: row.after_plan for row in made.forecast}["far"] == "x/then:1"
    for one in list(found.list("serving.kserve.io/v1beta1", "InferenceService", dict)):
        if one["metadata"]["namespace"] == "other":
            gone(found, ObjectRef(one["apiVersion"], one["kind"], "far", "other"))
    made = planned(found, known)
    assert steps(made, "apply") == ["Patch ServingRuntime kserve-sklearnserver"]
    assert sorted(codes(made)["KM309"]) == ["far", "kserve-sklearnserver"]
