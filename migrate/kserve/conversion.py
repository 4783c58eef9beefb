"""What the webhook makes of the manifest of a service that is written.

``admission.admitted`` says it of the fields that are read; here they are put back among all the
others, which the webhook copies (``setPredictorModelDefaults`` in
``pkg/apis/serving/v1beta1/inference_service_defaults.go``, KServe 0.8.0 and 0.9.0).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from migrate.kserve.admission import admitted
from migrate.kserve.config import Config
from migrate.kserve.services import (
    Form,
    FormKind,
    InferenceService,
    Model,
    form_of,
    framework_field,
)
from migrate.objects import Json, Manifest, pointer, value_at

PREDICTOR = "/spec/predictor"
METADATA = ("/metadata/labels", "/metadata/annotations")
"""What of a service decides about its pods, beside its spec."""


class Unlike(NamedTuple):
    """A field that is not as expected, by its JSON Pointer; None where it is empty or not there."""

    path: str
    expected: Json
    found: Json


def stored(written: Manifest, config: Config) -> Manifest:
    """Return the manifest as it would be stored once it is written.

    Raise msgspec.ValidationError where the manifest is no InferenceService.
    """
    service = msgspec.convert(written, InferenceService)
    form, after = form_of(service), admitted(service, config)
    meta, spec = {**written["metadata"]}, {**written["spec"]}
    for name in ("labels", "annotations"):
        meta[name] = {**(meta.get(name) or {}), **(getattr(after.metadata, name) or {})}
    model = after.spec.predictor.model
    if form.kind in (FormKind.FRAMEWORK, FormKind.MODEL) and model is not None:
        spec["predictor"] = _predictor(spec["predictor"], service, form, model)
    return {**written, "metadata": meta, "spec": spec}


def _predictor(raw: Manifest, service: InferenceService, form: Form, after: Model) -> Manifest:
    """Return the predictor with the model as it is stored, and no framework field."""
    is_framework = form.kind is FormKind.FRAMEWORK
    field = form.format if is_framework else "model"
    former = framework_field(service, field) if is_framework else service.spec.predictor.model
    before, model = msgspec.to_builtins(former), msgspec.to_builtins(after)
    copied = {key: value for key, value in raw[field].items() if key in model or key not in before}
    changes = {key: value for key, value in model.items() if before.get(key) != value}
    if is_framework:
        changes["modelFormat"] = {"name": form.format}
    rest = {key: value for key, value in raw.items() if key != field}
    return {**rest, "model": {**copied, **changes}}


def unlike(expected: Manifest, found: Manifest, spec: str = PREDICTOR) -> list[Unlike]:
    """Return what differs of all that decides about the pods, and of the spec in that part.

    What is empty is as good as not there: Go writes the one for the other.
    """
    at = (spec, *METADATA)
    pairs = ((path, _slim(value_at(expected, path)), _slim(value_at(found, path))) for path in at)
    return [each for pair in pairs for each in _unlike(*pair)]


def _unlike(at: str, one: Json, other: Json) -> Iterator[Unlike]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            yield from _unlike(at + pointer(key), one.get(key), other.get(key))
    elif one != other:
        yield Unlike(at, one, other)


def _slim(value: Json) -> Json:
    if isinstance(value, Mapping):
        slim = {key: _slim(item) for key, item in value.items()}
        return {key: item for key, item in slim.items() if item is not None} or None
    if isinstance(value, list):
        return [_slim(item) for item in value] or None
    return None if value in ("", msgspec.UNSET) else value
