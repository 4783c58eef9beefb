"""What the webhook of 0.7 writes and refuses (legacy-predictors 2.0 to 2.2)."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.kserve.pins import Pin, pin_at_admission, refusal_now, with_pin
from migrate.kserve.predictors import decode
from migrate.kserve.resolution import Verdict
from tests.kserve.release import GPU, PIN, rules, service, shipped

BROKEN, RESOLVED = Verdict.BROKEN, Verdict.RESOLVED

# 2.1: what the webhook writes into a service without a pin.
PINS_0_7 = [
    ("sklearn", {}, "v0.7.0", "/sklearn/v1/defaultImageVersion"),
    ("sklearn", {"protocolVersion": "v2"}, "0.2.1", "/sklearn/v2/defaultImageVersion"),
    ("xgboost", {"protocolVersion": "v2"}, "0.2.1", "/xgboost/v2/defaultImageVersion"),
    ("tensorflow", {}, "1.14.0", "/tensorflow/defaultImageVersion"),
    ("tensorflow", {"resources": GPU}, "1.14.0-gpu", "/tensorflow/defaultGpuImageVersion"),
    ("pytorch", {}, "0.4.1", "/pytorch/v2/defaultImageVersion"),
    ("pytorch", {"resources": GPU}, "0.4.1-gpu", "/pytorch/v2/defaultGpuImageVersion"),
    ("pytorch", {"modelClassName": "Net"}, "v0.7.0", "/pytorch/v1/defaultImageVersion"),
    (
        "pytorch",
        {"modelClassName": "Net", "resources": GPU},
        "v0.7.0-gpu",
        "/pytorch/v1/defaultGpuImageVersion",
    ),
    ("triton", {"resources": GPU}, "21.09-py3", "/triton/defaultImageVersion"),
    ("onnx", {}, "v1.0.0", "/onnx/defaultImageVersion"),
    ("paddle", {}, "v0.7.0", "/paddle/defaultImageVersion"),
]


@pytest.mark.parametrize(("format_", "field", "version", "pointer"), PINS_0_7)
@pytest.mark.parametrize("present", [{}, PIN, {"image": "own/image:1"}])
def test_0_7_pins_whatever_the_service_has(
    format_: str, field: dict[str, Any], version: str, pointer: str, present: dict[str, Any]
) -> None:
    """2.1: "The RV test looks only at RV. A user-supplied image does not suppress pinning"."""
    of = service({format_: {**field, **present}})
    assert pin_at_admission(of, shipped("0.7.0-install"), rules("0.7")) == Pin(version, pointer)


@pytest.mark.parametrize(
    ("limits", "version"),
    [
        ({"nvidia.com/gpu": 0}, "1.14.0-gpu"),
        ({"amd.com/gpu": 1, "nvidia.com/mig-1g.5gb": 1}, "1.14.0"),
        (None, "1.14.0"),
    ],
)
def test_the_key_of_the_limit_makes_a_gpu(limits: Any, version: str) -> None:
    """2.1: "Value 0 counts; amd/intel/MIG names do not"."""
    of = service({"tensorflow": {"resources": {"limits": limits}}})
    pin = pin_at_admission(of, shipped("0.7.0-install"), rules("0.7"))
    assert pin is not None
    assert pin.version == version


@pytest.mark.parametrize("release", ["0.8", "0.9", "0.10"])
def test_later_releases_pin_nothing(release: str) -> None:
    """2.0."""
    of, row = service({"sklearn": {}}), rules(release)
    assert pin_at_admission(of, decode("{}", row), row) is None


@pytest.mark.parametrize("predictor", [{"containers": [{"image": "x"}]}, {"model": {}}, {}])
def test_only_framework_fields_are_pinned(predictor: dict[str, Any]) -> None:
    of = service(predictor)
    assert pin_at_admission(of, shipped("0.7.0-install"), rules("0.7")) is None
    assert refusal_now(of, shipped("0.7.0-install"), rules("0.7")) == ""
    pinned = with_pin(of, "1")
    assert with_pin(pinned, None) == of
    model = pinned.spec.predictor.model
    assert (pinned is of) is (model is None)
    assert model is None or model.runtime_version == "1"


# 2.1, GPU validation: also of a service with an image of its own.
REFUSALS = [
    ({"tensorflow": {"runtimeVersion": "1.14.0", "resources": GPU}}, "with -gpu"),
    ({"tensorflow": {"runtimeVersion": "1.14.0-gpu"}}, "without -gpu"),
    ({"pytorch": {"runtimeVersion": "1", "resources": GPU, "image": "own:1"}}, "with -gpu"),
    ({"pytorch": {"runtimeVersion": "1", "protocolVersion": "v2"}}, "protocol v2"),
    ({"tensorflow": {"runtimeVersion": "1.14.0-gpu", "resources": GPU}}, ""),
    ({"sklearn": {"runtimeVersion": "1-gpu"}}, ""),
    ({"tensorflow": {}}, ""),
]


@pytest.mark.parametrize(("predictor", "reason"), REFUSALS)
def test_0_7_refuses_writes_that_leave_the_wrong_version(
    predictor: dict[str, Any], reason: str
) -> None:
    refused = refusal_now(service(predictor), shipped("0.7.0-install"), rules("0.7"))
    assert reason in refused
    assert bool(reason) is bool(refused)
    assert refusal_now(service(predictor), shipped("0.9.0-install"), rules("0.9")) == ""


def test_a_gpu_version_without_the_suffix_cannot_be_pinned() -> None:
    """2.1: "a desired defaultGpuImageVersion without -gpu makes the webhook reject"."""
    text = '{"tensorflow": {"image": "a", "defaultGpuImageVersion": "2.0"}}'
    of = service({"tensorflow": {"resources": GPU}})
    pin = pin_at_admission(of, decode(text, rules("0.7")), rules("0.7"))
    assert pin is not None
    assert (pin.version, "with -gpu" in pin.refused) == ("2.0", True)


def test_the_webhook_of_0_7_needs_v1_even_for_protocol_v2() -> None:
    """predictor_sklearn.go:51: V1 is read before the protocol is looked at."""
    predictors = decode('{"sklearn": {"v2": {"defaultImageVersion": "2"}}}', rules("0.7"))
    of = service({"sklearn": {"protocolVersion": "v2"}})
    pin = pin_at_admission(of, predictors, rules("0.7"))
    assert pin is not None
    assert (pin.version, pin.pointer) == (None, "/sklearn/v1")
    assert "nil" in pin.refused
