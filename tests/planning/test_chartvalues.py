"""Helm values for edits, and what they cannot say."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.objects import Manifest, ObjectRef, ref_of
from migrate.operations.model import Edit
from migrate.operations.patching import apply_edits
from migrate.planning.change.chartvalues import Values, values_of
from tests.planning.runtimes import IMAGE, cluster_runtime

RELEASE = "0.15.2"
HUGGING = "kserve-huggingfaceserver"
MULTI = f"{HUGGING}-multinode"
WORKER = "/spec/workerSpec/containers/name=worker-container/image"
CONFIG = ObjectRef("v1", "ConfigMap", "inferenceservice-config", "kserve")


def values(*changes: tuple[Manifest, Edit], others: tuple[Manifest, ...] = ()) -> Values:
    """The values after these edits, in a cluster that has these other runtimes."""
    edits = {ref_of(manifest): (edit,) for manifest, edit in changes}
    after = {ref_of(m): apply_edits([edit], m) for m, edit in changes}
    return values_of(RELEASE, edits, after | {ref_of(m): m for m in others})


def sklearn(image: str, path: str = IMAGE) -> tuple[Manifest, Edit]:
    return cluster_runtime("kserve-sklearnserver", "x:1", "sklearn"), Edit(path, "x:1", image)


def server(found: Values) -> Any:
    return found.values["kserve"]["servingruntime"]


@pytest.mark.parametrize(
    ("image", "repository", "tag"),
    [
        ("registry.example.com:5000/ml/a:v1", "registry.example.com:5000/ml/a", "v1"),
        ("a:1", "a", "1"),
        ("a:v1@sha256:0f", "a:v1@sha256", "0f"),
    ],
)
def test_an_image_is_what_the_chart_joins(image: str, repository: str, tag: str) -> None:
    found = values(sklearn(image))
    assert found == Values(
        "kserve-resources",
        {"kserve": {"servingruntime": {"sklearnserver": {"image": repository, "tag": tag}}}},
    )


@pytest.mark.parametrize("image", ["registry.example.com:5000/ml/a", "a"])
def test_an_image_without_a_tag_is_left(image: str) -> None:
    found = values(sklearn(image))
    assert not found.values
    assert "needs a tag" in found.left[0].reason


def test_what_the_chart_has_no_value_for_is_left() -> None:
    runtime, _ = sklearn("x:2")
    args = Edit(IMAGE.replace("image", "args"), [], ["--a"])
    [left] = values((runtime, args)).left
    assert "kserve-resources has no value for it" in left.reason
    assert left.objects == (ref_of(runtime),)


def test_a_runtime_that_the_chart_does_not_install_is_left() -> None:
    own = cluster_runtime("team-sklearn", "x:1", "sklearn")
    assert "has no value for it" in values((own, Edit(IMAGE, "x:1", "x:2"))).left[0].reason


def test_others_than_runtimes_are_left_together() -> None:
    path = "/spec/predictor/sklearn/runtimeVersion"
    services = tuple(ObjectRef("serving.kserve.io/v1beta1", "InferenceService", n) for n in "ab")
    edits = {ref: (Edit(path, "v1", "v2"),) for ref in services}
    found = values_of("0.9.0", {CONFIG: (Edit("/data/predictors", "a", "b"),), **edits}, {})
    assert [left.objects for left in found.left] == [(CONFIG,), services]
    assert all("no chart of KServe has values" in left.reason for left in found.left)


def test_a_release_without_a_chart() -> None:
    runtime, edit = sklearn("x:2")
    found = values_of("0.8.0", {ref_of(runtime): (edit,)}, {ref_of(runtime): runtime})
    assert not found.chart
    assert "no chart of this release" in found.left[0].reason


def multinode(image: str, worker: str) -> Manifest:
    workers = {"containers": [{"name": "worker-container", "image": worker}]}
    return cluster_runtime(MULTI, image, "huggingface", workerSpec=workers)


def test_a_value_that_moves_another_runtime_is_left() -> None:
    hugging = cluster_runtime(HUGGING, "h:1", "huggingface")
    change = (hugging, Edit(IMAGE, "h:1", "h:2"))
    found = values(change, others=(multinode("h:1-gpu", "h:1-gpu"),))
    assert not found.values
    assert "also sets the image of ClusterServingRuntime " + MULTI in found.left[0].reason
    assert server(values(change)) == {"huggingfaceserver": {"image": "h", "tag": "2"}}


def test_a_value_that_moves_others_the_same_way_is_given() -> None:
    hugging = cluster_runtime(HUGGING, "h:1", "huggingface")
    multi = multinode("h:1-gpu", "h:2-gpu")
    found = values((hugging, Edit(IMAGE, "h:1", "h:2")), (multi, Edit(IMAGE, "h:1-gpu", "h:2-gpu")))
    assert server(found) == {"huggingfaceserver": {"image": "h", "tag": "2"}}
    assert not found.left


def test_a_worker_that_stays_behind_keeps_the_value_back() -> None:
    multi = multinode("h:1-gpu", "h:1-gpu")
    found = values((multi, Edit(IMAGE, "h:1-gpu", "h:2-gpu")))
    assert not found.values
    assert "h:1-gpu" in found.left[0].reason


def test_an_image_without_the_suffix_of_the_chart_is_left() -> None:
    found = values((multinode("h:1-gpu", "h:1-gpu"), Edit(WORKER, "h:1-gpu", "h:2")))
    assert "-gpu behind the tag" in found.left[0].reason
