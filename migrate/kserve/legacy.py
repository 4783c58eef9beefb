"""The framework form: which image ``predictors`` gives a service, and why.

The second branch of ``Reconcile`` in
``pkg/controller/v1beta1/inferenceservice/components/predictor.go``, 0.7.0 to 0.9.0, and what
is left of it from 0.10 on.
"""

from __future__ import annotations

import msgspec

from migrate.kserve import terms
from migrate.kserve.building import Pod
from migrate.kserve.containers import container_manifest, pod_manifest
from migrate.kserve.frameworks import framework_container, with_agent_port
from migrate.kserve.image import ImageFormatError, parse_image
from migrate.kserve.multinode import with_env
from migrate.kserve.pins import first_missing, image_key, pin_at_admission, refusal_now
from migrate.kserve.predictors import Entry, Predictors, pointer_to
from migrate.kserve.problems import ProblemKind
from migrate.kserve.quantities import QuantityError
from migrate.kserve.resolution import Resolution, Verdict
from migrate.kserve.rules import Rules
from migrate.kserve.services import Framework, InferenceService, framework_field
from migrate.objects import Manifest


def resolve_framework(
    service: InferenceService, format_: str, predictors: Predictors, rules: Rules
) -> Resolution:
    """Tell what a service in the framework form gets at its next reconcile. Raise nothing."""
    found = _image(service, format_, predictors, rules)
    if found.image is None:
        return found
    try:
        pod = _pod(service, format_, predictors, found.image, rules)
    except QuantityError as error:
        return Resolution(None, Verdict.CANNOT_TELL, f"its limit on CPUs: {error}")
    return msgspec.structs.replace(found, pod=pod)


def _pod(
    service: InferenceService, format_: str, predictors: Predictors, image: str, rules: Rules
) -> Pod:
    predictor, meta = service.spec.predictor, service.metadata
    container = container_manifest(framework_field(service, format_))
    if rules.predictors_read:
        container = _made(service, format_, predictors, rules)
    sidecars = [container_manifest(c) for c in (predictor.containers or [])[1:]]
    containers = [{**container, "image": image}, *sidecars]
    if rules.name_env:
        containers = [with_env(c, {"INFERENCE_SERVICE_NAME": meta.name}) for c in containers]
    return Pod(tuple(containers), pod_manifest(predictor))


def _made(
    service: InferenceService, format_: str, predictors: Predictors, rules: Rules
) -> Manifest:
    predictor, spec = service.spec.predictor, framework_field(service, format_)
    entry = predictors.entry(format_, image_key(format_, spec, rules)) or Entry(format_)
    made = framework_container(service.metadata.name, format_, predictor, entry, rules)
    return with_agent_port(made, predictor, rules)


def _image(
    service: InferenceService, format_: str, predictors: Predictors, rules: Rules
) -> Resolution:
    if is_unmarked(service) and (refused := refusal_now(service, predictors, rules)):
        return Resolution(None, Verdict.BROKEN, f"its finalizer cannot be written: {refused}")
    spec = framework_field(service, format_)
    if not rules.predictors_read:
        return _bare(spec, rules)
    if nil := _nil_at_reconcile(format_, spec, predictors):
        return Resolution(None, Verdict.BROKEN, f"KServe dereferences nil: no object at {nil}")
    if spec.image:
        return Resolution(spec.image, Verdict.EXPLICIT, f"the image of its {format_} field")
    entry = predictors.entry(format_, image_key(format_, spec, rules))
    assert entry is not None
    return _from_entry(service, spec, entry, predictors, rules)


def _from_entry(
    service: InferenceService,
    spec: Framework,
    entry: Entry,
    predictors: Predictors,
    rules: Rules,
) -> Resolution:
    if spec.runtime_version is not None:
        origin = f"/spec/predictor/{entry.format}/runtimeVersion of the service"
        return _joined(entry, spec.runtime_version, origin, predictors)
    pin = pin_at_admission(service, predictors, rules) if is_unmarked(service) else None
    if pin is None or pin.version is None:
        reason = "KServe dereferences nil: the service has no runtimeVersion"
        return Resolution(None, Verdict.BROKEN, reason)
    return _joined(entry, pin.version, f"{pin.pointer}, soon its pin", predictors)


def is_unmarked(service: InferenceService) -> bool:
    """Tell whether the next reconcile writes the service, to put its finalizer on.

    ``Reconcile`` in ``controller/v1beta1/inferenceservice/controller.go``, 0.7.0 to 0.9.0;
    the webhook sees that write. It happens once in the life of a service.
    """
    return terms.FINALIZER not in (service.metadata.finalizers or ())


def _bare(spec: Framework, rules: Rules) -> Resolution:
    # GetContainer in predictor_sklearn.go and the others of 0.10: `return &k.Container`.
    if spec.image:
        return Resolution(spec.image, Verdict.EXPLICIT, "its own image, and no arguments")
    reason = f"KServe {rules.name} does not read predictors: the container has no image"
    return Resolution("", Verdict.BROKEN, reason)


def _nil_at_reconcile(format_: str, spec: Framework, predictors: Predictors) -> str:
    """Return the pointer of the object that is missing; else "".

    ``IsMMS`` in ``predictor_*.go`` follows the pointer first, even for a service with an
    image of its own; for a nested pytorch always that of v1, by ``GetProtocol``.
    """
    key = image_key(format_, spec, predictors.rules)
    multi_model = terms.PROTOCOL_V1 if key and format_ == terms.PYTORCH else key
    return first_missing(predictors, format_, [multi_model] if spec.image else [multi_model, key])


def _joined(entry: Entry, version: str, origin: str, predictors: Predictors) -> Resolution:
    image = f"{entry.image}:{version}"
    at = pointer_to(predictors.found, (*entry.path, terms.IMAGE))
    if not entry.image:
        reason = f"predictors {at} names no image{_hint(entry, predictors)}"
        return Resolution(image, Verdict.BROKEN, reason, entry)
    try:
        parse_image(image)
    except ImageFormatError as error:
        return Resolution(image, Verdict.BROKEN, f"{image!r} is no image: {error.reason}", entry)
    return Resolution(image, Verdict.RESOLVED, f"predictors {at}, and {origin}", entry)


def _hint(entry: Entry, predictors: Predictors) -> str:
    kind, unread = ProblemKind.UNREAD, predictors.problems
    found = [p.pointer for p in unread if (p.kind, p.format) == (kind, entry.format)]
    return f", and {' and '.join(found)} are not read by this release" if found else ""
