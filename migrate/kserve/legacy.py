"""Which image the predictor of a service gets at its next reconcile, and why.

``Reconcile`` in ``pkg/controller/v1beta1/inferenceservice/components/predictor.go``, 0.7.0 to
0.9.0. From 0.8 on it has two branches: the one for ``model`` asks ServingRuntimes; the one
for the framework form, which is all of 0.7, asks ``predictors``. The latter is here.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from migrate.kserve import terms
from migrate.kserve.image import ImageFormatError, parse_image
from migrate.kserve.modes import mode_of
from migrate.kserve.pins import first_missing, image_key, pin_at_admission, refusal_now
from migrate.kserve.predictors import Entry, Predictors, PredictorsError, pointer_to
from migrate.kserve.problems import ProblemKind
from migrate.kserve.releases import Rules
from migrate.kserve.services import (
    Container,
    FormKind,
    Framework,
    InferenceService,
    Model,
    form_of,
    framework_field,
    has_gpu,
)


class Verdict(StrEnum):
    """What can be said about the image of a service."""

    RESOLVED = "resolved"
    """It comes from ``predictors`` and the pin."""
    EXPLICIT = "explicit"
    """It is the framework field's own image, and stays."""
    CUSTOM = "custom"
    """It is that of a container of its own, and stays."""
    CANNOT_TELL = "cannot-tell"
    """A ServingRuntime decides, or a text that we cannot read for sure."""
    NOT_RECONCILED = "not-reconciled"
    """The controller leaves the predictor alone."""
    BROKEN = "broken"
    """The controller fails, or writes an image that nobody can pull."""


class Resolution(msgspec.Struct, frozen=True):
    """The image of a service's container after its next reconcile.

    ``image`` is None where nothing is written, or nothing can be told, and "" where the
    container is written without an image. ``entry`` is the entry of ``predictors`` that
    decides, where one does.
    """

    image: str | None
    verdict: Verdict
    reason: str
    entry: Entry | None = None


def resolve(
    service: InferenceService,
    predictors: Predictors | PredictorsError,
    rules: Rules,
    default_mode: str = terms.SERVERLESS,
) -> Resolution:
    """Tell which image the service's predictor gets at the next reconcile. Raise nothing.

    ``predictors`` is what ``decode`` gave or raised under the same rules: that Go cannot
    decode a text is an answer, too. ``default_mode`` is that of the ConfigMap.
    """
    if service.metadata.deletion_timestamp:
        return Resolution(None, Verdict.NOT_RECONCILED, "the service is being deleted")
    if mode_of(service, default_mode) == terms.MODEL_MESH:
        # controller.go:107 of 0.7.0, 116 of 0.8.0, 117 and 169 of 0.9.0.
        return Resolution(None, Verdict.NOT_RECONCILED, "ModelMesh serves it, not KServe")
    if isinstance(predictors, PredictorsError) and predictors.fault.go_fails:
        # controller.go:148-151 of 0.7.0: before anything else is looked at.
        return Resolution(None, Verdict.BROKEN, f"KServe cannot decode {predictors.message}")
    return _by_form(service, predictors, rules)


def _by_form(
    service: InferenceService, predictors: Predictors | PredictorsError, rules: Rules
) -> Resolution:
    form = form_of(service)
    if form.kind is FormKind.CUSTOM:
        return _custom(service)
    if form.kind is FormKind.NONE or (form.kind is FormKind.MODEL and not rules.knows_model):
        # GetImplementation takes the first of an empty list.
        return Resolution(None, Verdict.BROKEN, f"its predictor has nothing {rules.name} knows")
    if form.kind is FormKind.SEVERAL:
        return Resolution(None, Verdict.CANNOT_TELL, "its predictor says twice what to run")
    if isinstance(predictors, PredictorsError):
        return Resolution(None, Verdict.CANNOT_TELL, predictors.message)
    if form.kind is FormKind.MODEL:
        return _model(service, predictors, rules)
    return _framework(service, form.format, predictors, rules)


def _custom(service: InferenceService) -> Resolution:
    image = (service.spec.predictor.containers or [Container()])[0].image
    return Resolution(image or "", Verdict.CUSTOM, "the image of its own container")


def _model(service: InferenceService, predictors: Predictors, rules: Rules) -> Resolution:
    reason = "its image comes from a ServingRuntime"
    if entries := gpu_tag_entries(service, predictors, rules):
        images = " or ".join(f"{e.image}:{e.default_gpu_image_version}" for e in entries)
        reason += f", and for its GPU predictors can turn that into {images}"
    return Resolution(None, Verdict.CANNOT_TELL, reason)


def gpu_tag_entries(
    service: InferenceService, predictors: Predictors, rules: Rules
) -> tuple[Entry, ...]:
    """Return the entries whose GPU version may become the tag of a service in the model form.

    ``UpdateImageTag`` in ``controller/v1beta1/inferenceservice/utils/utils.go``, 0.8.0 and
    0.9.0: with a GPU and without ``runtimeVersion``, the image is cut at its first colon
    and compared with the images of tensorflow and pytorch, whatever the model's format. So
    an entry with a registry port never matches. Only the service's own limits are looked
    at: those of the runtime may ask for a GPU as well.
    """
    model = service.spec.predictor.model
    if not rules.gpu_tag_from_predictors or model is None:
        return ()
    if model.runtime_version is not None or not has_gpu(model):
        return ()
    entries = (predictors.entry(name) for name in (terms.TENSORFLOW, terms.PYTORCH))
    return tuple(entry for entry in entries if entry is not None and _can_match(entry, model))


def _can_match(entry: Entry, model: Model) -> bool:
    if not entry.image or ":" in entry.image:
        return False
    return not model.image or model.image.partition(":")[0] == entry.image


def _framework(
    service: InferenceService, format_: str, predictors: Predictors, rules: Rules
) -> Resolution:
    if is_unmarked(service) and rules.converts_on_write:
        reason = "the controller is going to write its finalizer, which converts it to model"
        return Resolution(None, Verdict.CANNOT_TELL, reason)
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
