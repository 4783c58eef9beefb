"""Where a change stands. The cluster decides; no journal is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import assert_never

from msgspec import UNSET, UnsetType

from migrate.objects import Json, Manifest, pointer, value_at
from migrate.operations.jsontext import JsonTextError, locate
from migrate.operations.model import Create, Delete, Edit, Operation, Patch


class Standing(StrEnum):
    """PENDING: as before the change. APPLIED: as after it. DRIFTED: neither."""

    PENDING = "pending"
    APPLIED = "applied"
    DRIFTED = "drifted"


def classify(operation: Operation, live: Manifest | None) -> Standing:
    """Tell where the operation stands against the live object (None: there is none)."""
    match operation.change:
        case Create(manifest):
            return _existence(manifest, live, absent=Standing.PENDING, present=Standing.APPLIED)
        case Delete(manifest):
            return _existence(manifest, live, absent=Standing.APPLIED, present=Standing.PENDING)
        case Patch() as change:
            return _together({standing_of(edit, live) for edit in parted(change, live).edits})
        case _:
            assert_never(operation.change)


def standing_of(edit: Edit, live: Manifest | None) -> Standing:
    """Tell where a single edit stands: somebody may have changed one field of several."""
    if live is None:
        return Standing.DRIFTED
    found = current(edit, live)
    if _same(edit, found, edit.after):
        return Standing.APPLIED
    return Standing.PENDING if _same(edit, found, edit.before) else Standing.DRIFTED


def to_make(change: Patch, live: Manifest) -> tuple[Edit, ...]:
    """Return the edits that are still to be made.

    Edits below one parent mean one thing together, as an image's repository and its tag:
    where somebody changed one of them, none is made.
    """
    standings = [(edit, standing_of(edit, live)) for edit in parted(change, live).edits]
    foreign = {_unit(edit) for edit, found in standings if found is Standing.DRIFTED}
    return tuple(
        edit
        for edit, found in standings
        if found is Standing.PENDING and _unit(edit) not in foreign
    )


def parted(change: Patch, live: Manifest | None) -> Patch:
    """Return the patch with lists that others have items in, too, taken apart.

    The edit that brings a list of named items into being, or takes it away, is one edit for
    each of its items then: ours come and go, those of others stay.
    """
    return Patch(tuple(part for edit in change.edits for part in _parts(edit, live)))


def _parts(edit: Edit, live: Manifest | None) -> tuple[Edit, ...]:
    items, found = _items(edit), value_at(live, edit.path)
    if not items or not isinstance(found, list) or found in (edit.before, edit.after):
        return (edit,)
    comes = isinstance(edit.after, list) and bool(edit.after)
    paths = [edit.path + pointer(f"name={item['name']}") for item in items]
    sides = [(UNSET, item) if comes else (item, UNSET) for item in items]
    return tuple(Edit(path, *side) for path, side in zip(paths, sides, strict=True))


def _items(edit: Edit) -> list[Json]:
    """Return the named items of a list that comes whole or goes whole; of other edits none."""
    lists = [side for side in (edit.before, edit.after) if side not in (UNSET, None, [])]
    if len(lists) != 1 or not isinstance(lists[0], list) or edit.within is not None:
        return []
    named = all(isinstance(item, dict) and "name" in item for item in lists[0])
    return lists[0] if named else []


def _unit(edit: Edit) -> tuple[str, str]:
    """Name what the edit belongs to: the field itself, or an object in the field's document."""
    return (edit.path, (edit.within or "").rpartition("/")[0])


UNREADABLE = object()
"""What `current` finds where a string should hold a JSON document and does not."""


def current(edit: Edit, live: Manifest) -> Json | UnsetType:
    """Return what the live object has where the edit points to, in the edit's own terms."""
    value = value_at(live, edit.path)
    if edit.within is None:
        return value
    try:
        return locate(value, edit.within) if isinstance(value, str) else UNREADABLE
    except JsonTextError:
        return UNREADABLE


def _same(edit: Edit, found: Json | UnsetType, wanted: Json | UnsetType) -> bool:
    if UNSET in (found, wanted) or found is UNREADABLE or edit.within is None:
        return bool(found == wanted) if found is not UNREADABLE else False
    return bool(json.loads(str(found)) == json.loads(str(wanted)))


def is_met(found: Json | UnsetType, expected: Json) -> bool:
    """Tell whether a field holds what is awaited of it; null awaits that it is not there."""
    return bool(found == (UNSET if expected is None else expected))


def _existence(
    manifest: Manifest, live: Manifest | None, *, absent: Standing, present: Standing
) -> Standing:
    if live is None:
        return absent
    return present if contains(live, manifest) else Standing.DRIFTED


def _together(standings: set[Standing]) -> Standing:
    if Standing.DRIFTED in standings:
        return Standing.DRIFTED
    return Standing.PENDING if Standing.PENDING in standings else Standing.APPLIED


def contains(live: Json, wanted: Json) -> bool:
    """Tell whether all of ``wanted`` is in ``live``; the API server may have added defaults."""
    return next(lacking(live, wanted), None) is None


def lacking(live: Json, wanted: Json, at: str = "") -> Iterator[str]:
    """Yield where ``live`` has not what is wanted, by JSON Pointer; what it has beside is fine.

    A list of another length differs as a whole.
    """
    if isinstance(wanted, dict) and isinstance(live, dict):
        for key, value in wanted.items():
            yield from lacking(live.get(key, UNSET), value, at + pointer(key))
    elif isinstance(wanted, list) and isinstance(live, list) and len(live) == len(wanted):
        for number, (found, item) in enumerate(zip(live, wanted, strict=True)):
            yield from lacking(found, item, f"{at}/{number}")
    elif live != wanted:
        yield at
