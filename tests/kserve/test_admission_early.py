"""What the webhooks of 0.7 and 0.8 store: ``predictor_*.go``, ``inference_service_defaults.go``."""

from __future__ import annotations

import json
from typing import Any

import pytest

from migrate.kserve.admission import admitted
from migrate.kserve.config import Config
from migrate.kserve.predictors import Predictors, PredictorsError, decode
from migrate.kserve.runtimes import Runtimes
from migrate.kserve.services import InferenceService, Model, framework_of
from tests.kserve.release import GPU, rules, service

VERSIONS = {"image": "x", "defaultImageVersion": "NEW", "defaultGpuImageVersion": "NEW-gpu"}
NESTED = {"v1": VERSIONS, "v2": {**VERSIONS, "defaultImageVersion": "NEW2"}}
TEXT = json.dumps(
    {
        **dict.fromkeys(["tensorflow", "triton", "onnx", "pmml", "lightgbm", "paddle"], VERSIONS),
        **dict.fromkeys(["sklearn", "xgboost", "pytorch"], NESTED),
    }
)


def stored(release: str, predictor: dict[str, Any], **metadata: Any) -> InferenceService:
    seen = decode(TEXT, rules(release))
    config = Config(rules(release), seen, Runtimes(), metadata.pop("mode", "Knative"))
    return admitted(service(predictor, **metadata), config)


def model_of(of: InferenceService) -> Model:
    assert of.spec.predictor.model is not None
    return of.spec.predictor.model


PINS = [
    ("sklearn", {}, "NEW", "v1"),
    ("sklearn", {"protocolVersion": "v2"}, "NEW2", "v2"),
    ("sklearn", {"runtimeVersion": "OLD"}, "OLD", "v1"),
    ("sklearn", {"runtimeVersion": ""}, "", "v1"),
    ("xgboost", {}, "NEW", "v1"),
    ("pytorch", {"modelClassName": "Net"}, "NEW", "v1"),
    ("pytorch", {"modelClassName": "Net", "resources": GPU}, "NEW-gpu", "v1"),
    ("pytorch", {}, "NEW2", "v1"),
    ("tensorflow", {}, "NEW", None),
    ("tensorflow", {"resources": GPU}, "NEW-gpu", None),
    ("triton", {"resources": GPU}, "NEW", None),
    ("onnx", {}, "NEW", None),
    ("pmml", {}, "NEW", None),
    ("lightgbm", {}, "NEW", None),
    ("paddle", {"protocolVersion": "v2"}, "NEW", "v2"),
]


@pytest.mark.parametrize(("field", "spec", "version", "protocol"), PINS)
def test_0_7_pins_the_version_and_sets_a_protocol(
    field: str, spec: dict[str, Any], version: str, protocol: str | None
) -> None:
    found = framework_of(stored("0.7", {field: {**spec, "image": "own:1"}}))
    assert found is not None
    assert (found.runtime_version, found.protocol_version) == (version, protocol)
    assert found.image == "own:1"


def test_0_7_leaves_everything_else_alone() -> None:
    of = service({"containers": [{"image": "x"}]})
    config = Config(rules("0.7"), decode(TEXT, rules("0.7")), Runtimes(), "Standard")
    assert admitted(of, config) == of


def test_0_7_stores_nothing_where_it_cannot_decode() -> None:
    error: Predictors | PredictorsError
    try:
        error = decode("{", rules("0.7"))
    except PredictorsError as found:
        error = found
    of = service({"sklearn": {}})
    assert admitted(of, Config(rules("0.7"), error, Runtimes())) == of


RUNTIMES = {
    "sklearn": "kserve-sklearnserver",
    "xgboost": "kserve-xgbserver",
    "tensorflow": "kserve-tensorflow-serving",
    "pytorch": "kserve-torchserve",
    "triton": "kserve-tritonserver",
    "onnx": "kserve-tritonserver",
    "pmml": "kserve-pmmlserver",
    "lightgbm": "kserve-lgbserver",
    "paddle": "kserve-paddleserver",
}


@pytest.mark.parametrize(("field", "runtime"), RUNTIMES.items())
def test_0_8_names_a_runtime_and_a_protocol(field: str, runtime: str) -> None:
    """``assignSKLearnRuntime`` and the others."""
    model = model_of(stored("0.8", {field: {"storageUri": "gs://m"}}))
    assert (model.runtime, model.model_format.name) == (runtime, field)
    unset = field in ("pytorch", "triton", "onnx")
    assert model.protocol_version == (None if unset else "v1")
    assert (model.env, model.args) == (None, None)


@pytest.mark.parametrize(("field", "runtime"), RUNTIMES.items())
def test_0_8_gives_sklearn_and_xgboost_on_v2_to_mlserver(field: str, runtime: str) -> None:
    asked = {"storageUri": "gs://m", "protocolVersion": "v2", "env": [{"name": "A", "value": "1"}]}
    found = stored("0.8", {field: asked}, labels={"own": "l"})
    model, env = model_of(found), [{"name": "A", "value": "1"}]
    classes = {"sklearn": "sklearn.SKLearnModel", "xgboost": "xgboost.XGBoostModel"}
    assert model.protocol_version == "v2"
    if field in classes:
        env += [{"name": "MLSERVER_MODEL_NAME", "value": "s"}]
        env += [{"name": "MLSERVER_MODEL_URI", "value": "/mnt/models"}]
        labels = {"own": "l", "modelClass": f"mlserver_{classes[field]}"}
        runtime = "kserve-mlserver"
    else:
        labels = {"own": "l"} | ({"serviceEnvelope": "kservev2"} if field == "pytorch" else {})
    assert (model.runtime, model.env, found.metadata.labels) == (runtime, env, labels)


@pytest.mark.parametrize("field", ["sklearn", "xgboost"])
def test_0_8_tells_mlserver_that_it_has_no_model(field: str) -> None:
    model = model_of(stored("0.8", {field: {"protocolVersion": "v2"}}))
    assert model.env == [{"name": "MLSERVER_LOAD_MODELS_AT_STARTUP", "value": "false"}]


@pytest.mark.parametrize("field", ["triton", "onnx", "sklearn"])
def test_0_8_has_triton_wait_for_models(field: str) -> None:
    explicit = ["--own", "--model-control-mode=explicit"]
    model = model_of(stored("0.8", {field: {"args": ["--own"]}}))
    assert model.args == (explicit if field == "triton" else ["--own"])
    assert model_of(stored("0.8", {"triton": {}})).args == explicit[1:]


@pytest.mark.parametrize("runtime", ["kserve-mlserver", "kserve-sklearnserver", None])
def test_0_8_appends_to_a_model_at_every_write(runtime: str | None) -> None:
    """``setMlServerDefaults`` does not look at what is there."""
    asked = {"modelFormat": {"name": "xgboost"}, "runtime": runtime, "storageUri": "gs://m"}
    once = stored("0.8", {"model": asked})
    config = Config(rules("0.8"), decode(TEXT, rules("0.8")), Runtimes())
    twice = admitted(once, config)
    names = [item["name"] for item in model_of(twice).env or ()]
    told = ["MLSERVER_MODEL_NAME", "MLSERVER_MODEL_URI"] if runtime == "kserve-mlserver" else []
    assert names == told * 2
    label = {"modelClass": "mlserver_xgboost.XGBoostModel"} if told else {}
    assert (twice.metadata.labels or {}) == label


@pytest.mark.parametrize(
    ("format_", "runtime", "labelled"),
    [
        ("pytorch", None, True),
        ("pytorch", "kserve-torchserve", True),
        ("pytorch", "mine", False),
        ("sklearn", "kserve-torchserve", False),
        ("sklearn", None, False),
    ],
)
def test_0_8_labels_models_of_torchserve(format_: str, runtime: str | None, labelled: bool) -> None:
    asked = {"modelFormat": {"name": format_}, "runtime": runtime, "protocolVersion": "v2"}
    found = stored("0.8", {"model": asked})
    assert (found.metadata.labels or {}) == ({"serviceEnvelope": "kservev2"} if labelled else {})
    assert model_of(found).protocol_version == "v2"


@pytest.mark.parametrize("protocol", [None, "v1", "grpc-v2"])
def test_0_8_has_another_envelope_for_v2_alone(protocol: str | None) -> None:
    found = stored("0.8", {"pytorch": {"protocolVersion": protocol}})
    assert found.metadata.labels == {"serviceEnvelope": "kserve"}
