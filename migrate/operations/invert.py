"""The inverse of a change, derived from the change alone."""

from __future__ import annotations

from typing import assert_never

from migrate.operations.model import Change, Create, Delete, Edit, Operation, Patch


def invert(operation: Operation) -> Operation:
    """Return the operation that undoes this one: ``invert(invert(x)) == x``."""
    return Operation(operation.target, _inverse(operation.change), operation.reason)


def _inverse(change: Change) -> Change:
    match change:
        case Create(manifest):
            return Delete(manifest)
        case Delete(manifest):
            return Create(manifest)
        case Patch(edits):
            return Patch(tuple(invert_edit(edit) for edit in reversed(edits)))
        case _:
            assert_never(change)


def invert_edit(edit: Edit) -> Edit:
    """Return the edit with before and after exchanged."""
    return Edit(edit.path, edit.after, edit.before, edit.within)
