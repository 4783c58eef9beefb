"""Operations as data: what cannot be built, inverses, standing, patches."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET

from migrate.objects import ObjectRef
from migrate.operations.classify import Standing, classify, contains, standing_of
from migrate.operations.invert import invert
from migrate.operations.model import Create, Delete, Edit, Operation, Patch
from migrate.operations.patching import apply_edits, json_patch

REF = ObjectRef("v1", "ConfigMap", "config", "kserve")
TEXT = '{"sklearn":  {"v1": {"image": "a\\/b",\r\n "n": "é"}}}'


def live(**data: Any) -> dict[str, Any]:
    meta = {"name": "config", "namespace": "kserve", "resourceVersion": "7"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def operation(*edits: Edit) -> Operation:
    return Operation(REF, Patch(edits), "why")


LEAF = Edit("/data/p", '"a/b"', '"c"', "/sklearn/v1/image")
ADDED = Edit("/data/p", UNSET, '"t"', "/sklearn/v1/tag")


def test_an_edit_that_changes_nothing_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="must change something"):
        Edit("/data/p", "x", "x")


def test_a_patch_without_edits_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Patch(())


@pytest.mark.parametrize(
    "change", [Create({"kind": "X"}), Delete({"kind": "X"}), Patch((LEAF, ADDED))]
)
def test_the_inverse_of_the_inverse_is_the_operation(change: Create | Delete | Patch) -> None:
    op = Operation(REF, change, "why")
    assert invert(op) != op
    assert invert(invert(op)) == op


@pytest.mark.parametrize(
    ("manifest", "standing"),
    [
        (live(p=TEXT), Standing.PENDING),
        (live(p='{"sklearn":{"v1":{"image":"c"}}}'), Standing.APPLIED),
        (live(p='{"sklearn":{"v1":{"image":"somebody"}}}'), Standing.DRIFTED),
        (live(p='{"sklearn":{}}'), Standing.DRIFTED),
        (live(p="{"), Standing.DRIFTED),
        (live(p='{"sklearn":{},"sklearn":{}}'), Standing.DRIFTED),
        (live(p=7), Standing.DRIFTED),
        (live(), Standing.DRIFTED),
        (None, Standing.DRIFTED),
    ],
)
def test_standing_of_a_leaf(manifest: dict[str, Any] | None, standing: Standing) -> None:
    assert standing_of(LEAF, manifest) is standing


def test_standing_is_judged_by_value_not_by_spelling() -> None:
    assert standing_of(LEAF, live(p='{"sklearn":{"v1":{"image":"\\u0063"}}}')) is Standing.APPLIED


def test_one_pending_edit_makes_the_operation_pending() -> None:
    assert classify(operation(LEAF, ADDED), live(p=TEXT.replace("a\\/b", "c"))) is Standing.PENDING


def test_one_drifted_edit_makes_the_operation_drifted() -> None:
    somebody = live(p='{"sklearn":{"v1":{"image":"x","tag":"t"}}}')
    assert classify(operation(LEAF, ADDED), somebody) is Standing.DRIFTED


@pytest.mark.parametrize(
    ("change", "manifest", "standing"),
    [
        (Create(live(a="1")), None, Standing.PENDING),
        (Create(live(a="1")), live(a="1", b="2"), Standing.APPLIED),
        (Create(live(a="1")), live(a="2"), Standing.DRIFTED),
        (Delete(live(a="1")), None, Standing.APPLIED),
        (Delete(live(a="1")), live(a="1"), Standing.PENDING),
        (Delete(live(a="1")), live(a="2"), Standing.DRIFTED),
    ],
)
def test_standing_of_whole_objects(
    change: Create | Delete, manifest: dict[str, Any] | None, standing: Standing
) -> None:
    assert classify(Operation(REF, change, ""), manifest) is standing


def test_containing_ignores_defaults_but_not_missing_items() -> None:
    assert contains({"a": [{"b": 1, "c": 2}]}, {"a": [{"b": 1}]})
    assert not contains({"a": [{"b": 1}, {}]}, {"a": [{"b": 1}]})
    assert not contains([], {"a": 1})


def test_edits_of_one_text_are_one_guarded_replacement() -> None:
    patch = json_patch((LEAF, ADDED), live(p=TEXT, ingress="x"))
    assert patch == [
        {"op": "test", "path": "/data/p", "value": TEXT},
        {
            "op": "replace",
            "path": "/data/p",
            "value": '{"sklearn":  {"v1": {"image": "c",\r\n "n": "é", "tag": "t"}}}',
        },
    ]


def test_an_addition_is_guarded_by_the_resource_version() -> None:
    assert json_patch((Edit("/data/new", UNSET, "x"),), live()) == [
        {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
        {"op": "add", "path": "/data/new", "value": "x"},
    ]


def test_a_removal_is_guarded_by_the_old_value() -> None:
    assert json_patch((Edit("/data/old", "x", UNSET),), live(old="x")) == [
        {"op": "test", "path": "/data/old", "value": "x"},
        {"op": "remove", "path": "/data/old"},
    ]


def test_null_is_a_value_and_not_an_absence() -> None:
    edit = Edit("/data/n", None, "x")
    assert standing_of(edit, live(n=None)) is Standing.PENDING
    assert standing_of(edit, live()) is Standing.DRIFTED


def test_edits_made_in_memory_leave_the_manifest_alone_and_can_be_taken_back() -> None:
    before = live(p=TEXT, gone="g")
    op = operation(LEAF, ADDED, Edit("/data/gone", "g", UNSET), Edit("/data/new", UNSET, "n"))
    assert isinstance(op.change, Patch)
    after = apply_edits(op.change.edits, before)
    assert before == live(p=TEXT, gone="g")
    assert classify(op, after) is Standing.APPLIED
    back = invert(op).change
    assert isinstance(back, Patch)
    # The spelling of the leaf is that of the plan: the planner takes it from the live text.
    assert apply_edits(back.edits, after) == live(p=TEXT.replace("a\\/b", "a/b"), gone="g")


def runtime(*env: str) -> dict[str, Any]:
    served = {"name": "kserve-container", "image": "a:1", "env": [{"name": e} for e in env]}
    meta = {"name": "r", "resourceVersion": "7"}
    containers = [{"name": "transformer-container", "image": "t"}, served]
    return {"kind": "X", "metadata": meta, "spec": {"containers": containers}}


SERVED = "/spec/containers/name=kserve-container"
IMAGE = Edit(f"{SERVED}/image", "a:1", "b:2")
VARIABLE = Edit(f"{SERVED}/env/name=P", UNSET, {"name": "P", "value": "1"})
NAMED = {"op": "test", "path": "/spec/containers/1/name", "value": "kserve-container"}


def test_an_item_is_counted_where_it_is_written_and_tested_by_its_name() -> None:
    assert json_patch([IMAGE], runtime()) == [
        NAMED,
        {"op": "test", "path": "/spec/containers/1/image", "value": "a:1"},
        {"op": "replace", "path": "/spec/containers/1/image", "value": "b:2"},
    ]


def test_an_item_that_is_not_there_goes_behind_the_others() -> None:
    [version, *ops] = json_patch([VARIABLE], runtime("A"))
    assert version == {"op": "test", "path": "/metadata/resourceVersion", "value": "7"}
    path = "/spec/containers/1/env/-"
    assert ops == [NAMED, {"op": "add", "path": path, "value": VARIABLE.after}]


def test_items_are_taken_out_from_behind() -> None:
    gone = [Edit(f"{SERVED}/env/name={e}", {"name": e}, UNSET) for e in ("A", "B")]
    ops = json_patch(gone, runtime("A", "B", "C"))
    removed = [op["path"] for op in ops if op["op"] == "remove"]
    assert removed == ["/spec/containers/1/env/1", "/spec/containers/1/env/0"]
    assert apply_edits(gone, runtime("A", "B", "C")) == runtime("C")


def test_edits_of_items_in_memory() -> None:
    after = apply_edits([IMAGE, VARIABLE], runtime("A"))
    served = after["spec"]["containers"][1]
    assert served["image"] == "b:2"
    assert served["env"] == [{"name": "A"}, {"name": "P", "value": "1"}]
    assert apply_edits([Edit(f"{SERVED}/env/name=Z", {"name": "Z"}, UNSET)], runtime()) == runtime()
