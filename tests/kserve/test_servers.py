"""What MLServer, TorchServe and Triton get: ``SetRuntimeDefaults``, 0.9 to 0.20.

``pkg/apis/serving/v1beta1/inference_service_defaults.go``.
"""

from __future__ import annotations

from typing import Any

import pytest

from migrate.kserve.servers import (
    Prepared,
    envelope,
    mlserver_env,
    model_class,
    prepared,
    server_of,
    with_labels,
)
from migrate.kserve.services import Model
from tests.kserve.release import rules, service

NAMED = {"kserve-mlserver": "mlserver", "kserve-torchserve": "torchserve"}
NAMED |= {"kserve-tritonserver": "tritonserver", "kserve-huggingfaceserver": "", "mine": ""}


@pytest.mark.parametrize(("runtime", "server"), NAMED.items())
def test_the_name_of_the_runtime_tells_up_to_0_16(runtime: str, server: str) -> None:
    assert server_of(runtime, None, rules("0.8")) == ""
    for release in ("0.9", "0.16"):
        assert server_of(runtime, "torchserve", rules(release)) == server
    assert server_of(runtime, None, rules("0.17")) == server


@pytest.mark.parametrize("annotation", ["mlserver", "torchserve", "tritonserver"])
def test_the_annotation_tells_from_0_17_on(annotation: str) -> None:
    assert server_of("mine", annotation, rules("0.17")) == annotation
    assert server_of("kserve-mlserver", annotation, rules("0.20")) == annotation


@pytest.mark.parametrize("annotation", ["", "huggingfaceserver", "unheard"])
def test_an_annotation_that_names_none_of_them_rules_the_name_out(annotation: str) -> None:
    assert server_of("kserve-mlserver", annotation, rules("0.17")) == ""


def ready(release: str, server: str, format_: str = "sklearn", **model: Any) -> Prepared:
    of = service({"model": {"modelFormat": {"name": format_}, **model}}, labels={"own": "l"})
    assert isinstance(of.spec.predictor.model, Model)
    return prepared(of, of.spec.predictor.model, server, rules(release))


def env(found: Prepared) -> list[tuple[str, str]]:
    return [(item["name"], item["value"]) for item in found.model.env or ()]


ONE_MODEL = [("MLSERVER_MODEL_NAME", "s"), ("MLSERVER_MODEL_URI", "/mnt/models")]
NO_MODEL = [("MLSERVER_LOAD_MODELS_AT_STARTUP", "false")]


@pytest.mark.parametrize("release", ["0.9", "0.10", "0.20"])
@pytest.mark.parametrize(
    ("storage", "told"),
    [
        ({"storageUri": "gs://m"}, ONE_MODEL),
        ({"storage": {"path": "p"}}, ONE_MODEL),
        ({}, NO_MODEL),
    ],
)
def test_mlserver_is_told_where_its_model_is(
    release: str, storage: dict[str, Any], told: list[tuple[str, str]]
) -> None:
    own = [{"name": "OWN", "value": "1"}]
    found = ready(release, "mlserver", env=own, **storage)
    assert env(found) == [("OWN", "1"), *told]
    assert env(ready(release, "mlserver", **storage)) == told
    assert found.server == "mlserver"


@pytest.mark.parametrize("name", ["MLSERVER_MODEL_NAME", "MLSERVER_MODEL_URI"])
def test_variables_of_the_service_are_not_doubled_from_0_10_on(name: str) -> None:
    """``AppendEnvVarIfNotExists`` came with 0.10."""
    own = [{"name": name, "value": "mine"}]
    rest = [pair for pair in ONE_MODEL if pair[0] != name]
    assert env(ready("0.10", "mlserver", env=own, storageUri="x")) == [(name, "mine"), *rest]
    assert env(ready("0.9", "mlserver", env=own, storageUri="x")) == [(name, "mine"), *ONE_MODEL]


CLASSES = {
    "sklearn": "mlserver_sklearn.SKLearnModel",
    "xgboost": "mlserver_xgboost.XGBoostModel",
    "lightgbm": "mlserver_lightgbm.LightGBMModel",
    "mlflow": "mlserver_mlflow.MLflowRuntime",
    "unheard": "mlserver_sklearn.SKLearnModel",
}


@pytest.mark.parametrize(("format_", "name"), CLASSES.items())
def test_mlserver_serves_a_format_by_a_class(format_: str, name: str) -> None:
    labels = ready("0.9", "mlserver", format_).metadata.labels
    assert labels == {"own": "l", "modelClass": name}


def test_0_8_knows_no_class_for_mlflow() -> None:
    """``setMlServerDefaults`` of 0.8.0 looks at xgboost and lightgbm alone."""
    told = [model_class(format_, knows_mlflow=False) for format_ in CLASSES]
    assert told == [*list(CLASSES.values())[:3], CLASSES["sklearn"], CLASSES["sklearn"]]


def test_0_8_does_not_look_at_storage() -> None:
    spec = Model(storage={"path": "p"})
    assert mlserver_env("s", spec, storage_counts=False)[0]["name"] == NO_MODEL[0][0]
    there = Model(storage_uri="x")
    assert len(mlserver_env("s", there, storage_counts=False)) == len(ONE_MODEL)


@pytest.mark.parametrize(
    ("server", "default"), [("mlserver", "v2"), ("torchserve", "v1"), ("tritonserver", "v2")]
)
def test_each_server_has_a_protocol_where_none_is_asked(server: str, default: str) -> None:
    assert ready("0.9", server).model.protocol_version == default
    assert ready("0.9", server, protocolVersion="grpc-v1").model.protocol_version == "grpc-v1"
    assert ready("0.9", server, protocolVersion="").model.protocol_version == ""


@pytest.mark.parametrize("release", ["0.9", "0.10", "0.11", "0.12"])
@pytest.mark.parametrize("asked", [None, "v1", "v2", "grpc-v2"])
def test_torchserve_is_told_the_protocol(release: str, asked: str | None) -> None:
    """By the envelope always, by a variable from 0.11 on; grpc-v2 counts as v2 from 0.12 on."""
    found = ready(release, "torchserve", protocolVersion=asked, env=[{"name": "A", "value": "1"}])
    is_v2 = asked == "v2" or (asked == "grpc-v2" and release == "0.12")
    envelope_ = "kservev2" if is_v2 else "kserve"
    assert found.metadata.labels == {"own": "l", "serviceEnvelope": envelope_}
    told = [("PROTOCOL_VERSION", asked or "v1")] if release in ("0.11", "0.12") else []
    assert env(found) == [("A", "1"), *told]
    assert found.server == "torchserve"


def test_envelopes() -> None:
    assert [envelope(p, grpc_counts=True) for p in ("v2", "grpc-v2")] == ["kservev2"] * 2
    assert envelope("grpc-v2", grpc_counts=False) == envelope(None, grpc_counts=True) == "kserve"


@pytest.mark.parametrize(
    ("storage", "more"),
    [
        ({"storageUri": "x"}, []),
        ({"storage": {"path": "p"}}, []),
        ({}, ["--model-control-mode=explicit"]),
    ],
)
def test_triton_without_a_model_waits_for_models(storage: dict[str, Any], more: list[str]) -> None:
    found = ready("0.9", "tritonserver", args=["--own"], **storage)
    assert found.model.args == ["--own", *more]
    assert ready("0.9", "tritonserver", **storage).model.args == more
    assert found.server == "tritonserver"
    assert found.metadata.labels == {"own": "l"}


def test_others_get_nothing() -> None:
    found = ready("0.20", "", env=[], protocolVersion=None)
    assert (found.model.env, found.model.protocol_version, found.server) == ([], None, "")
    assert found.metadata.labels == {"own": "l"}


def test_labels_are_set_over_those_that_are_there() -> None:
    bare = service({}).metadata
    assert with_labels(bare, {"a": "1"}).labels == {"a": "1"}
    both = with_labels(with_labels(bare, {"a": "1", "b": "1"}), {"a": "2"})
    assert both.labels == {"a": "2", "b": "1"}
