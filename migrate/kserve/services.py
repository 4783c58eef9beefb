"""What is read of an InferenceService: no more, so that ten thousand fit into memory.

The fields are those of ``serving.kserve.io/v1beta1`` in KServe 0.7 to 0.20
(``pkg/apis/serving/v1beta1/predictor.go`` and ``inference_service.go``). What is not named
here is ignored. Every optional field may be null.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from migrate.kserve import terms
from migrate.kserve.containers import Container, PodFields
from migrate.kserve.metadata import Metadata
from migrate.objects import ObjectRef


class Framework(Container, frozen=True, gc=False, omit_defaults=True, rename="camel"):
    """A framework field such as ``spec.predictor.sklearn``: ``PredictorExtensionSpec``.

    It is a container as well. ``model_class_name`` is a field of pytorch, up to 0.7.
    """

    runtime_version: str | None = None
    protocol_version: str | None = None
    storage_uri: str | None = None
    storage: dict[str, Any] | None = None
    model_class_name: str | None = None


class ModelFormat(msgspec.Struct, frozen=True, gc=False):
    """The format of a model, and its version as text."""

    name: str = ""
    version: str | None = None


class Model(Framework, frozen=True, gc=False, omit_defaults=True, rename="camel"):
    """``spec.predictor.model``, from 0.8 on; ``runtime`` names a ServingRuntime."""

    model_format: ModelFormat = ModelFormat()
    runtime: str | None = None


class WorkerSpec(PodFields, frozen=True, gc=False, omit_defaults=True, rename="camel"):
    """``workerSpec`` of a service or a runtime: the other nodes of a model on many."""

    pipeline_parallel_size: int | None = None
    tensor_parallel_size: int | None = None
    containers: list[Container] | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class Predictor(PodFields, frozen=True, gc=False, omit_defaults=True, rename="camel"):
    """``spec.predictor``: one framework field, or ``model``, or containers of its own.

    ``name`` is a field of 0.20.
    """

    name: str | None = None
    sklearn: Framework | None = None
    xgboost: Framework | None = None
    tensorflow: Framework | None = None
    pytorch: Framework | None = None
    triton: Framework | None = None
    onnx: Framework | None = None
    pmml: Framework | None = None
    lightgbm: Framework | None = None
    paddle: Framework | None = None
    huggingface: Framework | None = None
    model: Model | None = None
    containers: list[Container] | None = None
    worker_spec: WorkerSpec | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    min_replicas: int | None = None
    canary_traffic_percent: int | None = None
    container_concurrency: int | None = None
    timeout: int | None = None
    logger: dict[str, Any] | None = None
    batcher: dict[str, Any] | None = None


class Canary(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """An entry of ``spec.canary``, in 0.20: what differs from the predictor."""

    traffic_percent: int = 0
    predictor: dict[str, Any] | None = None


class ServiceSpec(msgspec.Struct, frozen=True, gc=False):
    """``spec``; of transformer and explainer only whether they are there."""

    predictor: Predictor = Predictor()
    canary: list[Canary] | None = None
    transformer: dict[str, Any] | None = None
    explainer: dict[str, Any] | None = None


class Condition(msgspec.Struct, frozen=True, gc=False):
    """A condition of a status."""

    type: str = ""
    status: str = ""


class ServiceStatus(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """``status``: the mode from 0.15 on, the runtime from 0.16 on."""

    deployment_mode: str | None = None
    serving_runtime_name: str | None = None
    cluster_serving_runtime_name: str | None = None
    conditions: list[Condition] | None = None

    @property
    def is_ready(self) -> bool:
        """Tell whether the condition Ready is True."""
        return any(c.type == "Ready" and c.status == "True" for c in self.conditions or ())


class InferenceService(msgspec.Struct, frozen=True, gc=False):
    """An InferenceService, as far as it decides which image its predictor runs."""

    metadata: Metadata
    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus = ServiceStatus()

    @property
    def ref(self) -> ObjectRef:
        """The reference of the object."""
        meta = self.metadata
        version = terms.SERVING_VERSION
        return ObjectRef(version, terms.INFERENCE_SERVICE, meta.name, meta.namespace)


class FormKind(StrEnum):
    """How a service says what it runs. NONE and SEVERAL are refused by every webhook."""

    FRAMEWORK = "framework"
    MODEL = "model"
    CUSTOM = "custom"
    NONE = "none"
    SEVERAL = "several"


class Form(msgspec.Struct, frozen=True):
    """The form of a service; ``format`` names the framework field, else it is empty."""

    kind: FormKind
    format: str = ""


def form_of(service: InferenceService) -> Form:
    """Return the form of a service: ``GetImplementations`` in ``predictor.go``, 0.7 to 0.20.

    Containers beside another form do not count: releases that let them pass run the other.
    """
    predictor = service.spec.predictor
    forms = [form for name, form in _FRAMEWORKS if getattr(predictor, name) is not None]
    if predictor.model is not None:
        forms.append(_MODEL)
    if predictor.containers and not forms:
        forms.append(_CUSTOM)
    return forms[0] if len(forms) == 1 else Form(FormKind.SEVERAL if forms else FormKind.NONE)


def format_of(service: InferenceService) -> str:
    """Return the format of a service's model; empty for containers of its own."""
    model = service.spec.predictor.model
    return model.model_format.name if model else form_of(service).format


FRAMEWORKS = (*terms.FORMATS, terms.HUGGINGFACE)
"""The framework fields of all releases; huggingface came with 0.12."""

_FRAMEWORKS = [(name, Form(FormKind.FRAMEWORK, name)) for name in FRAMEWORKS]
_MODEL, _CUSTOM = Form(FormKind.MODEL), Form(FormKind.CUSTOM)


def framework_field(service: InferenceService, format_: str) -> Framework:
    """Return the framework field of this name; it is there."""
    found = getattr(service.spec.predictor, format_)
    assert isinstance(found, Framework)
    return found


def framework_of(service: InferenceService) -> Framework | None:
    """Return the one framework field of a service in the framework form, else None."""
    format_ = form_of(service).format
    return framework_field(service, format_) if format_ else None


def has_gpu(spec: Container) -> bool:
    """Tell whether KServe takes the container for one with a GPU.

    The key in ``resources.limits`` counts, whatever its quantity; requests and the GPUs of
    others do not (``IsGPUEnabled`` in ``pkg/utils/utils.go``, 0.7 to 0.9).
    """
    return terms.GPU in ((spec.resources or {}).get("limits") or {})
