"""InferenceServices as they come from the API server, and what is asked of them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.kserve import terms
from migrate.kserve.config import ConfigError, default_mode
from migrate.kserve.modes import mode_of
from migrate.kserve.services import (
    Form,
    FormKind,
    Framework,
    InferenceService,
    form_of,
    framework_of,
    has_gpu,
)
from migrate.objects import ObjectRef
from tests.kserve.release import rules


def service(predictor: dict[str, Any], **metadata: Any) -> InferenceService:
    document = {"metadata": {"name": "s", **metadata}, "spec": {"predictor": predictor}}
    return msgspec.json.decode(msgspec.json.encode(document), type=InferenceService)


FORMS = [
    *(({name: {}}, Form(FormKind.FRAMEWORK, name)) for name in terms.FORMATS),
    ({"model": {"modelFormat": {"name": "sklearn"}}}, Form(FormKind.MODEL)),
    ({"containers": [{"image": "x"}]}, Form(FormKind.CUSTOM)),
    ({"containers": []}, Form(FormKind.NONE)),
    ({"sklearn": None, "containers": None}, Form(FormKind.NONE)),
    ({}, Form(FormKind.NONE)),
    ({"sklearn": {}, "onnx": {}}, Form(FormKind.SEVERAL)),
    ({"sklearn": {}, "model": {}}, Form(FormKind.SEVERAL)),
    ({"sklearn": {}, "containers": [{}]}, Form(FormKind.FRAMEWORK, "sklearn")),
    ({"model": {}, "containers": [{"name": "sidecar"}]}, Form(FormKind.MODEL)),
]


@pytest.mark.parametrize(("predictor", "form"), FORMS)
def test_tells_the_form(predictor: dict[str, Any], form: Form) -> None:
    assert form_of(service(predictor)) == form


def test_the_framework_field_is_the_one_that_is_there() -> None:
    field = framework_of(service({"onnx": {"runtimeVersion": "1"}}))
    assert field == Framework(runtime_version="1")
    assert framework_of(service({"model": {}})) is None


@pytest.mark.parametrize(
    ("resources", "gpu"),
    [
        ({"limits": {"nvidia.com/gpu": 1}}, True),
        ({"limits": {"nvidia.com/gpu": "0"}}, True),
        ({"limits": {"amd.com/gpu": 1}}, False),
        ({"requests": {"nvidia.com/gpu": 1}}, False),
        ({"limits": None}, False),
        (None, False),
    ],
)
def test_a_gpu_is_a_key_in_the_limits(resources: Any, gpu: bool) -> None:
    """legacy-predictors 2.1."""
    field = framework_of(service({"tensorflow": {"resources": resources}}))
    assert field is not None
    assert has_gpu(field) is gpu


def test_odd_values_do_not_break_the_whole_list() -> None:
    nulls = dict.fromkeys(["runtimeVersion", "image", "protocolVersion", "storageUri"])
    odd = service(
        {
            "sklearn": {**nulls, "resources": {"limits": {"cpu": 0.5, "memory": "1Gi"}}},
            "minReplicas": None,
            "canaryTrafficPercent": None,
            "unheard": [1, {}],
        },
        labels=None,
        annotations={"kubectl.kubernetes.io/last-applied-configuration": "{}"},
        finalizers=None,
        creationTimestamp=None,
    )
    assert form_of(odd) == Form(FormKind.FRAMEWORK, "sklearn")


def test_reads_what_it_names() -> None:
    read = service(
        {
            "minReplicas": 0,
            "canaryTrafficPercent": 10,
            "model": {
                "modelFormat": {"name": "sklearn", "version": "1"},
                "runtime": "kserve-mlserver",
                "runtimeVersion": "1.0.0",
                "protocolVersion": "v2",
                "image": "x",
                "storageUri": "gs://b/m",
            },
        },
        namespace="team",
        uid="u",
        resourceVersion="7",
        generation=3,
        creationTimestamp="2026-01-01T00:00:00Z",
        labels={terms.MANAGED_BY: "Helm", terms.INSTANCE: "app"},
        annotations={terms.ARGOCD_TRACKING_ID: "t", terms.HELM_RELEASE: "r"},
    )
    model, meta = read.spec.predictor.model, read.metadata
    assert model is not None
    assert (model.model_format.name, model.model_format.version) == ("sklearn", "1")
    assert (model.runtime, model.runtime_version) == ("kserve-mlserver", "1.0.0")
    assert (model.protocol_version, model.image, model.storage_uri) == ("v2", "x", "gs://b/m")
    assert (read.spec.predictor.min_replicas, read.spec.predictor.canary_traffic_percent) == (0, 10)
    assert (meta.uid, meta.resource_version, meta.generation) == ("u", "7", 3)
    assert meta.labels is not None
    assert (meta.labels[terms.MANAGED_BY], meta.labels[terms.INSTANCE]) == ("Helm", "app")
    assert meta.annotation(terms.HELM_RELEASE) == "r"
    assert meta.annotation("none") is None
    assert read.ref == ObjectRef("serving.kserve.io/v1beta1", "InferenceService", "s", "team")


MODE = "serving.kserve.io/deploymentMode"


@pytest.mark.parametrize(
    ("annotations", "mode"),
    [
        ({MODE: "ModelMesh"}, "ModelMesh"),
        ({MODE: "RawDeployment"}, "Standard"),
        ({MODE: "Standard"}, "default"),
        ({MODE: "Nonsense"}, "default"),
        ({"other": "x"}, "default"),
        (None, "default"),
    ],
)
def test_the_mode_is_the_annotation_or_the_default(annotations: Any, mode: str) -> None:
    assert mode_of(service({}, annotations=annotations), "default", rules("0.9")) == mode


RECORDED = [
    ("0.14", "RawDeployment", "Knative"),
    ("0.15", "RawDeployment", "Standard"),
    ("0.16", "RawDeployment", "Knative"),
    ("0.16", "Standard", "Standard"),
    ("0.18", "RawDeployment", "Knative"),
    ("0.19", "RawDeployment", "Standard"),
    ("0.20", "Serverless", "Knative"),
]


@pytest.mark.parametrize(("release", "recorded", "mode"), RECORDED)
def test_the_mode_of_the_status_wins_from_0_15_on(release: str, recorded: str, mode: str) -> None:
    document = {"metadata": {"name": "s"}, "status": {"deploymentMode": recorded}}
    found = msgspec.convert(document, InferenceService)
    assert mode_of(found, "Knative", rules(release)) == mode


def test_new_words_are_understood_from_0_16_on() -> None:
    raw = service({}, annotations={MODE: "RawDeployment"})
    new = '{"defaultDeploymentMode": "Standard"}'
    assert mode_of(raw, "Knative", rules("0.16")) == default_mode(new, rules("0.16")) == "Standard"
    with pytest.raises(ConfigError):
        default_mode(new, rules("0.15"))


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        (None, "Knative"),
        ('{"defaultDeploymentMode": "RawDeployment"}', "Standard"),
        ('{"DEFAULTDEPLOYMENTMODE": "ModelMesh", "other": 1}', "ModelMesh"),
    ],
)
def test_reads_the_default_mode(text: str | None, mode: str) -> None:
    assert default_mode(text, rules("0.9")) == default_mode(text, None) == mode


@pytest.mark.parametrize(
    "text",
    ["", "{", "{}", "null", "[]", '{"defaultDeploymentMode": 1}', '{"defaultDeploymentMode": "x"}'],
)
def test_refuses_the_default_mode_that_kserve_refuses(text: str) -> None:
    with pytest.raises(ConfigError, match="deploy: "):
        default_mode(text, rules("0.9"))
