"""Patches for kustomize; what kustomize makes of them is tried in tests/real/test_render.py."""

from __future__ import annotations

import copy
from typing import Any

from migrate.objects import Manifest
from migrate.operations.model import Edit
from migrate.operations.patching import apply_edits
from migrate.planning.change.kustomize import component, json_patch
from tests.planning.owned import runtime
from tests.planning.runtimes import RUNTIME

AT = "/spec/containers/name=kserve-container"
NAMED = {"op": "test", "path": "/spec/containers/1/name", "value": "kserve-container"}


def patch(*edits: Edit, base: Manifest | None = None) -> Any:
    base = base or runtime()
    return json_patch([edit.path for edit in edits], base, apply_edits(edits, base))


def test_a_field_is_named_alone_behind_a_test_of_its_container() -> None:
    found = patch(Edit(f"{AT}/image", "x", "y"), Edit(f"{AT}/args", [], ["--a=1"]))
    assert found == [
        NAMED,
        {"op": "replace", "path": "/spec/containers/1/image", "value": "y"},
        {"op": "replace", "path": "/spec/containers/1/args", "value": ["--a=1"]},
    ]


def test_what_was_not_there_is_added() -> None:
    env = [{"name": "A", "value": "1"}]
    assert patch(Edit(f"{AT}/env", after=env))[1:] == [
        {"op": "add", "path": "/spec/containers/1/env", "value": env}
    ]


def test_items_are_taken_out_last_and_from_behind() -> None:
    base = runtime()
    base["spec"]["containers"][1]["env"] = [{"name": n, "value": "1"} for n in "ABC"]
    goal = _without(base, "A", "C")
    goal["spec"]["containers"][1]["image"] = "y"
    paths = [f"{AT}/env/name=A", f"{AT}/env/name=C", f"{AT}/image"]
    ops = json_patch(paths, base, goal)
    assert [(op["op"], op["path"].removeprefix("/spec/containers/1/")) for op in ops] == [
        ("test", "name"),
        ("test", "env/0/name"),
        ("test", "env/2/name"),
        ("replace", "image"),
        ("remove", "env/2"),
        ("remove", "env/0"),
    ]


def _without(base: Manifest, *names: str) -> Manifest:
    goal = copy.deepcopy(base)
    container = goal["spec"]["containers"][1]
    container["env"] = [item for item in container["env"] if item["name"] not in names]
    return goal


def test_on_the_way_back_a_field_that_was_not_there_is_not_spoken_of() -> None:
    base = runtime()
    assert json_patch([f"{AT}/env"], base, base) == []


def test_a_json_patch_has_a_target_and_a_patch_that_fails_without_it() -> None:
    found = component({"a.yaml": (RUNTIME, [NAMED]), "b.yaml": (RUNTIME, {"kind": "X"})})
    with_target, identity, merge = found["patches"]
    group, version = RUNTIME.api_version.split("/")
    assert with_target == {
        "path": "a.yaml",
        "target": {"group": group, "version": version, "kind": RUNTIME.kind, "name": RUNTIME.name},
    }
    assert RUNTIME.name in identity["patch"]
    assert merge == {"path": "b.yaml"}
