"""Fields that must be as they were when the plan was compared, at the very write beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import UNSET

from migrate.errors import StaleError
from migrate.objects import Json, Manifest, ObjectRef, value_at
from migrate.operations.model import Edit
from migrate.operations.patching import PatchOp
from migrate.operations.stale import (
    Difference,
    Place,
    field_differences,
    leaves_of,
    refusal,
    signed,
)


class Sealed(msgspec.Struct, frozen=True):
    """The value of a whole field of an object, at a plain JSON Pointer, as it was compared.

    ``why`` tells a person why another value of it matters.
    """

    target: ObjectRef
    path: str
    value: Json
    why: str


def tests_of(
    sealed: Sequence[Sealed], target: ObjectRef, edits: Sequence[Edit], live: Manifest
) -> list[PatchOp]:
    """Return the tests by which a patch of these edits fails where a sealed field changes.

    Fields that are edited have their own; that one is not there cannot be tested. Raise
    StaleError where one has changed already.
    """
    mine = [one for one in sealed if one.target == target]
    broken = [one for one in mine if value_at(live, one.path) != one.value]
    if broken:
        raise _refusal(broken, live)
    edited = {edit.path for edit in edits}
    paths = [one.path for one in mine if one.path not in edited]
    found = ((path, value_at(live, path)) for path in paths)
    there = ((path, value) for path, value in found if value is not UNSET)
    return [{"op": "test", "path": path, "value": value} for path, value in there]


def _refusal(broken: Sequence[Sealed], live: Manifest) -> StaleError:
    found = [one for field in broken for one in _differences(field, live)]
    return refusal(signed(found, lambda _: live))


def _differences(field: Sealed, live: Manifest) -> Iterator[Difference]:
    place, now = Place(field.target, field.path), value_at(live, field.path)
    return field_differences(place, leaves_of(field.value), now, field.why)
