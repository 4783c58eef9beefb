"""What the webhook makes of a service when it is written: the ``model`` form, and defaults.

``DefaultInferenceService`` and ``setPredictorModelDefaults`` in
``pkg/apis/serving/v1beta1/inference_service_defaults.go``, KServe 0.8 to 0.20. Objects that
are not written stay as they were stored; the controller converts nothing by itself.
"""

from __future__ import annotations

from typing import Any

import msgspec

from migrate.kserve import terms
from migrate.kserve.config import Config
from migrate.kserve.pins import pin_at_admission, with_pin
from migrate.kserve.predictors import PredictorsError
from migrate.kserve.rules import Rules
from migrate.kserve.servers import envelope, mlserver_env, model_class, with_labels
from migrate.kserve.services import (
    Framework,
    InferenceService,
    Model,
    ModelFormat,
    form_of,
    framework_field,
    framework_of,
)

_RUNTIMES_0_8 = {
    terms.SKLEARN: "kserve-sklearnserver",
    terms.XGBOOST: "kserve-xgbserver",
    terms.TENSORFLOW: "kserve-tensorflow-serving",
    terms.PYTORCH: "kserve-torchserve",
    terms.TRITON: "kserve-tritonserver",
    terms.ONNX: "kserve-tritonserver",
    terms.PMML: "kserve-pmmlserver",
    terms.LIGHTGBM: "kserve-lgbserver",
    terms.PADDLE: "kserve-paddleserver",
}
"""The runtime that 0.8 stores for a framework field; sklearn and xgboost on v2 get MLServer."""

_MLSERVER = "kserve-mlserver"
_TORCHSERVE = "kserve-torchserve"
_V1_IN_0_8 = frozenset(_RUNTIMES_0_8) - {terms.PYTORCH, terms.TRITON, terms.ONNX}


def admitted(service: InferenceService, config: Config) -> InferenceService:
    """Return the service as it is stored after any write to it.

    What a webhook would refuse is returned all the same, and defaults that have nothing to
    do with runtimes (resources, tokens, local models) are left out.
    """
    rules, mode = config.rules, config.mode
    if rules.pins_at_admission:
        return _pinned(service, config)
    annotated = _annotated(service, rules, mode)
    # 0.9 reads the annotation again after it was defaulted, later releases do not.
    judged = annotated if rules.stores_mode and rules.predictors_read else service
    if not rules.converts_on_write or _asks_for_model_mesh(judged):
        return annotated
    if rules.stores_runtime:
        annotated = _defaulted_0_8(annotated)
    return _with_format(_converted(annotated, rules), rules)


_V1_IN_0_7 = frozenset({terms.SKLEARN, terms.XGBOOST, terms.PYTORCH})
"""``Default`` in ``predictor_*.go`` of 0.7.0."""


def _pinned(service: InferenceService, config: Config) -> InferenceService:
    spec, format_ = framework_of(service), form_of(service).format
    if spec is None or isinstance(config.predictors, PredictorsError):
        return service
    pin = pin_at_admission(service, config.predictors, config.rules)
    if spec.runtime_version is None and pin is not None:
        service = with_pin(service, pin.version)
    if spec.protocol_version is None and format_ in _V1_IN_0_7:
        changed = framework_field(service, format_)
        changed = msgspec.structs.replace(changed, protocol_version=terms.PROTOCOL_V1)
        return _with_fields(service, {format_: changed})
    return service


def _asks_for_model_mesh(service: InferenceService) -> bool:
    return service.metadata.annotation(terms.DEPLOYMENT_MODE) == terms.MODEL_MESH


def _annotated(service: InferenceService, rules: Rules, mode: str) -> InferenceService:
    asked = service.metadata.annotation(terms.DEPLOYMENT_MODE)
    if asked is None and rules.stores_mode and mode != terms.KNATIVE:
        word = mode if rules.standard_words or mode == terms.MODEL_MESH else terms.RAW_DEPLOYMENT
        return _with_annotation(service, terms.DEPLOYMENT_MODE, word)
    new = {terms.RAW_DEPLOYMENT: terms.STANDARD, terms.SERVERLESS: terms.KNATIVE}
    if rules.renames_modes and asked in new:
        return _with_annotation(service, terms.DEPLOYMENT_MODE, new[asked])
    return service


def _with_annotation(service: InferenceService, key: str, value: str) -> InferenceService:
    annotations = {**(service.metadata.annotations or {}), key: value}
    meta = msgspec.structs.replace(service.metadata, annotations=annotations)
    return msgspec.structs.replace(service, metadata=meta)


def _converted(service: InferenceService, rules: Rules) -> InferenceService:
    format_ = _first_framework(service, rules)
    if not format_:
        return service
    model = _model(format_, framework_field(service, format_))
    if rules.stores_runtime:
        return _converted_0_8(service, format_, model)
    if model.protocol_version is None and format_ in rules.v2_frameworks:
        model = msgspec.structs.replace(model, protocol_version=terms.PROTOCOL_V2)
    return _with_model(service, format_, model)


_ORDER = (
    *(terms.SKLEARN, terms.TENSORFLOW, terms.XGBOOST, terms.PYTORCH, terms.TRITON),
    *(terms.ONNX, terms.HUGGINGFACE, terms.PMML, terms.LIGHTGBM, terms.PADDLE),
)


def _first_framework(service: InferenceService, rules: Rules) -> str:
    """Return the field that is converted: the first one of a list, whatever else there is."""
    known = _ORDER if rules.knows_huggingface else (n for n in _ORDER if n != terms.HUGGINGFACE)
    predictor = service.spec.predictor
    return next((name for name in known if getattr(predictor, name) is not None), "")


def _model(format_: str, spec: Framework) -> Model:
    fields = {name: getattr(spec, name) for name in Framework.__struct_fields__}
    # The class of pytorch's former server is no field of what is copied.
    fields["model_class_name"] = None
    return Model(**fields, model_format=ModelFormat(format_))


def _with_model(service: InferenceService, format_: str, model: Model) -> InferenceService:
    return _with_fields(service, {"model": model, **({format_: None} if format_ else {})})


def _with_fields(service: InferenceService, changes: dict[str, Any]) -> InferenceService:
    predictor = msgspec.structs.replace(service.spec.predictor, **changes)
    spec = msgspec.structs.replace(service.spec, predictor=predictor)
    return msgspec.structs.replace(service, spec=spec)


def _with_format(service: InferenceService, rules: Rules) -> InferenceService:
    model = service.spec.predictor.model
    if model is None:
        return service
    format_ = model.model_format.name
    if model.protocol_version is None and format_ in rules.v2_formats:
        model = msgspec.structs.replace(model, protocol_version=terms.PROTOCOL_V2)
        service = _with_model(service, "", model)
    known = service.metadata.annotation(terms.MODEL_FORMAT) is not None
    if rules.stores_model_format and format_ and not known:
        return _with_annotation(service, terms.MODEL_FORMAT, format_)
    return service


def _converted_0_8(service: InferenceService, format_: str, model: Model) -> InferenceService:
    if model.protocol_version is None and format_ in _V1_IN_0_8:
        model = msgspec.structs.replace(model, protocol_version=terms.PROTOCOL_V1)
    runtime, is_v2 = _RUNTIMES_0_8[format_], model.protocol_version == terms.PROTOCOL_V2
    if is_v2 and format_ in (terms.SKLEARN, terms.XGBOOST):
        runtime = _MLSERVER
        service, model = _for_mlserver(service, model)
    if format_ == terms.TRITON and model.storage_uri is None:
        args = [*(model.args or ()), "--model-control-mode=explicit"]
        model = msgspec.structs.replace(model, args=args)
    if format_ == terms.PYTORCH:
        service = _for_torchserve(service, model)
    return _with_model(service, format_, msgspec.structs.replace(model, runtime=runtime))


def _defaulted_0_8(service: InferenceService) -> InferenceService:
    """Return a service in the ``model`` form with what 0.8 stores at every write, again and again.

    ``setMlServerDefaults`` appends its variables without a look at what is there.
    """
    model = service.spec.predictor.model
    if model is None:
        return service
    if model.runtime == _MLSERVER:
        service, model = _for_mlserver(service, model)
        service = _with_model(service, "", model)
    is_pytorch = model.model_format.name == terms.PYTORCH
    if is_pytorch and model.runtime in (None, _TORCHSERVE):
        service = _for_torchserve(service, model)
    return service


def _for_mlserver(service: InferenceService, model: Model) -> tuple[InferenceService, Model]:
    env = [*(model.env or ()), *mlserver_env(service.metadata.name, model, storage_counts=False)]
    label = {"modelClass": model_class(model.model_format.name, knows_mlflow=False)}
    return _labelled(service, label), msgspec.structs.replace(model, env=env)


def _for_torchserve(service: InferenceService, model: Model) -> InferenceService:
    label = {"serviceEnvelope": envelope(model.protocol_version, grpc_counts=False)}
    return _labelled(service, label)


def _labelled(service: InferenceService, labels: dict[str, str]) -> InferenceService:
    return msgspec.structs.replace(service, metadata=with_labels(service.metadata, labels))
