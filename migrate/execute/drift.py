"""Telling what somebody else changed in an object that is to be written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate.errors import StaleError
from migrate.objects import Manifest
from migrate.operations.classify import Standing, parted, standing_of
from migrate.operations.describe import found_value, place_of, shown_value
from migrate.operations.model import Edit, Operation, Patch
from migrate.operations.stale import Difference, Place, refusal, signed

OURS = "the plan writes this field"


def drifted(found: Sequence[tuple[Operation, Manifest | None]]) -> StaleError:
    """Return the error for operations whose objects are neither as before nor as after."""
    live = {operation.target: manifest for operation, manifest in found}
    differences = [one for operation, manifest in found for one in drift(operation, manifest)]
    return refusal(signed(differences, live.get))


def drift(operation: Operation, live: Manifest | None) -> Iterator[Difference]:
    """Yield what of the operation is neither as before nor as after."""
    target = operation.target
    if live is None:
        yield Difference(target, "", "it exists", "it is gone", "the plan writes it")
    elif not isinstance(operation.change, Patch):
        found = "it exists and differs from what was planned"
        places = (Place(target, ""),)
        yield Difference(target, "", "as planned", found, "the plan writes it", places)
    else:
        edits = parted(operation.change, live).edits
        bad = (e for e in edits if standing_of(e, live) is Standing.DRIFTED)
        yield from (_edit(operation, edit, live) for edit in bad)


def _edit(operation: Operation, edit: Edit, live: Manifest) -> Difference:
    target = operation.target
    return Difference(
        target,
        place_of(edit),
        shown_value(edit, edit.before),
        found_value(edit, live),
        OURS,
        (Place(target, edit.path),),
    )
