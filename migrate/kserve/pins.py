"""The pin: what the webhook writes into ``runtimeVersion``, and from which entry.

``Default`` chooses the entry at admission, ``GetContainer`` at every reconcile, by tests
that differ for odd protocols (``predictor_*.go`` below ``pkg/apis/serving/v1beta1``, 0.7.0;
0.8.0 and 0.9.0 keep them for services stored in the framework form).
"""

from __future__ import annotations

import msgspec

from migrate.kserve import terms
from migrate.kserve.predictors import Predictors, pointer_to
from migrate.kserve.rules import Rules
from migrate.kserve.services import Framework, InferenceService, form_of, framework_of, has_gpu


class Pin(msgspec.Struct, frozen=True):
    """The version that the webhook would write; ``pointer`` leads to where it is taken from.

    ``version`` is "" where the entry has none: that is written, too. It is None where the
    webhook dereferences nil. ``refused`` says why the write would fail, empty where it
    would not.
    """

    version: str | None
    pointer: str
    refused: str = ""


def image_key(format_: str, spec: Framework, rules: Rules) -> str:
    """Return which object of the entry gives the image: "v1", "v2", or "" for a flat entry.

    ``GetContainer`` in ``predictor_sklearn.go``, ``predictor_xgboost.go``,
    ``predictor_torchserve.go``, 0.7.0. For pytorch the keys are not protocols: v1 is the
    server that wants a class name, v2 is TorchServe.
    """
    if format_ not in rules.nested:
        return ""
    is_v1 = spec.protocol_version in (None, terms.PROTOCOL_V1)
    if format_ == terms.PYTORCH:
        is_v1 = is_v1 and bool(spec.model_class_name)
    return terms.PROTOCOL_V1 if is_v1 else terms.PROTOCOL_V2


def default_key(format_: str, spec: Framework, rules: Rules) -> str:
    """Return which object of the entry gives the version at admission, as ``image_key``.

    ``Default`` in the same files: here only ``v2`` asks for v2, there all but ``v1``.
    """
    if format_ not in rules.nested:
        return ""
    is_v2 = spec.protocol_version == terms.PROTOCOL_V2
    if format_ == terms.PYTORCH:
        is_v2 = is_v2 or not spec.model_class_name
    return terms.PROTOCOL_V2 if is_v2 else terms.PROTOCOL_V1


def pin_at_admission(service: InferenceService, predictors: Predictors, rules: Rules) -> Pin | None:
    """Return the pin that a service would get if it had none: the one to re-pin it to.

    Its present pin and an image of its own make no difference: the webhook looks at
    neither the former nor the latter. None where the release pins nothing, and for
    services that are not in the framework form.
    """
    spec = framework_of(service)
    if spec is None or not rules.pins_at_admission:
        return None
    format_ = form_of(service).format
    key = default_key(format_, spec, rules)
    gpu = format_ in terms.GPU_FORMATS and has_gpu(spec)
    field = terms.GPU_VERSION if gpu else terms.VERSION
    entry = predictors.entry(format_, key)
    nil = _nil_at_admission(format_, key, predictors)
    if entry is None or nil:
        return Pin(None, nil, f"the webhook dereferences nil: there is no object at {nil}")
    at, version = pointer_to(predictors.found, (*entry.path, field)), entry.setting(field)
    return Pin(version, at, refusal(format_, spec, version, rules))


def with_pin(service: InferenceService, version: str | None) -> InferenceService:
    """Return a copy of a service with this ``runtimeVersion``; one without a model as it is."""
    model = service.spec.predictor.model
    spec, name = (model, "model") if model else (framework_of(service), form_of(service).format)
    if spec is None:
        return service
    field = msgspec.structs.replace(spec, runtime_version=version)
    predictor = msgspec.structs.replace(service.spec.predictor, **{name: field})
    return msgspec.structs.replace(
        service, spec=msgspec.structs.replace(service.spec, predictor=predictor)
    )


def _nil_at_admission(format_: str, key: str, predictors: Predictors) -> str:
    # predictor_sklearn.go:51 and predictor_xgboost.go:56 of 0.7.0 read V1 before they look
    # at the protocol; pytorch looks first, and a flat entry has nothing to miss.
    reads_v1 = key and format_ != terms.PYTORCH
    return first_missing(predictors, format_, [terms.PROTOCOL_V1, key] if reads_v1 else [key])


def first_missing(predictors: Predictors, format_: str, keys: list[str]) -> str:
    """Return the pointer of the first of these objects that is not there; else ""."""
    for key in keys:
        if predictors.entry(format_, key) is None:
            return pointer_to(predictors.found, (format_, key))
    return ""


def refusal(format_: str, spec: Framework, version: str, rules: Rules) -> str:
    """Say why the webhook refuses a write that leaves this version in the service; else "".

    ``validateGPU`` in ``predictor_tfserving.go`` and ``predictor_torchserve.go``, 0.7.0, and
    ``validateProtocol`` in the latter. They judge every write, also of a service with an
    image of its own. What has nothing to do with images is not looked at.
    """
    if not rules.checks_gpu_suffix or format_ not in terms.GPU_FORMATS:
        return ""
    if format_ == terms.PYTORCH and spec.protocol_version == terms.PROTOCOL_V2:
        return "the webhook refuses protocol v2 for pytorch"
    if has_gpu(spec) == (terms.GPU_SUFFIX in version):
        return ""
    has, wants = ("a GPU", "with") if has_gpu(spec) else ("no GPU", "without")
    return f"the service has {has}, so the webhook wants a version {wants} {terms.GPU_SUFFIX}"


def refusal_now(service: InferenceService, predictors: Predictors, rules: Rules) -> str:
    """Say why the webhook refuses any write that leaves the framework field alone; else ""."""
    spec = framework_of(service)
    if spec is None or not rules.pins_at_admission:
        return ""
    if spec.runtime_version is not None:
        return refusal(form_of(service).format, spec, spec.runtime_version, rules)
    pin = pin_at_admission(service, predictors, rules)
    return pin.refused if pin else ""
