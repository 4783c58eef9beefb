"""Texts that bring the controller down or give images nobody can pull (section 1.2)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from migrate.kserve.predictors import Predictors, PredictorsError, decode
from migrate.kserve.resolution import Verdict
from tests.kserve.release import PIN, resolve, rules, service

BROKEN, RESOLVED = Verdict.BROKEN, Verdict.RESOLVED

# --- 1.2: nil, and what cannot be decoded ---

NIL = [
    ("0.7", '{"sklearn": {"image": "flat"}}', "sklearn", {}, "/sklearn/v1"),
    ("0.9", '{"xgboost": {"v1": {}}}', "xgboost", {"protocolVersion": "v2"}, "/xgboost/v2"),
    ("0.9", "{}", "sklearn", {"image": "own:1"}, "/sklearn/v1"),
    ("0.7", '{"pytorch": {"image": "flat"}}', "pytorch", {}, "/pytorch/v1"),
    ("0.7", '{"pytorch": {"v1": {}}}', "pytorch", {}, "/pytorch/v2"),
    # GetProtocol of pytorch is hard-wired to v1, and IsMMS follows it (2.2).
    ("0.7", '{"pytorch": {"v2": {"image": "a"}}}', "pytorch", {}, "/pytorch/v1"),
    ("0.7", '{"pytorch": {"v2": {"image": "a"}}}', "pytorch", {"image": "own:1"}, "/pytorch/v1"),
]


@pytest.mark.parametrize(("release", "text", "format_", "field", "missing"), NIL)
def test_a_missing_object_brings_the_controller_down(
    release: str, text: str, format_: str, field: dict[str, Any], missing: str
) -> None:
    of = service({format_: {**PIN, **field}})
    found = resolve(of, decode(text, rules(release)), rules(release))
    assert (found.image, found.verdict) == (None, BROKEN)
    assert found.reason.endswith(missing)


def test_pytorch_with_an_own_image_needs_no_v2() -> None:
    predictors = decode('{"pytorch": {"v1": {}}}', rules("0.7"))
    found = resolve(service({"pytorch": {**PIN, "image": "own:1"}}), predictors, rules("0.7"))
    assert found.verdict is Verdict.EXPLICIT


def decoded(text: str, release: str) -> Predictors | PredictorsError:
    try:
        return decode(text, rules(release))
    except PredictorsError as error:
        return error


@pytest.mark.parametrize(
    "predictor", [{"onnx": PIN}, {"containers": [{"image": "x"}]}, {"model": {}}]
)
def test_a_text_that_go_cannot_decode_stops_every_service(predictor: dict[str, Any]) -> None:
    error = decoded('{"tensorflow": {"defaultTimeout": 60}}', "0.9")
    found = resolve(service(predictor), error, rules("0.9"))
    assert (found.image, found.verdict) == (None, BROKEN)
    assert "/tensorflow/defaultTimeout" in found.reason


def test_a_text_that_only_we_refuse_leaves_it_open() -> None:
    error = decoded('{"onnx": {}, "Onnx": {}}', "0.7")
    assert resolve(service({"onnx": PIN}), error, rules("0.7")).verdict is Verdict.CANNOT_TELL
    own = service({"containers": [{"image": "own:1"}]})
    assert resolve(own, error, rules("0.7")).verdict is Verdict.CUSTOM


@pytest.mark.parametrize(
    ("entry", "pin", "image"),
    [
        ("a/b:1", "OLD", "a/b:1:OLD"),
        ("a/b", "", "a/b:"),
        ("a/b", "not a tag", "a/b:not a tag"),
        ("A/b", "OLD", "A/b:OLD"),
    ],
)
def test_an_image_that_nobody_can_pull_is_told_as_it_would_be_written(
    entry: str, pin: str, image: str
) -> None:
    """1.1: "a tag or digest here gives an unparsable reference"."""
    predictors = decode(json.dumps({"onnx": {"image": entry}}), rules("0.7"))
    found = resolve(service({"onnx": {"runtimeVersion": pin}}), predictors, rules("0.7"))
    assert (found.image, found.verdict) == (image, BROKEN)
