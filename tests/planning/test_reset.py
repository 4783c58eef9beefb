"""A reset of the global setting: what is written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from migrate.objects import value_at
from migrate.operations.patching import apply_edits
from migrate.planning.back.rollback import plan_rollback
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
    specs,
    text_of,
)

RELEASES = ["0.9.0", "0.11.2", "0.15.2", "0.16.0", "0.20.0"]


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


def test_what_no_api_server_would_take_is_left_alone() -> None:
    whole = runtimes("0.15.2")
    del whole[SKLEARN]["spec"]
    whole["kserve-xgbserver"]["spec"]["containers"].append({"image": "nameless:1"})
    whole["kserve-lgbserver"]["spec"]["containers"] = None
    made = reset(cluster(release="0.15.2", whole=whole))
    assert not made.operations
    assert [f.text.partition(" ")[0] for f in made.blocking] == ["runtime/kserve-lgbserver"]


def test_a_container_under_another_name_is_not_guessed_at() -> None:
    whole = edited("0.9.0")
    container(whole[SKLEARN])["name"] = "server"
    made = reset(cluster(release="0.9.0", whole=whole))
    assert not made.operations
    assert "has no container at /spec/containers/name=kserve-container" in made.blocking[0].text


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


def test_a_release_whose_runtimes_are_not_known_asks_for_each() -> None:
    whole = {SKLEARN: edited("0.12.1")[SKLEARN]}
    found = cluster(release="0.12.9", whole=whole)
    made = reset(found)
    assert not made.operations
    assert f"runtime/{SKLEARN} stays as it is: what this patch release" in text_of(made, "KM263")
    assert made.blocking
    given = reset(found, f"runtime/{SKLEARN}=y:1")
    assert [op.target for op in given.operations] == [runtime_ref()]
    assert not given.blocking
