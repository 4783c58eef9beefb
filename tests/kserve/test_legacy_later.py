"""Services on 0.8, 0.9 and 0.10 (legacy-predictors 2.7, 2.8, 8)."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.kserve.predictors import decode
from migrate.kserve.resolution import Verdict
from tests.kserve.release import (
    GPU,
    PIN,
    resolve,
    rules,
    runtime,
    service,
    shipped,
    shipped_text,
    told,
)

BROKEN, RESOLVED = Verdict.BROKEN, Verdict.RESOLVED

# --- 0.8 and 0.9: branch L of section 2.7 ---

BRANCH_L = [
    # "Old CM kept, or a text with images": works as in 0.7.
    ("0.8.0-restored", "sklearn", "kserve/sklearnserver:OLD", RESOLVED),
    ("0.9.0-install", "tensorflow", "tensorflow/serving:OLD", RESOLVED),
    # "v0.8.0@tag CM or 0.9 Helm CM: image :<RV>".
    ("0.8.0-tagged", "sklearn", ":OLD", BROKEN),
    ("0.9.0-chart", "paddle", ":OLD", BROKEN),
    # "Nested pytorch JSON: pytorch still gets :<RV>"; measured, testbed section 3.
    ("0.8.0-restored", "pytorch", ":OLD", BROKEN),
    ("0.9.0-install", "pytorch", ":OLD", BROKEN),
]


@pytest.mark.parametrize(("name", "format_", "image", "verdict"), BRANCH_L)
def test_stored_framework_fields_on_0_8_and_0_9(
    name: str, format_: str, image: str, verdict: Verdict
) -> None:
    found = told(name, {format_: PIN})
    assert (found.image, found.verdict) == (image, verdict)


@pytest.mark.parametrize(
    ("format_", "image", "verdict"),
    [
        ("sklearn", "kserve/sklearnserver:OLD", RESOLVED),
        ("pytorch", ":OLD", BROKEN),
    ],
)
def test_the_text_of_0_7_kept_across_the_upgrade(
    format_: str, image: str, verdict: Verdict
) -> None:
    predictors = decode(shipped_text("0.7.0-install"), rules("0.9"))
    found = resolve(service({format_: PIN}), predictors, rules("0.9"))
    assert (found.image, found.verdict) == (image, verdict)


def test_the_reason_points_to_what_is_not_read() -> None:
    found = told("0.9.0-install", {"pytorch": PIN})
    assert "/pytorch/image names no image" in found.reason
    assert "/pytorch/v1 and /pytorch/v2 are not read" in found.reason
    assert "not read" not in told("0.9.0-chart", {"pytorch": PIN}).reason


def test_a_flat_pytorch_has_one_image_whatever_the_class() -> None:
    text = '{"pytorch": {"image": "a/torch", "v1": {"image": "x"}}}'
    for field in ({}, {"modelClassName": "Net"}, {"protocolVersion": "v2"}):
        found = resolve(
            service({"pytorch": {**PIN, **field}}), decode(text, rules("0.8")), rules("0.8")
        )
        assert (found.image, found.verdict) == ("a/torch:OLD", RESOLVED)


def test_the_first_reconcile_converts_a_service_on_0_8_and_later() -> None:
    unmarked, triton = service({"onnx": PIN}, finalizers=[]), "kserve-tritonserver"
    for name, release in (("0.8.0-restored", "0.8"), ("0.9.0-install", "0.9")):
        given = runtime("onnx", "a/triton:1", name=triton)
        found = resolve(unmarked, shipped(name), rules(release), given)
        assert (found.image, found.verdict) == ("a/triton:OLD", RESOLVED)
        assert found.runtime == given


def test_the_first_reconcile_is_refused_with_the_wrong_version() -> None:
    found = told("0.7.0-install", {"tensorflow": {**PIN, "resources": GPU}}, finalizers=["other"])
    assert (found.image, found.verdict) == (None, BROKEN)
    assert "with -gpu" in found.reason


def test_a_stored_service_without_a_pin_brings_the_controller_down() -> None:
    for name in ("0.7.0-install", "0.9.0-install"):
        found = told(name, {"onnx": {}})
        assert (found.image, found.verdict) == (None, BROKEN)
        assert "no runtimeVersion" in found.reason
        assert told(name, {"onnx": {"image": "own:1"}}).verdict is Verdict.EXPLICIT


# --- 0.10: section 8.5 and the testbed's measurement ---


def test_0_10_writes_a_container_without_an_image() -> None:
    predictors = decode(shipped_text("0.9.0-install"), rules("0.10"))
    found = resolve(service({"sklearn": PIN}), predictors, rules("0.10"))
    assert (found.image, found.verdict) == ("", BROKEN)
    own = resolve(service({"sklearn": {"image": "own:1"}}), predictors, rules("0.10"))
    assert (own.image, own.verdict) == ("own:1", Verdict.EXPLICIT)
    assert "no arguments" in own.reason


# --- the model form, and section 2.8 ---

TENSORFLOW = '{"tensorflow": {"image": "%s", "defaultGpuImageVersion": "9-gpu"}}'
TAGGED = [
    ("0.8", "a/b", {"resources": GPU}, "a/b:9-gpu"),
    ("0.9", "a/b", {"resources": GPU}, "a/b:9-gpu"),
    ("0.9", "a/b", {"resources": GPU, "image": "a/b:1"}, "a/b:9-gpu"),
    ("0.9", "a/b", {"resources": GPU, "image": "own/serving:1"}, "own/serving:1"),
    ("0.9", "a/b", {"resources": GPU, "runtimeVersion": "1"}, "a/b:1"),
    ("0.9", "a/b", {"resources": GPU, "runtimeVersion": ""}, "a/b:"),
    ("0.9", "a/b", {}, "a/b:stock"),
    # 2.8 b: the image is cut at its first colon, that of the port.
    ("0.9", "r.example:5000/a/b", {"resources": GPU, "image": "r.example:5000/a/b:1"}, None),
    ("0.9", "", {"resources": GPU}, "a/b:stock"),
    ("0.10", "a/b", {"resources": GPU}, "a/b:stock"),
]  # fmt: skip


@pytest.mark.parametrize(("release", "image", "field", "tagged"), TAGGED)
def test_predictors_may_tag_the_image_of_a_model_with_a_gpu(
    release: str, image: str, field: dict[str, Any], tagged: str | None
) -> None:
    predictors = decode(TENSORFLOW % image, rules(release))
    of = service({"model": {"modelFormat": {"name": "tensorflow"}, **field}})
    found = resolve(of, predictors, rules(release), runtime("tensorflow", "a/b:stock"))
    assert found.image == (tagged or field["image"])


def test_pytorch_is_tagged_only_where_it_is_flat() -> None:
    """2.8 d: nested in the shipped text, so the stock GPU tag is never applied."""
    of = service({"model": {"modelFormat": {"name": "pytorch"}, "resources": GPU}})
    stock = runtime("pytorch", "pytorch/torchserve-kfs:1")
    shipped_one = resolve(of, shipped("0.9.0-install"), rules("0.9"), stock)
    assert shipped_one.image == "pytorch/torchserve-kfs:1"
    text = '{"pytorch": {"image": "pytorch/torchserve-kfs", "defaultGpuImageVersion": "G"}}'
    flat = resolve(of, decode(text, rules("0.9")), rules("0.9"), stock)
    assert flat.image == "pytorch/torchserve-kfs:G"
