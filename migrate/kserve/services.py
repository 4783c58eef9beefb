"""What is read of an InferenceService: no more, so that ten thousand fit into memory.

The fields are those of ``serving.kserve.io/v1beta1`` in KServe 0.7 to 0.9
(``pkg/apis/serving/v1beta1/predictor.go`` and ``inference_service.go``). What is not named
here is ignored. Every optional field may be null.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from migrate.kserve import terms
from migrate.objects import ObjectRef


class Owner(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """An owner reference. ``controller`` says whether the owner manages the object."""

    kind: str
    name: str
    uid: str = ""
    controller: bool | None = None


class Annotations(msgspec.Struct, frozen=True, gc=False):
    """The annotations that decide something here; the others can be as long as the object.

    The last ones tell who else writes the object: Argo CD and Helm.
    """

    deployment_mode: str | None = msgspec.field(default=None, name=terms.DEPLOYMENT_MODE)
    argocd_tracking_id: str | None = msgspec.field(default=None, name=terms.ARGOCD_TRACKING_ID)
    helm_release: str | None = msgspec.field(default=None, name=terms.HELM_RELEASE)


class Labels(msgspec.Struct, frozen=True, gc=False):
    """The labels that tell who else writes the object: Helm, Argo CD, Flux."""

    managed_by: str | None = msgspec.field(default=None, name=terms.MANAGED_BY)
    instance: str | None = msgspec.field(default=None, name=terms.INSTANCE)
    argocd_instance: str | None = msgspec.field(default=None, name=terms.ARGOCD_INSTANCE)
    flux_kustomization: str | None = msgspec.field(default=None, name=terms.FLUX_KUSTOMIZATION)
    flux_release: str | None = msgspec.field(default=None, name=terms.FLUX_RELEASE)


class Metadata(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """An object's metadata; the timestamps are text as the API server writes it (RFC 3339)."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    labels: Labels | None = None
    annotations: Annotations | None = None
    finalizers: list[str] | None = None
    owner_references: list[Owner] | None = None


class Resources(msgspec.Struct, frozen=True, gc=False):
    """Resource limits; the quantities are numbers or strings, and are not asked for."""

    limits: dict[str, Any] | None = None


class Framework(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A framework field such as ``spec.predictor.sklearn``: ``PredictorExtensionSpec``.

    ``model_class_name`` is a field of pytorch, up to 0.7.
    """

    runtime_version: str | None = None
    image: str | None = None
    protocol_version: str | None = None
    storage_uri: str | None = None
    model_class_name: str | None = None
    resources: Resources | None = None


class ModelFormat(msgspec.Struct, frozen=True, gc=False):
    """The format of a model, and its version as text."""

    name: str = ""
    version: str | None = None


class Model(Framework, frozen=True, gc=False, rename="camel"):
    """``spec.predictor.model``, from 0.8 on; ``runtime`` names a ServingRuntime."""

    model_format: ModelFormat = ModelFormat()
    runtime: str | None = None


class Container(msgspec.Struct, frozen=True, gc=False):
    """A container of a pod, by name and image."""

    name: str = ""
    image: str | None = None


class Predictor(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """``spec.predictor``: one framework field, or ``model``, or containers of its own."""

    sklearn: Framework | None = None
    xgboost: Framework | None = None
    tensorflow: Framework | None = None
    pytorch: Framework | None = None
    triton: Framework | None = None
    onnx: Framework | None = None
    pmml: Framework | None = None
    lightgbm: Framework | None = None
    paddle: Framework | None = None
    model: Model | None = None
    containers: list[Container] | None = None
    min_replicas: int | None = None
    canary_traffic_percent: int | None = None


class ServiceSpec(msgspec.Struct, frozen=True, gc=False):
    """``spec``, without transformer and explainer: no predictor image decides about them."""

    predictor: Predictor = Predictor()


class InferenceService(msgspec.Struct, frozen=True, gc=False):
    """An InferenceService, as far as it decides which image its predictor runs."""

    metadata: Metadata
    spec: ServiceSpec = ServiceSpec()

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
    """Return the form of a service: ``GetImplementations`` in ``predictor.go``, 0.7 to 0.9.

    Containers beside ``model`` do not count: releases that let them pass run the model.
    """
    predictor = service.spec.predictor
    forms = [form for name, form in _FRAMEWORKS if getattr(predictor, name) is not None]
    if predictor.model is not None:
        forms.append(_MODEL)
    elif predictor.containers:
        forms.append(_CUSTOM)
    return forms[0] if len(forms) == 1 else Form(FormKind.SEVERAL if forms else FormKind.NONE)


_FRAMEWORKS = [(name, Form(FormKind.FRAMEWORK, name)) for name in terms.FORMATS]
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


def has_gpu(spec: Framework) -> bool:
    """Tell whether KServe takes the container for one with a GPU.

    The key in ``resources.limits`` counts, whatever its quantity; requests and the GPUs of
    others do not (``IsGPUEnabled`` in ``pkg/utils/utils.go``, 0.7 to 0.9).
    """
    return spec.resources is not None and terms.GPU in (spec.resources.limits or {})
