"""Images that a service is to keep, in its own framework field.

KServe 0.7 takes ``spec.predictor.<framework>.image`` as it stands (``GetContainer`` in
``predictor_*.go``), and so do 0.8 and 0.9 for a service that was not written since. Once it is
written, the field becomes ``model.image``, and ``runtimeVersion`` replaces its tag
(``UpdateImageTag`` in ``controller/v1beta1/inferenceservice/utils/utils.go``): so the pin has to
say the tag of the image.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import UNSET

from migrate.kserve.pins import refusal, with_pin
from migrate.kserve.rules import Rules
from migrate.kserve.services import FRAMEWORKS, InferenceService, form_of, framework_field
from migrate.objects import Json, pointer
from migrate.operations.model import Edit

_IMAGE, _PIN = "image", "runtimeVersion"
_IMAGES = frozenset(pointer("spec", "predictor", name, _IMAGE) for name in FRAMEWORKS)


def edits_for(service: InferenceService, image: str) -> tuple[Edit, ...]:
    """Return the edits with which a service in the framework form keeps an image; maybe none."""
    return tuple(_edits(service, image))


def _edits(service: InferenceService, image: str) -> Iterator[Edit]:
    format_ = form_of(service).format
    spec = framework_field(service, format_)
    if not spec.image:
        yield Edit(path_of(format_, _IMAGE), _stored(spec.image), image)
    if spec.runtime_version not in (None, pin_of(image)):
        yield Edit(path_of(format_, _PIN), spec.runtime_version, pin_of(image))


def path_of(format_: str, field: str) -> str:
    """Return the JSON Pointer of a field of a framework."""
    return pointer("spec", "predictor", format_, field)


def _stored(value: str | None) -> Json:
    return UNSET if value is None else value


def pin_of(image: str) -> str:
    """Return the pin that leaves an image as it is; without a tag ``latest``, which it means.

    Of a digest it is all behind the last colon: that is what KServe 0.8 and 0.9 replace.
    """
    last = image.rpartition("/")[2]
    return last.rpartition(":")[2] if ":" in last else "latest"


def same(one: str | None, other: str | None) -> bool:
    """Tell whether two texts name one image."""
    return one == other or (bool(one and other) and _whole(one) == _whole(other))


def _whole(image: str | None) -> str:
    text = image or ""
    return text if ":" in text.rpartition("/")[2] else f"{text}:latest"


def refused(service: InferenceService, edits: tuple[Edit, ...], rules: Rules) -> str:
    """Say why the webhook refuses these edits; empty where it does not."""
    format_ = form_of(service).format
    after = framework_field(held(service, edits), format_)
    version = after.runtime_version
    return "" if version is None else refusal(format_, after, version, rules)


def is_image(edit: Edit) -> bool:
    """Tell whether it is of the image in the framework field of a service."""
    return edit.path in _IMAGES


def held(service: InferenceService, edits: tuple[Edit, ...]) -> InferenceService:
    """Return a service with those of the edits that are still to be made."""
    form = form_of(service)
    if not form.format:
        return service
    for edit in edits:
        spec = framework_field(service, form.format)
        value = None if edit.after is UNSET else str(edit.after)
        before = None if edit.before is UNSET else edit.before
        if edit.path == path_of(form.format, _PIN) and spec.runtime_version == before:
            service = with_pin(service, value)
        elif edit.path == path_of(form.format, _IMAGE) and spec.image == before:
            service = _with_image(service, form.format, value)
    return service


def _with_image(service: InferenceService, format_: str, image: str | None) -> InferenceService:
    spec = msgspec.structs.replace(framework_field(service, format_), image=image)
    predictor = msgspec.structs.replace(service.spec.predictor, **{format_: spec})
    return msgspec.structs.replace(
        service, spec=msgspec.structs.replace(service.spec, predictor=predictor)
    )
