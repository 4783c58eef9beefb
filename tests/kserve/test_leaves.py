"""Which leaves of ``predictors`` an image is set by, and the edits that set them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.kserve import terms
from migrate.kserve.image import parse_image
from migrate.kserve.leaves import TargetError, fold_edits, leaf_pointers, settings
from migrate.kserve.predictors import decode
from migrate.operations.jsontext import replace
from tests.kserve.release import rules, shipped, shipped_text

NESTED_PYTORCH = '{"PyTorch": {"v1": {"image": "a/b", "defaultImageVersion": "1"}}}'

# release, text, target, then pointer and presence of the image's and of the version's leaf
LEAVES: list[tuple[str, str | None, tuple[str, str, bool], list[tuple[str, bool]]]] = [
    ("0.7", '{"Sklearn": {"v1": {"IMAGE": "x"}}}', ("sklearn", "v1", False),
     [("/Sklearn/v1/IMAGE", True), ("/Sklearn/v1/defaultImageVersion", False)]),
    ("0.7", '{"Sklearn": {"v1": {}}}', ("sklearn", "v2", False),
     [("/Sklearn/v2/image", False), ("/Sklearn/v2/defaultImageVersion", False)]),
    ("0.7", NESTED_PYTORCH, ("pytorch", "v1", True),
     [("/PyTorch/v1/image", True), ("/PyTorch/v1/defaultGpuImageVersion", False)]),
    ("0.9", NESTED_PYTORCH, ("pytorch", "", False),
     [("/PyTorch/image", False), ("/PyTorch/defaultImageVersion", False)]),
    ("0.9", '{"tensorflow": {"defaultGpuImageVersion": null}}', ("tensorflow", "", True),
     [("/tensorflow/image", False), ("/tensorflow/defaultGpuImageVersion", True)]),
    ("0.9", "{}", ("onnx", "", False),
     [("/onnx/image", False), ("/onnx/defaultImageVersion", False)]),
    ("0.9", None, ("onnx", "", False),
     [("/onnx/image", False), ("/onnx/defaultImageVersion", False)]),
]  # fmt: skip


@pytest.mark.parametrize(("release", "text", "target", "expected"), LEAVES)
def test_finds_the_leaves(
    release: str, text: str | None, target: tuple[str, str, bool], expected: list[tuple[str, bool]]
) -> None:
    format_, protocol, gpu = target
    leaves = leaf_pointers(decode(text, rules(release)), format_, protocol, gpu=gpu)
    assert [(leaf.pointer, leaf.present) for leaf in leaves] == expected


def test_a_leaf_knows_its_value() -> None:
    image, version = leaf_pointers(shipped("0.7.0-install"), "pytorch", "v2", gpu=True)
    assert (image.value, version.value) == ("pytorch/torchserve-kfs", "0.4.1-gpu")


BAD_TARGETS = [
    ("0.9", "mxnet", "", False, "no predictors entry 'mxnet'"),
    ("0.9", "sklearn", "", False, "say sklearn/v1 or sklearn/v2"),
    ("0.7", "pytorch", "", False, "say pytorch/v1 or pytorch/v2"),
    ("0.9", "pytorch", "v1", False, "say pytorch, without v1"),
    ("0.9", "onnx", "v2", False, "say onnx, without v2"),
    ("0.7", "sklearn", "v1", True, "no image for GPUs"),
    ("0.7", "sklearn", "v3", False, "say sklearn/v1 or"),
    ("0.10", "onnx", "", False, "ClusterServingRuntime"),
]


@pytest.mark.parametrize(("release", "format_", "protocol", "gpu", "reason"), BAD_TARGETS)
def test_refuses_what_the_release_does_not_read(
    release: str, format_: str, protocol: str, gpu: bool, reason: str
) -> None:
    with pytest.raises(TargetError, match=reason):
        leaf_pointers(decode(None, rules(release)), format_, protocol, gpu=gpu)


@pytest.mark.parametrize(
    ("image", "reason"), [("a/b", "no tag"), (f"a/b:1@sha256:{'a' * 64}", "it has a digest")]
)
def test_refuses_images_that_predictors_cannot_hold(image: str, reason: str) -> None:
    with pytest.raises(TargetError, match=reason):
        settings(shipped("0.7.0-install"), "onnx", "", parse_image(image))


def test_sets_only_what_differs() -> None:
    predictors = shipped("0.7.0-install")
    image = parse_image("kserve/sklearnserver:v0.7.1")
    changed = settings(predictors, "sklearn", "v1", image)
    assert [(leaf.pointer, value) for leaf, value in changed] == [
        ("/sklearn/v1/defaultImageVersion", "v0.7.1")
    ]
    assert settings(predictors, "sklearn", "v1", parse_image("kserve/sklearnserver:v0.7.0")) == ()


EDITS: list[tuple[str | None, dict[str, Any]]] = [
    ('{"sklearn": {"v1": {}, "v2": {}}}', {
        "/sklearn/v1/image": "r:5/a", "/sklearn/v1/defaultImageVersion": "1",
        "/sklearn/v2/image": "r:5/a", "/sklearn/v2/defaultImageVersion": "1"}),
    ('{"SKLEARN": {"V2": {"Image": "x"}}}', {
        "/SKLEARN/v1": {"image": "r:5/a", "defaultImageVersion": "1"},
        "/SKLEARN/V2/Image": "r:5/a", "/SKLEARN/V2/defaultImageVersion": "1"}),
    ('{"Sklearn": null}', {"/Sklearn": {
        "v1": {"image": "r:5/a", "defaultImageVersion": "1"},
        "v2": {"image": "r:5/a", "defaultImageVersion": "1"}}}),
    (None, {"": {"sklearn": {
        "v1": {"image": "r:5/a", "defaultImageVersion": "1"},
        "v2": {"image": "r:5/a", "defaultImageVersion": "1"}}}}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "edits"), EDITS)
def test_makes_the_parents_that_are_missing(text: str | None, edits: dict[str, Any]) -> None:
    predictors, image = decode(text, rules("0.9")), parse_image("r:5/a:1")
    changes = [c for key in ("v1", "v2") for c in settings(predictors, "sklearn", key, image)]
    assert fold_edits(predictors, changes) == edits


@pytest.mark.parametrize("name", ["0.8.0-restored", "0.9.0-install"])
def test_setting_a_nested_pytorch_adds_flat_leaves_that_are_then_read(name: str) -> None:
    release, text = name.split("-", maxsplit=1)[0], shipped_text(name)
    predictors = shipped(name)
    for at, value in fold_edits(
        predictors, settings(predictors, "pytorch", "", parse_image("mine/torch:2"))
    ).items():
        text = replace(text, at, json.dumps(value))
    entry = decode(text, rules(release)).entry("pytorch")
    assert entry is not None
    assert (entry.image, entry.default_image_version) == ("mine/torch", "2")
    nested = json.loads(shipped_text(name))["pytorch"]
    assert json.loads(text)["pytorch"] == {
        **nested,
        "image": "mine/torch",
        "defaultImageVersion": "2",
    }


KEYS = {"sklearn": ["v1", "v2"], "onnx": [""], "tensorflow": [""], "pytorch": [""]}
FILLED = {"IMAGE": "a/b", "DefaultImageVersion": "0"}
PARTS: st.SearchStrategy[Any] = st.sampled_from(
    [None, {}, {"image": "x"}, FILLED, {"v1": None}, {"V2": {}}]
)
DOCUMENTS = st.dictionaries(
    st.sampled_from([*KEYS, *(key.upper() for key in KEYS), "other"]), PARTS, max_size=4
).filter(lambda document: len({key.lower() for key in document}) == len(document))


@given(DOCUMENTS, st.lists(st.sampled_from([(f, k) for f in KEYS for k in KEYS[f]]), unique=True))
def test_what_is_set_is_read(document: dict[str, Any], targets: list[tuple[str, str]]) -> None:
    text = json.dumps(document)
    predictors = decode(text, rules("0.9"))
    image = parse_image("registry.example:5000/new:7")
    changes = [c for format_, key in targets for c in settings(predictors, format_, key, image)]
    for at, value in fold_edits(predictors, changes).items():
        text = replace(text, at, json.dumps(value))
    after = decode(text, rules("0.9"))
    for format_, key in targets:
        entry = after.entry(format_, key)
        assert entry is not None
        assert (entry.image, entry.default_image_version) == (image.repository, image.tag)
    others = {f for f in terms.FORMATS if f not in {format_ for format_, _ in targets}}
    assert [e for e in after.entries if e.format in others] == [
        e for e in predictors.entries if e.format in others
    ]
