"""Which image a service gets: the rules of legacy-predictors, one case each.

What the real reconciler does to hundreds of odd services is in test_gocontroller.py.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from migrate.kserve.pins import pin_at_admission, with_pin
from migrate.kserve.predictors import decode
from migrate.kserve.resolution import Verdict
from tests.kserve.release import GPU, PIN, resolve, rules, service, shipped, told

BROKEN, RESOLVED = Verdict.BROKEN, Verdict.RESOLVED

# --- 0.7: section 2.1, the table row by row; then 2.2 ---

ROWS_0_7 = [
    ("sklearn", {}, "kserve/sklearnserver"),
    ("sklearn", {"protocolVersion": "v1"}, "kserve/sklearnserver"),
    ("sklearn", {"protocolVersion": "v2"}, "docker.io/seldonio/mlserver"),
    ("xgboost", {}, "kserve/xgbserver"),
    ("xgboost", {"protocolVersion": "v2"}, "docker.io/seldonio/mlserver"),
    ("xgboost", {"protocolVersion": "grpc-v2"}, "docker.io/seldonio/mlserver"),
    ("tensorflow", {}, "tensorflow/serving"),
    ("tensorflow", {"resources": GPU}, "tensorflow/serving"),
    ("pytorch", {}, "pytorch/torchserve-kfs"),
    ("pytorch", {"protocolVersion": "v1"}, "pytorch/torchserve-kfs"),
    ("pytorch", {"modelClassName": "Net"}, "kserve/pytorchserver"),
    ("pytorch", {"modelClassName": ""}, "pytorch/torchserve-kfs"),
    ("triton", {"resources": GPU}, "nvcr.io/nvidia/tritonserver"),
    ("onnx", {}, "mcr.microsoft.com/onnxruntime/server"),
    ("pmml", {}, "kserve/pmmlserver"),
    ("lightgbm", {}, "kserve/lgbserver"),
    ("paddle", {}, "kserve/paddleserver"),
]


@pytest.mark.parametrize(("format_", "field", "repository"), ROWS_0_7)
def test_0_7_joins_the_entry_and_the_pin(
    format_: str, field: dict[str, Any], repository: str
) -> None:
    found = told("0.7.0-install", {format_: {**PIN, **field}})
    assert (found.image, found.verdict) == (f"{repository}:OLD", RESOLVED)
    assert found.entry is not None
    assert found.entry.image == repository
    assert f"/spec/predictor/{format_}/runtimeVersion of the service" in found.reason
    assert f"{found.entry.pointer}/image" in found.reason


# --- 2.3: the effect of an edit on a service with a pin, with an own image, and a new one ---

EFFECTS = [
    ("old/repo", "NEWTAG", "old/repo:OLDTAG", "old/repo:NEWTAG"),
    ("new/repo", "OLDTAG", "new/repo:OLDTAG", "new/repo:OLDTAG"),
    ("new/repo", "NEWTAG", "new/repo:OLDTAG", "new/repo:NEWTAG"),
]


@pytest.mark.parametrize(("image", "version", "existing", "new"), EFFECTS)
def test_an_edit_moves_the_repository_and_never_the_tag(
    image: str, version: str, existing: str, new: str
) -> None:
    """Testbed section 3, first row: both changed, and then NEWREPO:OLDTAG."""
    entry = {"image": image, "defaultImageVersion": version}
    predictors = decode(json.dumps({"sklearn": {"v1": entry, "v2": {}}}), rules("0.7"))
    pinned = service({"sklearn": {"runtimeVersion": "OLDTAG"}})
    assert resolve(pinned, predictors, rules("0.7")).image == existing
    own = service({"sklearn": {"runtimeVersion": "OLDTAG", "image": "own:1"}})
    assert resolve(own, predictors, rules("0.7")).image == "own:1"
    created = service({"sklearn": {}}, finalizers=None)
    assert resolve(created, predictors, rules("0.7")).image == new


def test_a_new_pin_moves_the_tag() -> None:
    predictors = shipped("0.7.0-install")
    old = service({"pytorch": {"runtimeVersion": "OLD", "resources": GPU}})
    pin = pin_at_admission(old, predictors, rules("0.7"))
    assert pin is not None
    found = resolve(with_pin(old, pin.version), predictors, rules("0.7"))
    assert (found.image, found.verdict) == ("pytorch/torchserve-kfs:0.4.1-gpu", RESOLVED)
    assert with_pin(with_pin(old, "x"), "OLD") == old


# --- what needs no predictors ---


@pytest.mark.parametrize("name", ["0.7.0-install", "0.9.0-install", "0.9.0-chart"])
def test_an_image_of_its_own_stays(name: str) -> None:
    """2.1: "else the user's image verbatim (RV unused)"."""
    found = told(name, {"onnx": {"image": "own/image:2.0", **PIN}})
    assert (found.image, found.verdict) == ("own/image:2.0", Verdict.EXPLICIT)


@pytest.mark.parametrize("release", ["0.7.0-install", "0.9.0-install"])
def test_own_containers_stay(release: str) -> None:
    found = told(release, {"containers": [{"name": "kserve-container", "image": "own/image:1"}]})
    assert (found.image, found.verdict) == ("own/image:1", Verdict.CUSTOM)


@pytest.mark.parametrize("name", ["0.7.0-install", "0.8.0-restored", "0.9.0-install"])
def test_model_mesh_is_not_reconciled(name: str) -> None:
    """2.7: by the annotation, or by the default of the ConfigMap."""
    annotations = {"serving.kserve.io/deploymentMode": "ModelMesh"}
    assert told(name, {"onnx": PIN}, annotations=annotations).verdict is Verdict.NOT_RECONCILED
    release = rules(name.split("-", maxsplit=1)[0])
    found = resolve(service({"onnx": PIN}), shipped(name), release, mode="ModelMesh")
    assert (found.image, found.verdict) == (None, Verdict.NOT_RECONCILED)
    annotations = {"serving.kserve.io/deploymentMode": "RawDeployment"}
    raw = service({"onnx": PIN}, annotations=annotations)
    assert resolve(raw, shipped(name), release, mode="ModelMesh").verdict is RESOLVED


def test_a_service_that_is_being_deleted_is_not_reconciled() -> None:
    found = told("0.7.0-install", {"onnx": PIN}, deletionTimestamp="2026-01-01T00:00:00Z")
    assert (found.image, found.verdict) == (None, Verdict.NOT_RECONCILED)


def test_a_predictor_that_says_nothing_or_too_much() -> None:
    assert told("0.7.0-install", {}).verdict is BROKEN
    assert told("0.7.0-install", {"onnx": PIN, "triton": PIN}).verdict is Verdict.CANNOT_TELL
    assert told("0.7.0-install", {"model": {}}).verdict is BROKEN


def test_the_verdicts_are_written_as_words() -> None:
    words = "resolved explicit custom cannot-tell not-reconciled broken"
    assert [verdict.value for verdict in Verdict] == words.split()
