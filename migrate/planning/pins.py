"""Moving the pins (`runtimeVersion`) of services with the image."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import UNSET

from migrate.errors import BlockedError
from migrate.kserve.pins import pin_at_admission
from migrate.kserve.services import form_of, framework_of
from migrate.objects import ObjectRef, pointer
from migrate.operations.model import Edit
from migrate.planning.forecast import World
from migrate.planning.wanted import Key, Wanted


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
