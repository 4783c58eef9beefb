"""A reset of the global setting: whom it would move, and the way back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from migrate.kserve.config import Config
from migrate.kserve.running import Running, written_of
from migrate.kserve.services import InferenceService
from migrate.objects import Manifest
from migrate.operations.model import Wake
from migrate.operations.patching import apply_edits
from migrate.planning.back.rollback import plan_rollback
from migrate.planning.change.staleness import differences
from migrate.planning.model.desired import Activate
from migrate.planning.model.plan import Outlook
from migrate.planning.world.forecast import World, configured
from migrate.planning.world.snapshot import Snapshot
from tests.planning.clusters import codes, plan, service, workload
from tests.planning.installed import (
    MULTINODE,
    SKLEARN,
    carried_out,
    cluster,
    container,
    copied,
    edited,
    predictors,
    reset,
    runtime_ref,
    runtimes,
)
from tests.planning.runtimes import model

RELEASES = ["0.9.0", "0.11.2", "0.15.2", "0.16.0", "0.20.0"]


@pytest.mark.parametrize("release", RELEASES)
def test_who_still_uses_it_blocks_and_who_has_a_copy_does_not(release: str) -> None:
    whole = edited(release)
    own = (copied(whole[SKLEARN], "team"),)
    uses = service("iris", model={"modelFormat": {"name": "sklearn"}})
    made = reset(cluster(uses, release=release, whole=whole))
    assert codes(made)["KM260"] == ["iris"]
    assert made.blocking
    kept = reset(cluster(uses, release=release, whole=whole, own=own))
    assert "KM260" not in codes(kept)
    assert not kept.blocking
    assert kept.has_work
    assert kept.forecast[0].outlook is Outlook.UNCHANGED


@pytest.mark.parametrize(
    ("release", "predictor", "way"),
    [
        ("0.7.0", {"sklearn": {"runtimeVersion": "v1"}}, "spec.predictor.FORMAT.image"),
        ("0.9.0", {"sklearn": {"runtimeVersion": "v1"}}, "kmigrate plan --to-runtimes --convert"),
        ("0.9.0", {"model": {"modelFormat": {"name": "sklearn"}}}, "kmigrate plan --to-runtimes"),
        ("0.20.0", {"model": {"modelFormat": {"name": "sklearn"}}}, "kmigrate plan --to-runtimes"),
    ],
)
def test_what_to_do_about_who_still_uses_it(
    release: str, predictor: dict[str, Any], way: str
) -> None:
    said = predictors(release)
    if said:
        said["sklearn"]["v1"]["image"] = "x/sk"
    whole = edited(release) if release != "0.7.0" else {}
    found = cluster(service("iris", **predictor), release=release, whole=whole, said=said or None)
    fixes = [one.fix for one in reset(found).findings if one.code == "KM260"]
    assert [fix.endswith(f": {way}") for fix in fixes] == [True], fixes


def test_nobody_is_woken_and_nothing_restarted_unless_asked() -> None:
    whole = edited("0.20.0")
    found = cluster(
        model("iris"), release="0.20.0", whole=whole, own=(copied(whole[SKLEARN], "team"),)
    )
    for how in (None, Activate.NONE):
        assert [stage.activations for stage in reset(found, activate=how).apply] == [()]
    made = reset(found, activate=Activate.RESTART)
    assert [act.target for stage in made.apply for act in stage.activations] == list(
        found.controllers
    )
    used = cluster(model("iris"), release="0.20.0", whole=whole)
    woken = [act for s in reset(used, accept=("KM260",)).apply for act in s.activations]
    assert [type(act) for act in woken] == [Wake]


def test_who_runs_stock_already_does_not_block() -> None:
    found = cluster(model("asleep"), model("uses"), release="0.9.0", whole=edited("0.9.0"))
    stock = World(config_of(cluster(release="0.9.0")), found.services).resolved
    pods = {name: stock[ref] for ref in found.services for name in (ref.name,)}
    runs = {
        workload(name): Running(one.image or "", written_of(one.pod.container))
        for name, one in pods.items()
        if one.pod and name == "asleep"
    }
    made = reset(replace(found, workloads=runs))
    assert {row.service.name: row.outlook for row in made.forecast} == {
        "asleep": Outlook.RUNS_ALREADY,
        "uses": Outlook.CHANGES,
    }
    assert codes(made)["KM260"] == ["uses"]
    alone = cluster(model("asleep"), release="0.9.0", whole=edited("0.9.0"))
    made = reset(replace(alone, workloads=runs))
    assert made.has_work
    assert not any(stage.activations for stage in made.apply)


def config_of(found: Snapshot) -> Config:
    assert found.rules is not None
    return configured(found, found.rules).config


def test_who_changes_anyway_is_told_and_does_not_block() -> None:
    whole = edited("0.9.0")
    own = (copied(whole[SKLEARN], "team"),)
    found = cluster(model("b"), release="0.9.0", whole=whole, own=own, images={"b": "x/sk:1"})
    made = reset(found)
    assert codes(made)["KM202"] == ["b"]
    assert not made.blocking


@pytest.mark.parametrize(
    "annotation",
    ["serving.kserve.io/disable-auto-update", "serving.kserve.io/stop"],
)
def test_who_is_held_back_for_now_blocks_as_well(annotation: str) -> None:
    held = like(
        metadata={"annotations": {annotation: "true"}},
        status={"conditions": [{"type": "Ready", "status": "True"}]},
    )
    made = reset(cluster(held, release="0.20.0", whole=edited("0.20.0")))
    assert made.forecast[0].outlook is Outlook.NOT_AFFECTED
    assert codes(made)["KM260"] == ["iris"]
    going = like(metadata={"annotations": {annotation: "true"}, "deletionTimestamp": "2026-01-01"})
    assert "KM260" not in codes(reset(cluster(going, release="0.20.0", whole=edited("0.20.0"))))


def like(**parts: Any) -> InferenceService:
    """A service of sklearn with other metadata, spec or status."""
    meta = {"name": "iris", "namespace": "team", **parts.get("metadata", {})}
    spec = {"predictor": {"model": {"modelFormat": {"name": "sklearn"}}}, **parts.get("spec", {})}
    whole = {"metadata": meta, "spec": spec, "status": parts.get("status", {})}
    return msgspec.convert(whole, InferenceService)


def test_of_whom_nothing_can_be_told_blocks_where_something_is_written() -> None:
    twice = service("twice", sklearn={}, xgboost={})
    assert codes(reset(cluster(twice, release="0.20.0", whole=edited("0.20.0"))))["KM260"]
    assert "KM260" not in codes(reset(cluster(twice, release="0.20.0")))


def test_modelmesh_is_left_alone() -> None:
    whole = runtimes("0.11.2", "chart")
    container(whole["mlserver-1.x"])["image"] = "x/mesh:1"
    assert not reset(cluster(release="0.11.2", whole=whole)).operations
    mode = {"serving.kserve.io/deploymentMode": "ModelMesh"}
    meshed = like(metadata={"annotations": mode})
    assert "KM260" not in codes(reset(cluster(meshed, release="0.11.2", whole=edited("0.11.2"))))


def test_other_plans_have_none_of_these_findings() -> None:
    made = plan(cluster(model("iris"), release="0.15.2"), "sklearn=x:1")
    assert made.forecast[0].outlook is Outlook.CHANGES
    assert not {"KM260", "KM261", "KM262", "KM263"} & codes(made).keys()


def test_a_copy_is_no_warning_in_a_reset() -> None:
    own = (copied(runtimes("0.15.2")[SKLEARN]),)
    found = cluster(model("iris"), release="0.15.2", whole=edited("0.15.2"), own=own)
    assert "KM210" not in codes(reset(found, "sklearn=x:1"))


MANY = {"deploymentMode": "Standard", "autoscalerClass": "none"}


def test_workers_alone_block() -> None:
    whole = runtimes("0.20.0")
    whole[MULTINODE]["spec"]["workerSpec"]["containers"][0]["image"] = "x/hf:1-gpu"
    model_ = {"modelFormat": {"name": "huggingface"}, "storageUri": "pvc://m/x"}
    meta = {f"serving.kserve.io/{key}": word for key, word in MANY.items()}
    predictor = {"model": model_, "workerSpec": {}}
    many = like(metadata={"annotations": meta}, spec={"predictor": predictor})
    made = reset(cluster(many, release="0.20.0", whole=whole))
    assert [op.target for op in made.operations] == [runtime_ref(MULTINODE)]
    assert made.forecast[0].outlook is not Outlook.CHANGES
    assert codes(made)["KM260"] == ["iris"]


def test_a_canary_alone_blocks() -> None:
    canary = {"name": "next", "model": {"runtime": SKLEARN}}
    found = like(
        metadata={"annotations": {"serving.kserve.io/deploymentMode": "Standard"}},
        spec={
            "predictor": {"name": "stable", "model": {"modelFormat": {"name": "xgboost"}}},
            "canary": [{"trafficPercent": 5, "predictor": {**canary}}],
        },
    )
    whole = edited("0.20.0")
    whole[SKLEARN]["spec"]["supportedModelFormats"].append({"name": "xgboost", "version": "1"})
    made = reset(cluster(found, release="0.20.0", whole=whole))
    assert made.forecast[0].outlook is not Outlook.CHANGES
    assert codes(made)["KM260"] == ["iris"]


def test_who_came_since_makes_the_plan_stale() -> None:
    whole = edited("0.15.2")
    made = reset(cluster(release="0.15.2", whole=whole))
    assert not made.blocking
    late = reset(cluster(model("late"), release="0.15.2", whole=whole))
    told = differences(made, late, lambda _: None)
    assert {one.target.name for one in told} == {"late"}
    copies = (copied(whole[SKLEARN], "team"),)
    fine = reset(cluster(model("late"), release="0.15.2", whole=whole, own=copies))
    assert not differences(made, fine, lambda _: None)


def test_the_way_back_tells_who_came_since() -> None:
    found = cluster(release="0.20.0", whole=edited("0.20.0"))
    made = reset(found)
    after = carried_out(found, made)
    late = cluster(model("late"), release="0.20.0", whole=named(after))
    back = plan_rollback(made, late, dict(late.originals))
    assert {f.code: [ref.name for ref in f.objects] for f in back.findings} == {"KM301": ["late"]}
    [operation] = back.to_do
    edits: Any = operation.change
    was = apply_edits(edits.edits, late.originals[runtime_ref()])
    assert was == found.originals[runtime_ref()]


def named(found: Snapshot) -> dict[str, Manifest]:
    return {ref.name: manifest for ref, manifest in found.originals.items()}


def test_the_way_back_of_predictors_tells_who_came_since() -> None:
    said = predictors("0.7.0")
    said["sklearn"]["v1"]["image"] = "x/sk"
    made = reset(cluster(release="0.7.0", whole={}, said=said))
    services = [
        service("late", sklearn={"runtimeVersion": "v0.7.0"}),
        service("other", xgboost={"runtimeVersion": "v0.7.0"}),
    ]
    back = plan_rollback(made, cluster(*services, release="0.7.0", whole={}), {})
    assert {f.code: [ref.name for ref in f.objects] for f in back.findings} == {"KM301": ["late"]}


def test_a_service_of_0_7_blocks_by_the_image_that_it_would_get() -> None:
    said = predictors("0.7.0")
    said["sklearn"]["v1"]["image"] = "x/sk"
    services = [
        service("pinned", sklearn={"runtimeVersion": "v0.6.0"}),
        service("own", sklearn={"runtimeVersion": "v0.7.0", "image": "own:1"}),
    ]
    made = reset(cluster(*services, release="0.7.0", whole={}, said=said))
    assert codes(made)["KM260"] == ["pinned"]
    assert "KM201" not in codes(made)
    tag = predictors("0.7.0")
    tag["sklearn"]["v1"]["defaultImageVersion"] = "v9"
    assert "KM260" not in codes(reset(cluster(*services, release="0.7.0", whole={}, said=tag)))
