"""Writes that the validating webhook refuses: ``inference_service_validation.go``, 0.7 to 0.20."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from migrate.kserve.config import Config
from migrate.kserve.predictors import decode
from migrate.kserve.refusals import refused_write, sets_pythonpath
from migrate.kserve.runtimes import Runtimes
from migrate.kserve.services import FRAMEWORKS, Canary, Framework
from tests.kserve.release import GPU, rules, service

MODEL = {"modelFormat": {"name": "sklearn"}, "storageUri": "pvc://c"}
MODE, SCALER = "serving.kserve.io/deploymentMode", "serving.kserve.io/autoscalerClass"


def told(release: str, predictor: dict[str, Any], text: str = "{}", **meta: Any) -> str:
    known = rules(release)
    return refused_write(service(predictor, **meta), Config(known, decode(text, known), Runtimes()))


@pytest.mark.parametrize("release", ["0.8", "0.9", "0.12", "0.20"])
@pytest.mark.parametrize("name", ["model", *(name for name in FRAMEWORKS if name != "huggingface")])
def test_one_thing_to_run_is_right(release: str, name: str) -> None:
    assert told(release, {name: MODEL if name == "model" else {}}) == ""


CONTAINER, SIDE = {"name": "kserve-container"}, {"name": "side"}


@pytest.mark.parametrize(
    ("predictor", "early", "late"),
    [
        ({}, True, True),
        ({"sklearn": {}, "onnx": {}}, True, True),
        ({"sklearn": {}, "model": MODEL}, True, True),
        ({"containers": [SIDE]}, False, False),
        ({"containers": [SIDE, CONTAINER]}, False, False),
        ({"model": MODEL, "containers": [SIDE]}, False, False),
        ({"model": MODEL, "containers": [CONTAINER]}, False, True),
        ({"sklearn": {}, "containers": [SIDE, CONTAINER]}, False, True),
    ],
)
def test_more_or_less_than_one_is_refused(
    predictor: dict[str, Any], early: bool, late: bool
) -> None:
    """From 0.12 on only a container named kserve-container is one more."""
    for release, refused in (("0.8", early), ("0.11", early), ("0.12", late), ("0.20", late)):
        assert ("exactly once" in told(release, predictor)) is refused


BLOCKED = {"env": [{"name": "A", "value": "1"}, {"name": "PYTHONPATH", "value": "x"}]}


@pytest.mark.parametrize(
    "predictor",
    [
        {"model": {**MODEL, **BLOCKED}},
        {"sklearn": BLOCKED},
        {"containers": [{**CONTAINER, **BLOCKED}]},
        {"model": MODEL, "containers": [SIDE, {"name": "x", **BLOCKED}]},
        {"model": MODEL, "workerSpec": {"containers": [BLOCKED]}},
    ],
)
def test_pythonpath_is_refused_from_0_18_on(predictor: dict[str, Any]) -> None:
    meta: dict[str, Any] = {"annotations": {SCALER: "none"}}
    assert told("0.18", predictor, **meta) == "it sets PYTHONPATH"
    assert told("0.17", predictor, **meta) == ""


def test_only_that_name_is() -> None:
    assert not sets_pythonpath(Framework())
    assert not sets_pythonpath(Framework(env=[{"name": "pythonpath"}, {"name": "XPYTHONPATH"}]))


@pytest.mark.parametrize(
    ("release", "uri", "scaler", "refused"),
    [
        ("0.14", "gs://m", None, ""),
        ("0.15", "pvc://c", "none", ""),
        ("0.15", "pvc", "none", ""),
        ("0.15", "oci://i", "none", "a storageUri of pvc"),
        ("0.15", "gs://m", "none", "a storageUri of pvc"),
        ("0.15", None, "none", "a storageUri of pvc"),
        ("0.16", "oci://i", "none", ""),
        ("0.16", "s3://i", "none", "a storageUri of oci or pvc"),
        ("0.16", "pvc://c", None, "autoscaler"),
        ("0.20", "pvc://c", "hpa", "autoscaler"),
    ],
)
def test_many_nodes_ask_for_more(
    release: str, uri: str | None, scaler: str | None, refused: str
) -> None:
    """``validateMultiNodeVariables``."""
    predictor = {"model": {**MODEL, "storageUri": uri}, "workerSpec": {}}
    found = told(release, predictor, annotations={SCALER: scaler} if scaler else None)
    assert refused in found
    assert bool(found) is bool(refused)


@pytest.mark.parametrize(
    ("workers", "refused"),
    [
        ({"containers": [{}]}, ""),
        ({"containers": [{}, {}]}, "several containers"),
        ({"pipelineParallelSize": 1, "tensorParallelSize": 1}, ""),
        ({"pipelineParallelSize": 0}, "below 1"),
        ({"tensorParallelSize": -1}, "below 1"),
    ],
)
def test_worker_specs_have_bounds(workers: dict[str, Any], refused: str) -> None:
    meta: dict[str, Any] = {"annotations": {SCALER: "none"}}
    found = told("0.15", {"model": MODEL, "workerSpec": workers}, **meta)
    assert refused in found
    assert bool(found) is bool(refused)
    assert told("0.14", {"model": MODEL, "workerSpec": workers}, **meta) == ""


@pytest.mark.parametrize("release", ["0.9", "0.10", "0.11"])
def test_a_strange_uri_is_the_webhooks_business_up_to_0_10(release: str) -> None:
    for predictor in ({"sklearn": {"storageUri": "odd://m"}}, {"model": {"storageUri": "odd://m"}}):
        assert ("storageUri" in told(release, predictor)) is (release != "0.11")
    assert told(release, {"sklearn": {"storageUri": "gs://m"}}) == ""


@pytest.mark.parametrize("release", ["0.15", "0.16", "0.20"])
@pytest.mark.parametrize("name", ["sklearn", "model"])
def test_a_name_of_the_models_container_is_refused_from_0_16_on(release: str, name: str) -> None:
    """``validatePredictor`` of 0.16.0."""
    assert ("has a name" in told(release, {name: {"name": "x"}})) is (release != "0.15")
    assert told(release, {name: {"name": ""}}) == ""
    assert told(release, {"containers": [CONTAINER]}) == ""


@pytest.mark.parametrize(
    ("release", "mode", "refused"),
    [("0.20", None, True), ("0.20", "Standard", False), ("0.20", "Knative", True)],
)
def test_canaries_need_the_annotation_of_their_mode(
    release: str, mode: str | None, refused: bool
) -> None:
    """``validateCanarySpecs``."""
    of = service({"model": MODEL}, annotations={MODE: mode} if mode else None)
    canaried = msgspec.structs.replace(of.spec, canary=[Canary()])
    known = rules(release)
    config = Config(known, decode(None, known), Runtimes())
    found = refused_write(msgspec.structs.replace(of, spec=canaried), config)
    assert bool(found) is refused
    assert refused_write(of, config) == ""


def test_0_7_wants_a_version_for_the_gpu() -> None:
    """``validateGPU`` in ``predictor_tfserving.go`` of 0.7.0."""
    text = json.dumps({"tensorflow": {"image": "x", "defaultImageVersion": "1"}})
    wrong = {"tensorflow": {"resources": GPU, "runtimeVersion": "1"}}
    assert "-gpu" in told("0.7", wrong, text)
    right = {"tensorflow": {"resources": GPU, "runtimeVersion": "1-gpu"}}
    assert told("0.7", right, text) == ""
