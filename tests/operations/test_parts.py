"""Lists of named items that come or go whole, while others put items into them."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET

from migrate.cluster.jsonpatch import apply
from migrate.objects import ObjectRef
from migrate.operations.classify import Standing, classify, is_met, parted, to_make
from migrate.operations.invert import invert
from migrate.operations.model import Edit, Operation, Patch
from migrate.operations.patching import apply_edits, json_patch

A, B, THEIRS = ({"name": name, "value": "1"} for name in ("A", "B", "THEIRS"))
TARGET = ObjectRef("serving.kserve.io/v1alpha1", "ClusterServingRuntime", "r")
WHOLE = Operation(TARGET, Patch((Edit("/env", UNSET, [A, B]),)), "")
BACK = invert(WHOLE)


def live(**fields: Any) -> dict[str, Any]:
    return {"metadata": {"resourceVersion": "1"}, **fields}


def made(operation: Operation, found: dict[str, Any]) -> dict[str, Any]:
    """What becomes of the object, in memory and by the JSON Patch alike."""
    assert isinstance(operation.change, Patch)
    edits = to_make(operation.change, found)
    result = apply_edits(edits, found)
    assert apply(found, json_patch(edits, found)) == result
    return result


def test_the_list_comes_and_goes_whole() -> None:
    after = made(WHOLE, live())
    assert after == live(env=[A, B])
    assert classify(WHOLE, after) is Standing.APPLIED
    assert made(BACK, after) == live()


@pytest.mark.parametrize(
    "found", [[A, B, THEIRS], [THEIRS, A, B], [A, THEIRS, B]], ids=["behind", "before", "between"]
)
def test_what_others_added_stays(found: list[Any]) -> None:
    assert classify(WHOLE, live(env=found)) is Standing.APPLIED
    assert classify(BACK, live(env=found)) is Standing.PENDING
    assert made(BACK, live(env=found)) == live(env=[THEIRS])


def test_others_were_faster() -> None:
    assert classify(WHOLE, live(env=[THEIRS])) is Standing.PENDING
    assert made(WHOLE, live(env=[THEIRS])) == live(env=[THEIRS, A, B])


def test_an_item_that_others_changed_stays() -> None:
    changed = {"name": "A", "value": "2"}
    assert classify(BACK, live(env=[changed, B])) is Standing.DRIFTED
    assert made(BACK, live(env=[changed, B])) == live(env=[changed])


@pytest.mark.parametrize(
    "edit",
    [
        Edit("/args", UNSET, ["--a"]),
        Edit("/env", [A], [B]),
        Edit("/env", UNSET, [A, "text"]),
    ],
    ids=["texts", "one list for another", "no names"],
)
def test_other_edits_are_not_taken_apart(edit: Edit) -> None:
    found = live(args=["--a", "--b"], env=[A, THEIRS])
    assert parted(Patch((edit,)), found) == Patch((edit,))
    assert classify(Operation(TARGET, Patch((edit,)), ""), found) is Standing.DRIFTED


def test_items_go_in_any_order() -> None:
    """An inverse takes them out in the order opposite to that of a plan."""
    edits = (Edit("/env/name=A", A, UNSET), Edit("/env/name=B", B, UNSET))
    for order in (edits, edits[::-1]):
        operation = Operation(TARGET, Patch(order), "")
        assert made(operation, live(env=[A, THEIRS, B])) == live(env=[THEIRS])


def test_what_is_awaited_to_be_gone() -> None:
    assert is_met(UNSET, None)
    assert not is_met("", None)
    assert not is_met(UNSET, "")
    assert is_met("True", "True")
