"""Services on 0.8, 0.9 and 0.10 (legacy-predictors 2.7, 2.8, 8)."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.kserve.legacy import Verdict, gpu_tag_entries, resolve
from migrate.kserve.predictors import decode
from tests.kserve.release import GPU, PIN, rules, service, shipped, shipped_text, told

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
    for name in ("0.8.0-restored", "0.9.0-install"):
        found = told(name, {"onnx": PIN}, finalizers=[])
        assert (found.image, found.verdict) == (None, Verdict.CANNOT_TELL)


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
    ("0.8", "tensorflow/serving", {"resources": GPU}, ["tensorflow/serving"]),
    ("0.9", "tensorflow/serving", {"resources": GPU}, ["tensorflow/serving"]),
    ("0.9", "a/b", {"resources": GPU, "image": "a/b:1"}, ["a/b"]),
    ("0.9", "tensorflow/serving", {"resources": GPU, "image": "own/serving:1"}, []),
    ("0.9", "tensorflow/serving", {"resources": GPU, "runtimeVersion": "1"}, []),
    ("0.9", "tensorflow/serving", {"resources": GPU, "runtimeVersion": ""}, []),
    ("0.9", "tensorflow/serving", {}, []),
    # 2.8 b: the image is cut at its first colon, that of the port.
    ("0.9", "registry.example:5000/serving", {"resources": GPU}, []),
    ("0.9", "", {"resources": GPU}, []),
    ("0.10", "tensorflow/serving", {"resources": GPU}, []),
]  # fmt: skip


@pytest.mark.parametrize(("release", "image", "field", "entries"), TAGGED)
def test_predictors_may_tag_the_image_of_a_model_with_a_gpu(
    release: str, image: str, field: dict[str, Any], entries: list[str]
) -> None:
    predictors = decode(TENSORFLOW % image, rules(release))
    of = service({"model": {"modelFormat": {"name": "tensorflow"}, **field}})
    assert [e.image for e in gpu_tag_entries(of, predictors, rules(release))] == entries
    found = resolve(of, predictors, rules(release))
    assert (found.image, found.verdict) == (None, Verdict.CANNOT_TELL)
    assert "ServingRuntime" in found.reason
    assert (f"{image}:9-gpu" in found.reason) is bool(entries)


def test_pytorch_is_tagged_only_where_it_is_flat() -> None:
    """2.8 d: nested in the shipped text, so the stock GPU tag is never applied."""
    of = service({"model": {"resources": GPU}})
    for name, entries in (("0.9.0-install", ["tensorflow"]), ("0.9.0-chart", [])):
        tagged = gpu_tag_entries(of, shipped(name), rules("0.9"))
        assert [entry.format for entry in tagged] == entries
    flat = decode('{"pytorch": {"image": "a/torch"}}', rules("0.9"))
    assert [e.format for e in gpu_tag_entries(of, flat, rules("0.9"))] == ["pytorch"]
    assert gpu_tag_entries(service({"onnx": PIN}), flat, rules("0.9")) == ()
