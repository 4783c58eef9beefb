"""A reset of the global setting: to what, and whom it would move."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from migrate.kserve.config import Config
from migrate.kserve.running import Running, written_of
from migrate.kserve.services import InferenceService
from migrate.objects import Manifest, value_at
from migrate.operations.model import Wake
from migrate.operations.patching import apply_edits
from migrate.planning.desired import Activate
from migrate.planning.forecast import World, configured
from migrate.planning.plan import Outlook, Plan
from migrate.planning.rollback import plan_rollback
from migrate.planning.snapshot import Snapshot
from migrate.planning.staleness import differences
from tests.planning.clusters import codes, service, workload
from tests.planning.installed import (
    MULTINODE,
    SKLEARN,
    carried_out,
    cluster,
    container,
    copied,
    override,
    predictors,
    reset,
    runtime_ref,
    runtimes,
    specs,
)
from tests.planning.runtimes import model

RELEASES = ["0.9.0", "0.11.2", "0.15.2", "0.16.0", "0.20.0"]


def edited(release: str, origin: str = "manifest") -> dict[str, Manifest]:
    whole = runtimes(release, origin)
    override(whole[SKLEARN])
    return whole


def text_of(made: Plan, code: str) -> str:
    return "\n".join(f.text for f in made.findings if f.code == code)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("origin", ["manifest", "chart"])
def test_what_is_shipped_needs_no_write(release: str, origin: str) -> None:
    made = reset(cluster(release=release, whole=runtimes(release, origin)))
    assert not made.operations
    assert not made.blocking
    assert not made.has_work


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("origin", ["manifest", "chart"])
def test_the_whole_container_is_as_shipped_again(release: str, origin: str) -> None:
    found = cluster(release=release, whole=edited(release, origin))
    made = reset(found)
    assert [op.target for op in made.operations] == [runtime_ref()]
    assert not made.blocking
    after = carried_out(found, made)
    assert specs(after) == {n: m["spec"] for n, m in runtimes(release, origin).items()}


def test_variables_alone_are_set_back_too() -> None:
    whole = runtimes("0.15.2")
    container(whole[SKLEARN])["env"] = [{"name": "A", "value": "1"}]
    found = cluster(release="0.15.2", whole=whole)
    assert specs(carried_out(found, reset(found))) == specs(cluster(release="0.15.2"))


def test_what_chooses_services_and_nodes_stays() -> None:
    whole = edited("0.15.2")
    theirs = {"nodeSelector": {"pool": "ml"}, "disabled": True, "imagePullSecrets": [{"name": "s"}]}
    whole[SKLEARN]["spec"].update(theirs)
    sidecar = {"name": "proxy", "image": "proxy:1"}
    whole[SKLEARN]["spec"]["containers"].append(sidecar)
    found = cluster(release="0.15.2", whole=whole)
    spec = specs(carried_out(found, reset(found)))[SKLEARN]
    assert {key: spec[key] for key in theirs} == theirs
    assert spec["containers"] == [container(runtimes("0.15.2")[SKLEARN]), sidecar]


@pytest.mark.parametrize("release", ["0.15.2", "0.20.0"])
def test_workers_are_set_back_with_their_head(release: str) -> None:
    whole = runtimes(release)
    for part in (whole[MULTINODE]["spec"], whole[MULTINODE]["spec"]["workerSpec"]):
        part["containers"][0]["image"] = "registry.example.com/ml/huggingface:v1-gpu"
    found = cluster(release=release, whole=whole)
    assert specs(carried_out(found, reset(found))) == specs(cluster(release=release))
    given = reset(found, f"runtime/{MULTINODE}=x/hf:2-gpu")
    after = specs(carried_out(found, given))[MULTINODE]
    assert {p["containers"][0]["image"] for p in (after, after["workerSpec"])} == {"x/hf:2-gpu"}


def test_a_runtime_that_the_release_does_not_ship_stays() -> None:
    whole = runtimes("0.15.2")
    own = {**copied(whole[SKLEARN]), "kind": "ClusterServingRuntime", "metadata": {"name": "ours"}}
    container(own)["image"] = "ours:1"
    found = cluster(release="0.15.2", whole={**whole, "ours": own})
    assert not reset(found).operations
    given = reset(found, "runtime/ours=ours:2")
    assert container({"spec": specs(carried_out(found, given))["ours"]})["image"] == "ours:2"


@pytest.mark.parametrize("release", RELEASES)
def test_who_still_uses_it_blocks_and_who_has_a_copy_does_not(release: str) -> None:
    whole = edited(release)
    own = (copied(whole[SKLEARN], "team"),)
    uses = service("iris", model={"modelFormat": {"name": "sklearn"}})
    made = reset(cluster(uses, release=release, whole=whole))
    assert codes(made)["KM230"] == ["iris"]
    assert made.blocking
    kept = reset(cluster(uses, release=release, whole=whole, own=own))
    assert "KM230" not in codes(kept)
    assert not kept.blocking
    assert kept.has_work
    assert kept.forecast[0].outlook is Outlook.UNCHANGED


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
    woken = [act for s in reset(used, accept=("KM230",)).apply for act in s.activations]
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
    assert codes(made)["KM230"] == ["uses"]


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
    assert codes(made)["KM230"] == ["iris"]
    going = like(metadata={"annotations": {annotation: "true"}, "deletionTimestamp": "2026-01-01"})
    assert "KM230" not in codes(reset(cluster(going, release="0.20.0", whole=edited("0.20.0"))))


def like(**parts: Any) -> InferenceService:
    """A service of sklearn with other metadata, spec or status."""
    meta = {"name": "iris", "namespace": "team", **parts.get("metadata", {})}
    spec = {"predictor": {"model": {"modelFormat": {"name": "sklearn"}}}, **parts.get("spec", {})}
    whole = {"metadata": meta, "spec": spec, "status": parts.get("status", {})}
    return msgspec.convert(whole, InferenceService)


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
    assert codes(made)["KM230"] == ["iris"]


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
    assert codes(made)["KM230"] == ["iris"]


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


def test_predictors_are_edited_leaf_by_leaf_and_come_back_to_the_byte() -> None:
    said = predictors("0.7.0")
    said["sklearn"]["v1"]["image"] = "x/sk"
    said["tensorflow"] = {**said["tensorflow"], "image": "x/tf", "note": "größe"}
    text = json.dumps(said, indent=3, ensure_ascii=False).replace("\n", "\r\n")
    found = cluster(release="0.7.0", whole={}, said=text)
    made = reset(found)
    assert not made.blocking
    goal = text.replace('"x/sk"', '"kserve/sklearnserver"').replace(
        '"x/tf"', '"tensorflow/serving"'
    )
    after = carried_out(found, made)
    assert after.config["data"]["predictors"] == goal
    assert made.seals[0].after != made.seals[0].before
    back = plan_rollback(made, after, {after.config_ref: after.config})
    [operation] = back.to_do
    assert operation.target == found.config_ref
    edits: Any = operation.change
    assert value_at(apply_edits(edits.edits, after.config), "/data/predictors") == text


def test_a_service_of_0_7_blocks_by_the_image_that_it_would_get() -> None:
    said = predictors("0.7.0")
    said["sklearn"]["v1"]["image"] = "x/sk"
    services = [
        service("pinned", sklearn={"runtimeVersion": "v0.6.0"}),
        service("own", sklearn={"runtimeVersion": "v0.7.0", "image": "own:1"}),
    ]
    made = reset(cluster(*services, release="0.7.0", whole={}, said=said))
    assert codes(made)["KM230"] == ["pinned"]
    assert "KM201" not in codes(made)
    tag = predictors("0.7.0")
    tag["sklearn"]["v1"]["defaultImageVersion"] = "v9"
    assert "KM230" not in codes(reset(cluster(*services, release="0.7.0", whole={}, said=tag)))


def test_what_is_given_stands_in_the_place_of_stock() -> None:
    said = predictors("0.9.0")
    said["sklearn"]["v1"]["image"] = "x/sk"
    said["tensorflow"]["image"] = "x/tf"
    found = cluster(release="0.9.0", whole=edited("0.9.0"), said=said)
    made = reset(found, "sklearn=y/sk:2", "tensorflow=y/tf:1")
    after = carried_out(found, made)
    got = json.loads(after.config["data"]["predictors"])
    assert got["sklearn"]["v1"] == {"image": "y/sk", "defaultImageVersion": "2"}
    # One repository for both tags: the one for GPUs stays, and KM204 is for that.
    assert got["tensorflow"] == {**said["tensorflow"], "image": "y/tf", "defaultImageVersion": "1"}
    shipped = container(runtimes("0.9.0")[SKLEARN])
    assert container({"spec": specs(after)[SKLEARN]}) == {**shipped, "image": "y/sk:2"}
    assert {row.entry: row.wanted for row in made.images}["sklearn/v1"] == "y/sk:2"


@pytest.mark.parametrize("release", RELEASES)
def test_what_a_service_of_tomorrow_gets(release: str) -> None:
    told = text_of(reset(cluster(release=release, whole=edited(release))), "KM231")
    stock = container(runtimes(release)[SKLEARN])["image"]
    assert "sklearn/v1" in told
    assert f"gets {stock} from ClusterServingRuntime {SKLEARN}" in told
    assert "today: registry.example.com/ml/sklearn:v1" in told
    assert "args --workers" in told
    assert "xgboost" not in told
    assert not text_of(reset(cluster(release=release)), "KM231")


def test_what_a_service_of_tomorrow_gets_from_predictors() -> None:
    said = predictors("0.7.0")
    said["tensorflow"]["defaultGpuImageVersion"] = "9-gpu"
    told = text_of(reset(cluster(release="0.7.0", whole={}, said=said)), "KM231")
    assert told == (
        "a service created tomorrow, of tensorflow/gpu, gets tensorflow/serving:1.14.0-gpu "
        "from predictors tensorflow (today: tensorflow/serving:9-gpu)"
    )
    said = predictors("0.7.0")
    said["sklearn"]["v1"]["image"] = "x/sk"
    told = text_of(reset(cluster(release="0.7.0", whole={}, said=said)), "KM231")
    assert told == (
        "a service created tomorrow, of sklearn, sklearn/v1, gets kserve/sklearnserver:v0.7.0 "
        "from predictors sklearn/v1 (today: x/sk:v0.7.0)"
    )


def reporting(name: str, runtime: str) -> Any:
    found = model(name)
    status = msgspec.structs.replace(found.status, cluster_serving_runtime_name=runtime)
    return msgspec.structs.replace(found, status=status)


@pytest.mark.parametrize(
    ("release", "told"), [("0.15.2", []), ("0.16.0", ["a", "b"]), ("0.20.0", ["a"])]
)
def test_whom_kserve_reconciles_by_itself(release: str, told: list[str]) -> None:
    whole = edited(release)
    services = (reporting("a", SKLEARN), reporting("b", "another"))
    own = (copied(whole[SKLEARN], "team"),)
    made = reset(cluster(*services, release=release, whole=whole, own=own))
    assert codes(made)["KM232"] == told
    text = "reconciles none for it" if not told else "new pods for 0 InferenceServices"
    assert text in text_of(made, "KM232")


def test_a_release_whose_runtimes_are_not_known_asks_for_each() -> None:
    whole = {SKLEARN: edited("0.12.1")[SKLEARN]}
    found = cluster(release="0.12.9", whole=whole)
    made = reset(found)
    assert not made.operations
    assert f"runtime/{SKLEARN} stays as it is: what KServe 0.12.9" in text_of(made, "KM233")
    assert made.blocking
    given = reset(found, f"runtime/{SKLEARN}=y:1")
    assert [op.target for op in given.operations] == [runtime_ref()]
    assert not given.blocking
