"""The contract of the port, asked of every cluster: what a patch changes, and what it cannot."""

from typing import Any

import pytest

from migrate.cluster.port import Cluster, JsonPatch
from migrate.errors import ApiError, ConflictError, InvalidError
from migrate.objects import Manifest, ref_of
from tests.cluster.conftest import Start
from tests.cluster.manifests import config_map, deployment, service

MERGES: dict[str, tuple[Any, Any, Any]] = {
    "changes a value": ({"k": "v"}, {"k": "w"}, {"k": "w"}),
    "adds a key": ({"k": "v"}, {"l": "w"}, {"k": "v", "l": "w"}),
    "takes a key away": ({"k": "v", "l": "w"}, {"l": None}, {"k": "v"}),
    "takes away what is not there": ({"k": "v"}, {"l": None}, {"k": "v"}),
    "goes into maps": ({"m": {"a": 1, "b": 2}}, {"m": {"b": None}}, {"m": {"a": 1}}),
    "replaces lists": ({"l": [1, 2]}, {"l": [3]}, {"l": [3]}),
    "replaces text by a map": ({"k": "v"}, {"k": {"a": 1}}, {"k": {"a": 1}}),
    "drops nulls of a new map": (
        {"k": "v"},
        {"m": {"a": None, "b": {"c": None}}},
        {"k": "v", "m": {"b": {}}},
    ),
    "keeps nulls in lists": ({"k": "v"}, {"l": [None]}, {"k": "v", "l": [None]}),
    "leaves an empty map": ({"m": {"a": 1}}, {"m": {"a": None}}, {"m": {}}),
}


@pytest.mark.parametrize("name", MERGES)
def test_a_merge_patch(start: Start, namespace: str, name: str) -> None:
    before, patch, after = MERGES[name]
    wanted = service("s", namespace, spec=before)
    assert start(wanted).patch(ref_of(wanted), {"spec": patch})["spec"] == after


def test_a_patch_raises_the_version_and_keeps_the_rest(start: Start, namespace: str) -> None:
    wanted = config_map("a", namespace, meta={"labels": {"x": "y"}}, data={"k": "v"})
    cluster = start(wanted)
    before = cluster.get(ref_of(wanted))
    after = cluster.patch(ref_of(wanted), {"data": {"k": "w"}})
    assert cluster.get(ref_of(wanted)) == after
    assert _version(after) > _version(before)
    for field in ("uid", "creationTimestamp", "labels"):
        assert after["metadata"][field] == before["metadata"][field]


@pytest.mark.parametrize(
    "patch",
    [
        {},
        [],
        {"data": {"k": "v"}},
        {"data": {"missing": None}},
        {"metadata": {"labels": {}}},
        {"metadata": {"generation": 9}},
        [{"op": "test", "path": "/data/k", "value": "v"}],
        [{"op": "replace", "path": "/data/k", "value": "v"}],
        [{"op": "add", "path": "/metadata/annotations", "value": {}}],
    ],
)
def test_a_patch_without_effect_changes_nothing(
    start: Start, namespace: str, patch: JsonPatch | Manifest
) -> None:
    wanted = config_map("a", namespace, data={"k": "v"})
    cluster = start(wanted)
    before = cluster.get(ref_of(wanted))
    assert cluster.patch(ref_of(wanted), patch) == before
    assert cluster.get(ref_of(wanted)) == before


def test_the_generation_counts_changes_of_the_spec_only(start: Start, namespace: str) -> None:
    wanted = service("s", namespace, spec={"n": 1})
    cluster = start(wanted)
    assert _generation(cluster.patch(ref_of(wanted), {"spec": {"n": 2}})) == 2
    assert _generation(cluster.patch(ref_of(wanted), {"spec": {"n": 2}})) == 2
    marks = {"labels": {"a": "b"}, "annotations": {"c": "d"}}
    assert _generation(cluster.patch(ref_of(wanted), {"metadata": marks})) == 2
    status = cluster.patch(ref_of(wanted), {"status": {"x": 1}}, subresource="status")
    assert _generation(status) == 2
    assert _generation(cluster.patch(ref_of(wanted), [{"op": "remove", "path": "/spec/n"}])) == 3


def test_the_generation_cannot_be_written(start: Start, namespace: str) -> None:
    wanted = service("s", namespace, spec={"n": 1})
    cluster = start(wanted)
    assert _generation(cluster.patch(ref_of(wanted), {"metadata": {"generation": 9}})) == 1
    both = {"metadata": {"generation": 9}, "spec": {"n": 2}}
    assert _generation(cluster.patch(ref_of(wanted), both)) == 2


def test_a_deployment_counts_its_annotations_too(start: Start, namespace: str) -> None:
    wanted = deployment("d", namespace)
    cluster = start(wanted)
    labelled = cluster.patch(ref_of(wanted), {"metadata": {"labels": {"a": "b"}}})
    assert _generation(labelled) == 1
    marked = cluster.patch(ref_of(wanted), {"metadata": {"annotations": {"a": "b"}}})
    assert _generation(marked) == 2
    assert _generation(cluster.patch(ref_of(wanted), {"spec": {"replicas": 3}})) == 3


@pytest.mark.parametrize("subresource", ["", "status"])
def test_another_version_in_the_patch_is_a_conflict(
    start: Start, namespace: str, subresource: str
) -> None:
    wanted = service("s", namespace, spec={"n": 1}, status={"x": 1})
    cluster = start(wanted)
    read = cluster.get(ref_of(wanted))
    cluster.patch(ref_of(wanted), {"spec": {"n": 2}})
    stale = {"metadata": {"resourceVersion": read["metadata"]["resourceVersion"]}}
    replaced = [{"op": "replace", "path": "/metadata/resourceVersion", "value": "1"}]
    for patch in (stale, {**stale, "spec": {"n": 3}, "status": {"x": 3}}, replaced):
        with pytest.raises(ConflictError) as caught:
            cluster.patch(ref_of(wanted), patch, subresource=subresource)
        assert caught.value.status == 409
    assert cluster.get(ref_of(wanted))["spec"] == {"n": 2}


@pytest.mark.parametrize("version", ["right", "", None])
def test_the_right_version_or_none_is_no_conflict(
    start: Start, namespace: str, version: str | None
) -> None:
    wanted = config_map("a", namespace)
    cluster = start(wanted)
    if version == "right":
        version = cluster.get(ref_of(wanted))["metadata"]["resourceVersion"]
    patch = {"metadata": {"resourceVersion": version}, "data": {"k": "v"}}
    assert cluster.patch(ref_of(wanted), patch)["data"] == {"k": "v"}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"metadata": {"name": "other"}}, 400),
        ({"metadata": {"namespace": "other"}}, 400),
        ({"metadata": {"uid": "other"}}, 422),
        ({"metadata": {"deletionTimestamp": "2020-01-01T00:00:00Z"}}, 422),
        ({"kind": "Other"}, 422),
        ({"apiVersion": "serving.kserve.io/v9"}, 422),
    ],
)
def test_what_an_object_is_cannot_be_patched(
    start: Start, namespace: str, change: Manifest, status: int
) -> None:
    wanted = service("s", namespace, spec={})
    cluster = start(wanted)
    before = cluster.get(ref_of(wanted))
    with pytest.raises(ApiError) as caught:
        cluster.patch(ref_of(wanted), change)
    assert caught.value.status == status
    assert isinstance(caught.value, InvalidError) is (status == 422)
    assert cluster.get(ref_of(wanted)) == before


@pytest.mark.parametrize("time", ["2001-01-01T00:00:00Z", None])
def test_the_time_of_creation_stays(start: Start, namespace: str, time: str | None) -> None:
    wanted = config_map("a", namespace)
    cluster = start(wanted)
    before = cluster.get(ref_of(wanted))
    patch = {"metadata": {"creationTimestamp": time, "uid": None}}
    assert cluster.patch(ref_of(wanted), patch) == before


def test_the_last_key_takes_its_map_along(start: Start, namespace: str) -> None:
    wanted = config_map("a", namespace, meta={"labels": {"x": "y"}}, data={"k": "v"})
    cluster = start(wanted)
    paths = ("/data/k", "/metadata/labels/x")
    patched = cluster.patch(ref_of(wanted), [{"op": "remove", "path": path} for path in paths])
    assert "data" not in patched
    assert "labels" not in patched["metadata"]
    with pytest.raises(InvalidError):
        cluster.patch(ref_of(wanted), [{"op": "add", "path": "/data/k", "value": "v"}])
    with pytest.raises(InvalidError):
        cluster.patch(ref_of(wanted), [{"op": "add", "path": "/metadata/labels/x", "value": "y"}])


def test_nobody_can_change_what_is_stored(start: Start, namespace: str) -> None:
    cluster, given = start(), service("s", namespace, spec={"list": [1], "map": {"a": 1}})
    created = cluster.create(given)
    patch = {"spec": {"more": [1]}}
    for mine in (given, created, cluster.get(ref_of(given)), *_listed(cluster, namespace)):
        mine["spec"]["list"].append(2)
        mine["spec"]["map"]["a"] = 2
    patched = cluster.patch(ref_of(given), patch)
    patch["spec"]["more"].append(2)
    patched["spec"]["more"].append(3)
    assert cluster.get(ref_of(given))["spec"] == {"list": [1], "map": {"a": 1}, "more": [1]}


def _listed(cluster: Cluster, namespace: str) -> list[Manifest]:
    found = cluster.list("serving.kserve.io/v1beta1", "InferenceService", dict, namespace=namespace)
    return list(found)


def _version(of: Manifest) -> int:
    return int(of["metadata"]["resourceVersion"])


def _generation(of: Manifest) -> int:
    generation: int = of["metadata"]["generation"]
    return generation
