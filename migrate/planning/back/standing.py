"""The world in which operations stand, whatever others changed meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from msgspec import UNSET

from migrate.objects import ObjectRef
from migrate.operations.classify import Standing, classify, to_make
from migrate.operations.model import Edit, Operation, Patch
from migrate.planning.back.pinback import MODEL_PATHS, written
from migrate.planning.world.changed import carried_out
from migrate.planning.world.forecast import World, with_pins
from migrate.planning.world.held import held, is_image
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of


def standing_in(snapshot: Snapshot, now: World, operations: Iterable[Operation]) -> World:
    """Return the world in which these stand: of what others changed, all stays as it is."""
    whole = {snapshot.config_ref: snapshot.config, **snapshot.originals}
    made: list[Operation] = []
    pins = {}
    services = []
    for operation in operations:
        found, change = whole.get(operation.target), operation.change
        if not isinstance(change, Patch):
            is_pending = classify(operation, found) is Standing.PENDING
            made.extend([operation] * is_pending)
        elif found is not None:
            edits = to_make(change, found)
            made.extend([Operation(operation.target, Patch(edits), "")] if edits else [])
        elif operation.target not in now.services:
            continue
        elif change.edits[0].path in MODEL_PATHS:
            services.append(written(now.services[operation.target], change, now.config))
        elif any(map(is_image, change.edits)):
            services.append(held(now.services[operation.target], change.edits))
        else:
            pins[operation.target] = change.edits[0]
    moved = {ref: _pin(edit) for ref, edit in pins.items() if _is_ours(now, ref, edit)}
    world = world_of(carried_out(snapshot, made), now.rules) if made else now
    if services:
        world = replace(world, services=world.services.changed(services))
    return with_pins(world, moved) if moved else world


def _is_ours(now: World, ref: ObjectRef, edit: Edit) -> bool:
    """Tell whether the pin is still the one that the run wrote."""
    found = now.pin(ref)
    return found == _before(edit)


def _before(edit: Edit) -> str | None:
    return None if edit.before is UNSET else str(edit.before)


def _pin(edit: Edit) -> str | None:
    return None if edit.after is UNSET else str(edit.after)
