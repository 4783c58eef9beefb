"""What the README.md of a rendered folder and the warnings say of a plan."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from migrate.kserve.services import InferenceService
from migrate.objects import ref_of
from migrate.planning.change.rendering import render
from migrate.planning.model.desired import Activate
from migrate.planning.model.plan import Plan
from migrate.planning.world.snapshot import Snapshot
from migrate.report.rendered import readme, warnings
from tests.planning.clusters import IRIS, snapshot
from tests.planning.clusters import plan as planned
from tests.planning.owned import entry, tracked
from tests.planning.runtimes import IMAGE, MLSERVER, OTHER, RUNTIME, SKLEARN, model, plan, world

SET = f"sklearn={OTHER}"
RESTART = "$ kubectl rollout restart statefulset/kserve-controller-manager -n kserve"


def told(found: Snapshot, made: Plan | None = None) -> str:
    made = made or plan(found, SET)
    return readme(made, render(made, found))


def with_container(release: str = "0.15.2", meta: Any = None, **fields: Any) -> Snapshot:
    """A cluster whose runtime has these fields in its container and its metadata."""
    manifest = copy.deepcopy(SKLEARN)
    manifest["spec"]["containers"][0] |= fields
    manifest["metadata"] |= meta or {}
    originals = {RUNTIME: manifest, ref_of(MLSERVER): MLSERVER}
    return replace(world(model("iris"), release=release), originals=originals)


def test_what_changes_is_told() -> None:
    text = told(world(model("iris")))
    assert "KServe 0.15.2 in namespace kserve" in text
    assert "It edits 1 object; 1 InferenceService with new pods" in text
    assert f'    {IMAGE}\n      - "kserve/sklearnserver:v0.15.2"\n      + "{OTHER}"\n' in text


def test_a_long_plan_is_told_in_short() -> None:
    found = snapshot(*(named(f"s{n:02}") for n in range(30)))
    made = planned(found, "sklearn=x/y:v9", repin=True)
    text = told(found, made)
    assert len(made.operations) == 31
    assert "InferenceService team/s18\n" in text
    assert "InferenceService team/s19\n" not in text
    assert "\nand 11 more\n" in text
    [left] = [line for line in warnings(render(made, found)) if "team/s00" in line]
    assert "team/s19 and 10 more /spec/predictor/sklearn/runtimeVersion: " in left


def named(name: str) -> InferenceService:
    """A service like iris."""
    return structs.replace(IRIS, metadata=structs.replace(IRIS.metadata, name=name))


def test_owners_are_told_with_what_to_do() -> None:
    place = f"serving.kserve.io/ClusterServingRuntime:x/{RUNTIME.name}"
    text = told(with_container(meta=tracked(place)))
    assert "- kserve-sklearnserver: Argo CD models owns it" in text
    assert "change it in the source of Application models" in text
    assert "Nobody takes edits" not in text


@pytest.mark.parametrize(
    ("managers", "line"),
    [
        (["kubectl"], "No `--force-conflicts` is needed"),
        (["helm"], "ClusterServingRuntime kserve-sklearnserver: add `--force-conflicts`, for helm"),
        ([], "ClusterServingRuntime kserve-sklearnserver: who wrote the fields is not known here"),
    ],
)
def test_whether_to_force_is_told(managers: list[str], line: str) -> None:
    fields: Any = {"f:spec": {"f:containers": {}}}
    meta = {"managedFields": [entry(manager, "Apply", fields) for manager in managers]}
    text = told(with_container(meta=meta))
    assert line in text
    assert "2026-08-20" not in text
    assert ("add `--force" in text) == (managers != ["kubectl"])


@pytest.mark.parametrize(
    ("release", "activate", "line"),
    [
        ("0.15.2", None, RESTART),
        ("0.15.2", Activate.NONE, "each service does at a time of its own"),
        ("0.16.0", None, "reconciles every service when a runtime is edited"),
        ("0.20.0", None, "reconciles the services whose status names it when"),
        ("0.20.0", Activate.RESTART, RESTART),
    ],
)
def test_what_makes_it_act_is_told(release: str, activate: Any, line: str) -> None:
    found = world(model("iris"), release=release)
    text = told(found, plan(found, SET, activate=activate))
    assert line in text
    assert (RESTART in text) == (line == RESTART)
    assert ("Or `kmigrate apply`" in text) == (activate is not Activate.NONE)


def test_credentials_and_what_values_leave_out_are_warnings() -> None:
    variable = {"name": "AWS_SECRET_ACCESS_KEY", "value": "hunter2hunter2"}
    found = with_container(env=[variable], image="kserve/sklearnserver")
    made = plan(found, SET)
    rendering = render(made, found)
    credential, former = warnings(rendering)
    assert "AWS_SECRET_ACCESS_KEY" in credential
    assert "hunter2" not in credential
    assert former.startswith("not in rollback/helm/values.yaml: ClusterServingRuntime")
    assert "take these away again" in readme(made, rendering)


def test_a_runtime_whose_chart_has_values_needs_no_warning() -> None:
    found = world(model("iris"))
    made = plan(found, SET)
    rendering = render(made, found)
    assert warnings(rendering) == []
    assert "`helm/values.yaml` is for chart kserve-resources" in readme(made, rendering)
    assert "take these away again" not in readme(made, rendering)
