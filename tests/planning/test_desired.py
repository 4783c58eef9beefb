"""`--set` and desired.yaml."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.errors import UsageError
from migrate.planning.desired import DesiredImage, from_document, merged, parse_set

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("sklearn=r/i:t", DesiredImage("sklearn", "r/i:t")),
        ("sklearn/v2=reg:5000/i:t", DesiredImage("sklearn", "reg:5000/i:t", "v2")),
        ("tensorflow/gpu=i:t-gpu", DesiredImage("tensorflow", "i:t-gpu", gpu=True)),
        ("pytorch/v1/gpu=i:t", DesiredImage("pytorch", "i:t", "v1", gpu=True)),
        (f"onnx=reg:5000/i@{DIGEST}", DesiredImage("onnx", f"reg:5000/i@{DIGEST}")),
        ("a=b=c", DesiredImage("a", "b=c")),
    ],
)
def test_set(text: str, wanted: DesiredImage) -> None:
    assert parse_set(text) == wanted


@pytest.mark.parametrize(
    "text", ["", "sklearn", "sklearn=", "=i:t", "sklearn/v3=i", "a/v1/v2=i", "/gpu=i", "gpu=i"]
)
def test_set_that_does_not_parse(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_set(text)
    assert f"--set {text}" in caught.value.message


def document(**fields: Any) -> dict[str, Any]:
    return {"apiVersion": "kmigrate.dev/v1alpha1", "kind": "Desired", **fields}


def test_desired_yaml() -> None:
    images = [{"format": "pytorch", "protocol": "v2", "image": "i:t", "gpu": True}]
    assert from_document(document(images=images), "d") == (
        DesiredImage("pytorch", "i:t", "v2", gpu=True),
    )


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (document(images=[{"format": "sklearn", "imgae": "i"}]), "imgae"),
        (document(images=[{"format": "sklearn"}]), "image"),
        (document(images=[{"format": 1, "image": "i"}]), "str"),
        (document(images=[], extra=1), "extra"),
        (document(), "images"),
        ({**document(images=[]), "apiVersion": "v9"}, "kmigrate.dev/v1alpha1"),
        (None, "object"),
    ],
)
def test_desired_yaml_that_does_not_fit(bad: Any, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        from_document(bad, "desired.yaml")
    assert "desired.yaml" in caught.value.message
    assert words in caught.value.message


def test_images_are_merged_in_a_fixed_order() -> None:
    a, b = DesiredImage("sklearn", "a:1"), DesiredImage("onnx", "b:1")
    assert merged([a, b, a]) == merged([b, a]) == (b, a)


def test_images_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(UsageError, match="sklearn is wanted as a:1 and as a:2"):
        merged([DesiredImage("sklearn", "a:1"), DesiredImage("sklearn", "a:2")])
