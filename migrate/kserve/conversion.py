"""What the webhook makes of the manifest of a service that is written as it is.

``admission.admitted`` says it of the fields that are read; here they are put back among all the
others, which the webhook copies (``setPredictorModelDefaults`` in
``pkg/apis/serving/v1beta1/inference_service_defaults.go``, KServe 0.8.0 and 0.9.0).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from migrate.kserve.admission import admitted
from migrate.kserve.config import Config
from migrate.kserve.services import FormKind, InferenceService, form_of, framework_field
from migrate.objects import Json, Manifest, pointer, value_at

COMPARED = ("/spec/predictor", "/metadata/labels", "/metadata/annotations")
"""What of a service decides about its pods."""


def converted(live: Manifest, config: Config) -> Manifest:
    """Return the manifest as it would be stored. One that is not in the framework form stays.

    Raise msgspec.ValidationError where the manifest is no InferenceService.
    """
    service = msgspec.convert(live, InferenceService)
    form, after = form_of(service), admitted(service, config)
    if form.kind is not FormKind.FRAMEWORK or after.spec.predictor.model is None:
        return live
    before = msgspec.to_builtins(framework_field(service, form.format))
    model = msgspec.to_builtins(after.spec.predictor.model)
    raw = live["spec"]["predictor"][form.format]
    copied = {key: value for key, value in raw.items() if key in model or key not in before}
    changes = {key: value for key, value in model.items() if before.get(key) != value}
    predictor = {k: v for k, v in live["spec"]["predictor"].items() if k != form.format}
    predictor["model"] = {**copied, **changes, "modelFormat": {"name": form.format}}
    meta = {**live["metadata"]}
    for name in ("labels", "annotations"):
        meta[name] = {**(meta.get(name) or {}), **(getattr(after.metadata, name) or {})}
    return {**live, "metadata": meta, "spec": {**live["spec"], "predictor": predictor}}


def unlike(expected: Manifest, found: Manifest) -> list[str]:
    """Return the JSON Pointers of what differs, of all that decides about the pods.

    What is empty is as good as not there: Go writes the one for the other.
    """
    pairs = ((at, _slim(value_at(expected, at)), _slim(value_at(found, at))) for at in COMPARED)
    return [path for at, one, other in pairs for path in _unlike(at, one, other)]


def _unlike(at: str, one: Json, other: Json) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            yield from _unlike(at + pointer(key), one.get(key), other.get(key))
    elif one != other:
        yield at


def _slim(value: Json) -> Json:
    if isinstance(value, Mapping):
        slim = {key: _slim(item) for key, item in value.items()}
        return {key: item for key, item in slim.items() if item is not None} or None
    if isinstance(value, list):
        return [_slim(item) for item in value] or None
    return None if value in ("", msgspec.UNSET) else value
