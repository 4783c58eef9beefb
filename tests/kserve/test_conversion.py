"""What the webhook makes of a whole manifest, fields and all that nobody here reads."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest

from migrate.kserve.config import Config
from migrate.kserve.conversion import stored, unlike
from migrate.kserve.predictors import decode
from migrate.kserve.runtimes import Runtimes
from migrate.objects import Manifest
from tests.kserve.release import rules


def config(release: str) -> Config:
    return Config(rules(release), decode("{}", rules(release)), Runtimes(), "Knative")


def manifest(field: str = "sklearn", **spec: Any) -> Manifest:
    own = {"storageUri": "gs://m", "runtimeVersion": "v0.7.0", "livenessProbe": {"x": 1}, **spec}
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "iris", "namespace": "team", "labels": {"a": "b"}},
        "spec": {"predictor": {field: own, "maxReplicas": 3}, "transformer": {"x": 1}},
    }


def test_all_that_is_not_read_travels_along() -> None:
    live = manifest()
    before = copy.deepcopy(live)
    found = stored(live, config("0.9"))
    assert live == before
    assert found["spec"]["predictor"] == {
        "maxReplicas": 3,
        "model": {
            "modelFormat": {"name": "sklearn"},
            "storageUri": "gs://m",
            "runtimeVersion": "v0.7.0",
            "livenessProbe": {"x": 1},
        },
    }
    assert found["spec"]["transformer"] == {"x": 1}
    assert found["metadata"]["labels"] == {"a": "b"}


def test_the_class_of_the_former_pytorch_server_goes() -> None:
    found = stored(manifest("pytorch", modelClassName="Net"), config("0.9"))
    assert "modelClassName" not in found["spec"]["predictor"]["model"]


def test_0_8_names_the_runtime_and_adds_labels_and_variables() -> None:
    env = [{"name": "A", "value": "b"}]
    found = stored(manifest(protocolVersion="v2", env=env), config("0.8"))
    model = found["spec"]["predictor"]["model"]
    assert model["runtime"] == "kserve-mlserver"
    assert [one["name"] for one in model["env"]][:2] == ["A", "MLSERVER_MODEL_NAME"]
    assert found["metadata"]["labels"] == {"a": "b", "modelClass": "mlserver_sklearn.SKLearnModel"}


def test_one_in_the_model_form_stays() -> None:
    live = stored(manifest(), config("0.9"))
    assert stored(live, config("0.9")) == live


def test_one_in_the_model_form_gets_what_a_write_adds() -> None:
    live = manifest("model", modelFormat={"name": "triton", "version": "1"})
    found = stored(live, msgspec.structs.replace(config("0.20"), mode="Standard"))
    model = live["spec"]["predictor"]["model"]
    assert found["spec"]["predictor"]["model"] == {**model, "protocolVersion": "v2"}
    assert found["spec"]["predictor"]["maxReplicas"] == 3
    assert found["metadata"]["annotations"] == {
        "serving.kserve.io/deploymentMode": "Standard",
        "modelFormat": "triton",
    }


@pytest.mark.parametrize("also", ["model", "xgboost"])
def test_what_every_webhook_refuses_keeps_its_spec(also: str) -> None:
    live = manifest()
    live["spec"]["predictor"][also] = {}
    assert stored(live, config("0.9"))["spec"] == live["spec"]


def paths(expected: Manifest, found: Manifest) -> list[str]:
    return [one.path for one in unlike(expected, found)]


def test_what_is_empty_is_as_good_as_not_there() -> None:
    one, other = manifest(), manifest(name="", resources={}, env=[], args=None)
    other["metadata"]["annotations"] = {}
    assert unlike(one, other) == []


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"storageUri": "gs://n"}, "/spec/predictor/sklearn/storageUri"),
        ({"runtimeVersion": None}, "/spec/predictor/sklearn/runtimeVersion"),
        ({"resources": {"limits": {"cpu": "1"}}}, "/spec/predictor/sklearn/resources"),
        ({"env": [{"name": "A"}]}, "/spec/predictor/sklearn/env"),
    ],
)
def test_what_differs_is_named(change: dict[str, Any], path: str) -> None:
    assert paths(manifest(), manifest(**change)) == [path]


def test_labels_and_annotations_count_and_others_of_the_metadata_do_not() -> None:
    other = manifest()
    other["metadata"] |= {"labels": {"a": "c"}, "annotations": {"x/y": "z"}, "generation": 2}
    assert paths(manifest(), other) == ["/metadata/labels/a", "/metadata/annotations"]


def test_the_order_of_variables_counts() -> None:
    first, second = {"name": "A"}, {"name": "B"}
    found = paths(manifest(env=[first, second]), manifest(env=[second, first]))
    assert found == ["/spec/predictor/sklearn/env"]
