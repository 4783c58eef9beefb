"""What the webhook makes of a service: ``inference_service_defaults.go``, 0.9 to 0.20.

What 0.8 alone does at admission is in ``test_admission_early.py``.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from migrate.kserve.admission import admitted
from migrate.kserve.config import Config
from migrate.kserve.predictors import decode
from migrate.kserve.runtimes import Runtimes
from migrate.kserve.services import InferenceService, Model
from tests.kserve.release import rules, service

MODE = "serving.kserve.io/deploymentMode"
FIELDS = [
    *("sklearn", "tensorflow", "xgboost", "pytorch", "triton"),
    *("onnx", "huggingface", "pmml", "lightgbm", "paddle"),
]


def stored(
    release: str, predictor: dict[str, Any], mode: str = "Knative", **metadata: Any
) -> InferenceService:
    seen = decode(None, rules(release)) if release != "0.7" else decode("{}", rules("0.9"))
    config = Config(rules(release), seen, Runtimes(), mode)
    return admitted(service(predictor, **metadata), config)


def model_of(of: InferenceService) -> Model:
    assert of.spec.predictor.model is not None
    return of.spec.predictor.model


@pytest.mark.parametrize("release", ["0.9", "0.10", "0.12", "0.16", "0.17", "0.20"])
@pytest.mark.parametrize("field", FIELDS)
def test_a_framework_field_becomes_a_model(release: str, field: str) -> None:
    if field == "huggingface" and not rules(release).knows_huggingface:
        return
    spec = {"storageUri": "gs://m", "runtimeVersion": "1", "image": "x:1", "args": ["--a"]}
    found = stored(release, {field: spec, "minReplicas": 2})
    model = model_of(found)
    assert getattr(found.spec.predictor, field) is None
    assert (model.model_format.name, model.model_format.version) == (field, None)
    assert (model.storage_uri, model.runtime_version, model.image) == ("gs://m", "1", "x:1")
    assert (model.args, model.env, model.runtime) == (["--a"], None, None)
    assert found.spec.predictor.min_replicas == 2
    assert found.metadata.name == "s"


@pytest.mark.parametrize("release", ["0.8", "0.9", "0.10", "0.15", "0.20"])
def test_what_stands_in_a_model_beside_a_framework_is_dropped(release: str) -> None:
    beside = {"modelFormat": {"name": "sklearn"}, "runtime": "mine", "runtimeVersion": "9"}
    model = model_of(stored(release, {"sklearn": {"storageUri": "gs://m"}, "model": beside}))
    assert model.runtime == ("kserve-sklearnserver" if release == "0.8" else None)
    assert (model.runtime_version, model.storage_uri) == (None, "gs://m")


def test_huggingface_is_no_field_before_0_12() -> None:
    assert stored("0.11", {"huggingface": {}}).spec.predictor.model is None
    assert model_of(stored("0.12", {"huggingface": {}})).model_format.name == "huggingface"


@pytest.mark.parametrize(("first", "second"), list(pairwise(FIELDS)))
def test_the_first_of_two_fields_is_converted(first: str, second: str) -> None:
    """The order of the ``switch`` in ``setPredictorModelDefaults``."""
    found = stored("0.20", {first: {}, second: {}})
    assert model_of(found).model_format.name == first
    assert getattr(found.spec.predictor, second) is not None


def test_a_class_name_does_not_come_along() -> None:
    found = stored("0.9", {"pytorch": {"modelClassName": "Net"}})
    assert model_of(found).model_class_name is None


V2 = {"0.9": {"triton", "onnx"}, "0.11": {"triton", "onnx"}}
V2["0.12"] = V2["0.20"] = {"triton", "onnx", "huggingface"}


@pytest.mark.parametrize("release", V2)
@pytest.mark.parametrize("field", FIELDS)
def test_some_fields_become_protocol_v2(release: str, field: str) -> None:
    if field == "huggingface" and not rules(release).knows_huggingface:
        return
    default = "v2" if field in V2[release] else None
    assert model_of(stored(release, {field: {}})).protocol_version == default
    asked = {field: {"protocolVersion": "grpc-v2"}}
    assert model_of(stored(release, asked)).protocol_version == "grpc-v2"


FORMATS: dict[str, set[str]] = {"0.10": set(), "0.11": {"triton"}, "0.19": {"triton"}}
FORMATS["0.20"] = {"triton", "vLLM"}


@pytest.mark.parametrize("release", FORMATS)
@pytest.mark.parametrize("format_", ["triton", "vLLM", "onnx", "huggingface", "sklearn"])
def test_some_formats_of_a_model_become_protocol_v2(release: str, format_: str) -> None:
    default = "v2" if format_ in FORMATS[release] else None
    asked = {"modelFormat": {"name": format_}}
    assert model_of(stored(release, {"model": asked})).protocol_version == default
    asked["protocolVersion"] = "v1"  # type: ignore[assignment]
    assert model_of(stored(release, {"model": asked})).protocol_version == "v1"


@pytest.mark.parametrize("release", ["0.16", "0.17", "0.20"])
def test_the_format_is_stored_as_an_annotation_from_0_17_on(release: str) -> None:
    told = {} if release == "0.16" else {"modelFormat": "sklearn"}
    assert (stored(release, {"sklearn": {}}).metadata.annotations or {}) == told
    model = {"model": {"modelFormat": {"name": "sklearn"}}}
    assert (stored(release, model).metadata.annotations or {}) == told
    own = {"modelFormat": "mine", "other": "x"}
    assert stored(release, model, annotations=own).metadata.annotations == own
    other = {"other": "x"}
    assert stored(release, model, annotations=other).metadata.annotations == {**other, **told}
    nameless = {"model": {"modelFormat": {"name": ""}}}
    assert stored(release, nameless).metadata.annotations is None
    assert stored(release, {"containers": [{}]}).metadata.annotations is None


MODES = [
    ("0.8", "Standard", None),
    ("0.9", "Knative", None),
    ("0.9", "Standard", "RawDeployment"),
    ("0.9", "ModelMesh", "ModelMesh"),
    ("0.15", "Standard", "RawDeployment"),
    ("0.16", "Standard", "Standard"),
    ("0.16", "Knative", None),
    ("0.16", "ModelMesh", "ModelMesh"),
    ("0.20", "Standard", "Standard"),
]


@pytest.mark.parametrize(("release", "mode", "word"), MODES)
def test_a_default_mode_other_than_knative_is_stored_from_0_9_on(
    release: str, mode: str, word: str | None
) -> None:
    found = stored(release, {"containers": [{}]}, mode, annotations={"other": "x"})
    assert found.metadata.annotations == {"other": "x", **({MODE: word} if word else {})}
    assert stored(release, {"containers": [{}]}, mode).metadata.annotation(MODE) == word


@pytest.mark.parametrize("asked", ["", "Serverless", "RawDeployment", "Nonsense"])
def test_a_mode_that_is_there_is_not_replaced_by_the_default(asked: str) -> None:
    found = stored("0.16", {"sklearn": {}}, "Standard", annotations={MODE: asked})
    assert found.metadata.annotation(MODE) == asked


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ("RawDeployment", "Standard"),
        ("Serverless", "Knative"),
        ("Standard", "Standard"),
        ("ModelMesh", "ModelMesh"),
        ("Nonsense", "Nonsense"),
    ],
)
def test_old_words_are_replaced_from_0_17_on(asked: str, word: str) -> None:
    found = stored("0.17", {"containers": [{}]}, annotations={MODE: asked})
    assert found.metadata.annotation(MODE) == word
    before = stored("0.16", {"containers": [{}]}, annotations={MODE: asked})
    assert before.metadata.annotation(MODE) == asked


@pytest.mark.parametrize("release", ["0.8", "0.9", "0.10", "0.20"])
def test_what_asks_for_model_mesh_is_not_converted(release: str) -> None:
    found = stored(release, {"sklearn": {}}, annotations={MODE: "ModelMesh"})
    assert found.spec.predictor.model is None
    assert found.spec.predictor.sklearn is not None


@pytest.mark.parametrize("release", ["0.9", "0.10", "0.20"])
def test_0_9_alone_reads_the_default_as_if_it_was_asked_for(release: str) -> None:
    """It reads the annotation after writing it; later releases read it before."""
    found = stored(release, {"sklearn": {}}, "ModelMesh")
    assert (found.spec.predictor.model is None) is (release == "0.9")
    assert found.metadata.annotation(MODE) == "ModelMesh"
