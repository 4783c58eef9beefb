"""What is left of an edited runtime once the released manifest was applied over it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from migrate.catalog.runtimes import CONFIG, MANIFEST, manifests, releases, stock
from migrate.kserve.releases import parse_release
from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.objects import Manifest, ref_of
from migrate.planning.stock.reapplied import reapplied
from migrate.planning.stock.upgraded import upgraded
from tests.planning.copies import cluster, installed, isvc

LAST = "kubectl.kubernetes.io/last-applied-configuration"


def runtime(spec: dict[str, Any], **meta: Any) -> Manifest:
    return {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "ClusterServingRuntime",
        "metadata": {"name": "r", **meta},
        "spec": spec,
    }


def container(image: str, *env: str) -> dict[str, Any]:
    return {"name": "kserve-container", "image": image, "env": [{"name": one} for one in env]}


SHIPPED = runtime({"containers": [container("new:2", "SHIPPED")], "annotations": {"a": "2"}})


def test_the_containers_are_those_of_the_manifest_whole() -> None:
    """The list is atomic: a variable that was added is gone, though env merges by name."""
    live = runtime({"containers": [container("mine:1", "SHIPPED", "MINE"), {"name": "second"}]})
    assert reapplied(live, SHIPPED, None)["spec"]["containers"] == SHIPPED["spec"]["containers"]


def test_maps_merge_by_key_and_what_the_manifests_never_had_stays() -> None:
    spec = {"nodeSelector": {"gpu": "yes"}, "annotations": {"a": "1", "mine": "x"}}
    got = reapplied(runtime(spec), SHIPPED, None)["spec"]
    assert got["nodeSelector"] == {"gpu": "yes"}
    assert got["annotations"] == {"a": "2", "mine": "x"}


def test_what_was_applied_and_is_no_more_is_taken_away() -> None:
    former = runtime({"annotations": {"old": "1"}, "volumes": [{"name": "v"}]})
    live = runtime({**former["spec"], "tolerations": []})
    assert set(reapplied(live, SHIPPED, former)["spec"]) == {
        "containers",
        "annotations",
        "tolerations",
    }
    assert reapplied(live, SHIPPED, former)["spec"]["annotations"] == {"a": "2"}
    assert reapplied(live, SHIPPED, None)["spec"]["volumes"] == [{"name": "v"}]


def test_what_the_object_says_of_the_last_apply_comes_before_what_the_release_ships() -> None:
    former = runtime({"volumes": [{"name": "v"}]})
    mine = runtime({"nodeSelector": {"mine": "1"}})
    live = runtime(
        {**former["spec"], **mine["spec"]}, annotations={LAST: json.dumps(mine), "kept": "1"}
    )
    got = reapplied(live, SHIPPED, former)
    assert "nodeSelector" not in got["spec"]
    assert "volumes" in got["spec"]
    assert got["metadata"]["annotations"] == {"kept": "1"}


@pytest.mark.parametrize("note", ["{", "[]", '"x"', "null"])
def test_a_note_that_cannot_be_read_says_nothing(note: str) -> None:
    live = runtime({"volumes": [{"name": "v"}]}, annotations={LAST: note})
    former = runtime({"volumes": []})
    assert "volumes" not in reapplied(live, SHIPPED, former)["spec"]


def test_nothing_that_was_given_is_changed() -> None:
    live = runtime({"annotations": {"mine": "x"}}, annotations={LAST: "{}"})
    before = msgspec.json.encode([live, SHIPPED])
    reapplied(live, SHIPPED, SHIPPED)
    assert msgspec.json.encode([live, SHIPPED]) == before


@pytest.mark.parametrize("release", releases())
def test_a_manifest_over_itself_changes_nothing(release: str) -> None:
    for one in installed(release, {}):
        assert reapplied(one, one, one)["spec"] == one["spec"]


def test_a_runtime_keeps_its_age_and_a_new_one_is_younger_than_all() -> None:
    """Up to 0.10 the newest of two runtimes wins."""
    found = cluster("0.16.0", isvc("iris"))
    there = {ref.name for ref in found.originals}
    aged = [aged_in_2024(one) for one in found.originals.values()]
    found = replace(
        found,
        runtimes=Runtimes(msgspec.convert(one, Runtime) for one in aged),
        originals={ref_of(one): one for one in aged},
    )
    later = upgraded(found, parse_release("0.17.0")).runtimes.of("")
    ages = {name: one.metadata.creation_timestamp or "" for name, one in later.items()}
    assert {ages[name] for name in there} == {"2024-01-01T00:00:00Z"}
    assert {name for name in ages if ages[name] > "2030"} == {"kserve-predictiveserver"}


def aged_in_2024(one: Manifest) -> Manifest:
    meta = {**one["metadata"], "creationTimestamp": "2024-01-01T00:00:00Z"}
    return {**one, "metadata": meta}


def test_a_node_selector_of_somebodys_own_outlives_an_upgrade() -> None:
    found = cluster("0.11.2", isvc("iris"), images={})
    (ref,) = (ref for ref in found.originals if ref.name == "kserve-sklearnserver")
    whole = found.originals[ref]
    mine = {**whole, "spec": {**whole["spec"], "nodeSelector": {"disk": "fast"}}}
    later = upgraded(replace(found, originals={ref: mine}), parse_release("0.12.1"))
    assert later.originals[ref]["spec"]["nodeSelector"] == {"disk": "fast"}
    image = later.originals[ref]["spec"]["containers"][0]["image"]
    assert image == "kserve/sklearnserver:v0.12.1"


@pytest.mark.parametrize(("applied", "stays"), [(True, False), (False, True)])
def test_predictors_goes_from_0_10_on_where_it_was_applied(*, applied: bool, stays: bool) -> None:
    found = cluster("0.9.0", isvc("iris"))
    note = json.dumps({"data": {"predictors": "{}"} if applied else {}})
    meta = {**found.config["metadata"], "annotations": {LAST: note}}
    found = replace(found, config={**found.config, "metadata": meta})
    for release in ("0.10.2", "0.20.0"):
        assert ("predictors" in upgraded(found, parse_release(release)).config["data"]) is stays
    assert "predictors" in found.config["data"]


def test_manifests_of_a_patch_release_that_has_none_are_those_of_another_with_its_tags() -> None:
    other, mine = manifests("0.10.1"), manifests("0.10.2")
    assert set(mine) == set(other)
    images = {name: next(iter(one.images.values())) for name, one in mine.items()}
    assert images["kserve-sklearnserver"] == "kserve/sklearnserver:v0.10.2"
    assert images["kserve-torchserve"] == "pytorch/torchserve-kfs:0.7.0"
    assert {one.origin for one in mine.values()} == {CONFIG}


@pytest.mark.parametrize("release", releases())
def test_manifests_are_what_the_repository_has_where_it_has_them(release: str) -> None:
    shipped = {
        one.name: each for one in stock(release) for each in one.origins if each.origin == MANIFEST
    }
    assert not shipped or manifests(release) == shipped
    assert manifests(release)


def test_there_are_no_manifests_of_what_is_no_release() -> None:
    assert manifests("0.7.0") == manifests("latest") == {}
