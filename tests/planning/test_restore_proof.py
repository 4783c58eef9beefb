"""How a rollback to a checkpoint is proven: the configuration, edits of runtimes, services."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET

from migrate.objects import Manifest, ObjectRef
from migrate.operations.model import Direction
from migrate.operations.patching import apply_edits
from migrate.planning.change.proof import prove_objects
from migrate.planning.former.restoreproof import prove_former
from migrate.planning.former.restorewrites import edits_between
from migrate.planning.model.plan import Forecast, Outlook
from tests.planning.restoring import (
    checkpoint,
    cluster,
    planned,
    service_ref,
)


def test_every_key_of_the_configuration_is_proven() -> None:
    found = cluster()
    known = checkpoint(found)
    config = ObjectRef("v1", "ConfigMap", "inferenceservice-config", "kserve")
    found.patch(config, {"data": {"more": "1"}})
    made = planned(found, known)
    live = known.config
    [proven] = prove_objects(made, Direction.APPLY, {config: live})
    assert (proven.holds, f"all {len(live['data'])} keys" in proven.text) == (True, True)
    [proven] = prove_objects(made, Direction.APPLY, {config: found.get(config)})
    assert (proven.holds, "/data/more: expected (none)" in proven.text) == (False, True)
    meddled = {**live, "data": {**live["data"], "deploy": "{}"}}
    [proven] = prove_objects(made, Direction.APPLY, {config: meddled})
    assert (proven.holds, "/data/deploy: not as" in proven.text) == (False, True)


@pytest.mark.parametrize(
    ("before", "after", "paths"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ["/a/b"]),
        ({"a": 1}, {"b": 1}, ["/a", "/b"]),
        ({"a": {}}, {"a": []}, ["/a"]),
        ([{"name": "x", "v": 1}], [{"name": "x", "v": 2}], ["/name=x/v"]),
        ([{"name": "x"}], [{"name": "y"}], [""]),
        ([{"name": "x"}, {"name": "x", "v": 1}], [{"name": "x"}, {"name": "x"}], [""]),
        ([{"name": "x"}, 1], [{"name": "x"}, 2], [""]),
    ],
)
def test_edits_go_as_deep_as_both_are_alike(before: Any, after: Any, paths: list[str]) -> None:
    wrapped: tuple[Manifest, Manifest] = ({"at": before}, {"at": after})
    edits = tuple(edits_between(*wrapped))
    assert [edit.path for edit in edits] == [f"/at{path}" for path in paths]
    assert apply_edits(edits, wrapped[0]) == wrapped[1]


def test_a_service_is_held_against_the_checkpoint() -> None:
    workload = ObjectRef("apps/v1", "Deployment", "iris-predictor", "team")

    def row(**fields: Any) -> Forecast:
        told = {"now": "a", "after_plan": "b", "former": "b", "workload": workload, **fields}
        return Forecast(service_ref("iris"), "model", Outlook.CHANGES, "", **told)

    def proven(one: Forecast, images: dict[ObjectRef, str]) -> list[bool]:
        return [r.holds for r in prove_former([one], images)]

    assert proven(row(), {workload: "b"}) == [True]
    assert proven(row(), {workload: "a"}) == [False]
    assert proven(row(), {}) == [False]
    assert proven(row(now=None), {}) == []
    assert proven(row(now=None, after_plan="c"), {}) == [False]
    assert proven(row(former=UNSET), {workload: "z"}) == []
