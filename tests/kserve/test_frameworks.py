"""The container of a framework field: ``GetContainer`` in ``predictor_*.go``, 0.7.0 to 0.9.0."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.kserve.frameworks import framework_container
from migrate.kserve.predictors import Entry
from migrate.kserve.quantities import QuantityError
from migrate.objects import Manifest
from tests.kserve.release import GPU, rules, service

PYTHON = ["--model_name=s", "--model_dir=/mnt/models", "--http_port=8080"]
TORCHSERVE = ["torchserve", "--start", "--model-store=/mnt/models/model-store"]
TORCHSERVE += ["--ts-config=/mnt/models/config/config.properties"]
TRITON = ["tritonserver", "--model-store=/mnt/models", "--grpc-port=9000", "--http-port=8080"]
TRITON += ["--allow-grpc=true", "--allow-http=true"]


def made(release: str, field: str, spec: dict[str, Any], **predictor: Any) -> Manifest:
    of = service({field: {"image": "x:1", **spec}, **predictor}).spec.predictor
    entry = Entry(field, default_timeout=60)
    return framework_container("s", field, of, entry, rules(release))


def args(release: str, field: str, spec: dict[str, Any], **predictor: Any) -> list[str]:
    found: list[str] = made(release, field, spec, **predictor).get("args", [])
    return found


@pytest.mark.parametrize("release", ["0.7", "0.8", "0.9"])
@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("sklearn", ["--workers=3"]),
        ("paddle", ["--workers=3"]),
        ("pmml", []),
        ("xgboost", ["--nthread=0", "--workers=3"]),
        ("lightgbm", ["--nthread=0", "--workers=3"]),
    ],
)
def test_servers_in_python(release: str, field: str, more: list[str]) -> None:
    told = args(release, field, {"args": ["--own"]}, containerConcurrency=3)
    assert told == [*PYTHON, *more, "--own"]
    without = [arg for arg in more if not arg.startswith("--workers")]
    assert args(release, field, {}) == [*PYTHON, *without]
    own = {"args": ["--workers-x=9"]}
    assert args(release, field, own, containerConcurrency=3) == [*PYTHON, *without, *own["args"]]


def test_no_workers_at_all_are_told() -> None:
    assert args("0.7", "sklearn", {}, containerConcurrency=0) == [*PYTHON, "--workers=0"]


@pytest.mark.parametrize(
    ("cpu", "threads"), [("2", 2), (2, 2), ("500m", 1), ("2100m", 3), ("1.5", 2), ("0", 0)]
)
@pytest.mark.parametrize("field", ["xgboost", "lightgbm"])
def test_threads_are_the_limit_on_cpus_rounded_up(field: str, cpu: object, threads: int) -> None:
    told = args("0.7", field, {"resources": {"limits": {"cpu": cpu}}})
    assert told == [*PYTHON, f"--nthread={threads}"]
    assert args("0.7", field, {"resources": {"requests": {"cpu": "9"}}})[-1] == "--nthread=0"
    assert args("0.7", field, {"resources": {"limits": {"memory": "9"}}})[-1] == "--nthread=0"


def test_a_limit_that_is_no_number_is_refused() -> None:
    with pytest.raises(QuantityError):
        args("0.7", "xgboost", {"resources": {"limits": {"cpu": "many"}}})


@pytest.mark.parametrize(
    ("spec", "more"),
    [
        ({}, ["--workers=3"]),
        ({"args": ["--workers=9"]}, ["--workers=9"]),
        ({"resources": GPU}, ["--workers=1"]),
        ({"resources": GPU, "args": ["--workers=9"]}, ["--workers=1", "--workers=9"]),
    ],
)
def test_the_former_server_of_pytorch(spec: dict[str, Any], more: list[str]) -> None:
    """``GetContainerV1`` in ``predictor_torchserve.go`` of 0.7.0."""
    told = args("0.7", "pytorch", {"modelClassName": "Net", **spec}, containerConcurrency=3)
    name, model_dir, port = PYTHON
    assert told == [name, "--model_class_name=Net", model_dir, port, *more]


@pytest.mark.parametrize(
    ("release", "spec", "envelope"),
    [
        ("0.7", {}, None),
        ("0.7", {"modelClassName": "Net", "protocolVersion": "v2"}, None),
        ("0.8", {}, "kserve"),
        ("0.8", {"protocolVersion": "v1"}, "kserve"),
        ("0.9", {"protocolVersion": "v2"}, "kservev2"),
        ("0.9", {"protocolVersion": "grpc-v2"}, "kservev2"),
        ("0.9", {"protocolVersion": "grpc-v1"}, "kservev2"),
    ],
)
def test_torchserve(release: str, spec: dict[str, Any], envelope: str | None) -> None:
    """From 0.8 on its envelope is told; all but v1 is v2 there."""
    own = [{"name": "OWN", "value": "1"}]
    found = made(release, "pytorch", {**spec, "env": own})
    assert found["args"] == TORCHSERVE
    told = [{"name": "TS_SERVICE_ENVELOPE", "value": envelope}] if envelope else []
    assert found["env"] == [*own, *told]


@pytest.mark.parametrize(("timeout", "told"), [(None, 60000), (7, 7000), (0, 0)])
def test_tensorflow(timeout: int | None, told: int) -> None:
    found = made("0.7", "tensorflow", {"args": ["--own"], "command": ["mine"]}, timeout=timeout)
    assert found["args"] == [
        *("--port=9000", "--rest_api_port=8080", "--model_name=s"),
        *("--model_base_path=/mnt/models", f"--rest_api_timeout_in_ms={told}", "--own"),
    ]
    assert found["command"] == ["/usr/bin/tensorflow_model_server"]
    assert "command" not in made("0.7", "sklearn", {})


@pytest.mark.parametrize(
    ("spec", "concurrency", "more"),
    [
        ({"storageUri": "gs://m"}, None, []),
        ({"storageUri": "gs://m"}, 0, []),
        ({"storageUri": "gs://m"}, 4, ["--http-thread-count=4"]),
        ({}, 4, ["--http-thread-count=4", "--model-control-mode=explicit"]),
        ({"args": ["--own"]}, None, ["--model-control-mode=explicit", "--own"]),
    ],
)
def test_triton(spec: dict[str, Any], concurrency: int | None, more: list[str]) -> None:
    told = args("0.7", "triton", spec, containerConcurrency=concurrency)
    assert told == [*TRITON, *more]


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        (None, "model.onnx"),
        ("gs://b/dir", "model.onnx"),
        ("gs://b/dir.v1/", "model.onnx"),
        ("gs://b/dir.v1/file", "model.onnx"),
        ("gs://b/style.onnx", "style.onnx"),
        ("gs://b/dir/net.v2.onnx", "net.v2.onnx"),
    ],
)
def test_onnx(uri: str | None, path: str) -> None:
    """Go's ``path.Ext`` and ``path.Base`` of the URI."""
    told = [f"--model_path=/mnt/models/{path}", "--http_port=8080", "--grpc_port=9000"]
    assert args("0.7", "onnx", {"storageUri": uri}) == told


CLASSES = {"sklearn": "mlserver_sklearn.SKLearnModel", "xgboost": "mlserver_xgboost.XGBoostModel"}


@pytest.mark.parametrize("release", ["0.7", "0.9"])
@pytest.mark.parametrize("protocol", ["v2", "grpc-v2"])
@pytest.mark.parametrize(("field", "name"), CLASSES.items())
@pytest.mark.parametrize("uri", ["gs://m", None])
def test_mlserver(release: str, protocol: str, field: str, name: str, uri: str | None) -> None:
    """``getEnvVarsV2`` and ``getDefaultsV2``: its own arguments are none."""
    own = {"env": [{"name": "OWN", "value": "1"}], "args": ["--own"]}
    asked = {**own, "protocolVersion": protocol, "storageUri": uri}
    found = made(release, field, asked, containerConcurrency=3)
    assert found["args"] == ["--own"]
    waits = [] if uri else [("MLSERVER_LOAD_MODELS_AT_STARTUP", "false")]
    one = [("MLSERVER_MODEL_NAME", "s"), ("MLSERVER_MODEL_URI", "/mnt/models")]
    assert [(item["name"], item["value"]) for item in found["env"]] == [
        *(("OWN", "1"), ("MLSERVER_HTTP_PORT", "8080"), ("MLSERVER_GRPC_PORT", "9000")),
        *(("MODELS_DIR", "/mnt/models"), *waits, ("MLSERVER_MODEL_IMPLEMENTATION", name)),
        *(one if uri else []),
    ]
    assert "args" not in made(release, field, {"protocolVersion": protocol})


def test_the_rest_of_the_field_is_the_container() -> None:
    spec = {"name": "other", "ports": [{"containerPort": 1}], "storageUri": "gs://m"}
    found = made("0.9", "sklearn", spec)
    assert found == {
        "name": "kserve-container",
        "image": "x:1",
        "ports": [{"containerPort": 1}],
        "args": PYTHON,
    }


@pytest.mark.parametrize("field", ["lightgbm", "paddle", "triton"])
def test_v2_is_nothing_special_to_the_others(field: str) -> None:
    spec = {"protocolVersion": "v2"}
    assert made("0.9", field, spec) == made("0.9", field, {})
