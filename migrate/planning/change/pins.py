"""Moving the pins (`runtimeVersion`) of services with the image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import UNSET

from migrate.errors import BlockedError
from migrate.kserve.image import parse_image
from migrate.kserve.pins import pin_at_admission
from migrate.kserve.services import form_of, framework_of
from migrate.objects import ObjectRef, pointer
from migrate.operations.model import Edit
from migrate.planning.model.wanted import Key, Wanted
from migrate.planning.stock.reach import bare
from migrate.planning.world.forecast import World

MODEL_PIN = "/spec/predictor/model/runtimeVersion"


def repins(planned: World, wanted: Mapping[Key, Wanted]) -> dict[ObjectRef, Edit]:
    """Return the edit of each service whose pin keeps it from the wanted tag.

    ``planned`` has the new configuration and the old pins. Raise BlockedError where the
    webhook of the release converts whatever is written: there a pin cannot be moved alone.
    """
    if planned.rules.converts_on_write:
        raise BlockedError(
            f"--repin: KServe {planned.rules.name} converts a service in the framework form at "
            "any write to it, so its pin cannot be moved alone",
            "plan without --repin; a service's image then keeps its pinned tag",
        )
    users = (ref for key in wanted for ref in planned.users.get(key, ()))
    found = {ref: _edit(planned, ref) for ref in users}
    return {ref: edit for ref, edit in found.items() if edit is not None}


def _edit(planned: World, ref: ObjectRef) -> Edit | None:
    service = planned.shape(ref)
    spec, pin = framework_of(service), pin_at_admission(service, planned.predictors, planned.rules)
    if spec is None or pin is None or pin.refused or pin.version in (None, spec.runtime_version):
        return None
    before = UNSET if spec.runtime_version is None else spec.runtime_version
    path = pointer("spec", "predictor", form_of(service).format, "runtimeVersion")
    return Edit(path, before, pin.version)


def model_pins(
    planned: World, wanted: Mapping[ObjectRef, str], services: Iterable[ObjectRef]
) -> dict[ObjectRef, str]:
    """Return the services whose pin keeps them from the image wanted of their runtime.

    ``wanted`` are the images by runtime, ``planned`` has the runtimes with them and the old pins.
    With each stands the image that is wanted. Who names an image of its own keeps it anyway.
    """
    found = {}
    for ref in services:
        model, got = planned.shape(ref).spec.predictor.model, planned.shared(ref)
        image = wanted.get(got.runtime.ref) if got.runtime is not None else None
        if model is None or model.image or model.runtime_version is None or not image:
            continue
        if bare(got.image or "") != bare(image):
            found[ref] = image
    return found


def repinned(planned: World, ref: ObjectRef, image: str) -> Edit:
    """Return the edit that moves the pin of a service to the tag of an image.

    It is taken away where the image has a digest, or no tag: no pin says the same.
    """
    model = planned.shape(ref).spec.predictor.model
    assert model is not None
    return Edit(MODEL_PIN, model.runtime_version, tag_of(image) or UNSET)


def tag_of(image: str) -> str:
    """Return the pin that says the same as an image; "" where it has a digest, or no tag."""
    found = parse_image(image)
    return "" if found.digest or not found.tag else found.tag
