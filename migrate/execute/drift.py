"""Saying what somebody else changed, in a form that a person can read."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.errors import StaleError
from migrate.objects import Manifest
from migrate.operations.classify import Standing, parted, standing_of
from migrate.operations.describe import found_value, place_of, shown_value
from migrate.operations.model import Edit, Operation, Patch

AGAIN = "read the difference, then plan again: kmigrate plan"


def drifted(found: Sequence[tuple[Operation, Manifest | None]]) -> StaleError:
    """Return the error for operations whose objects are neither as before nor as after."""
    lines = [line for operation, live in found for line in _lines(operation, live)]
    return StaleError(
        "the cluster has changed since the plan was made:\n" + "\n".join(lines), AGAIN
    )


def _lines(operation: Operation, live: Manifest | None) -> list[str]:
    if live is None:
        return [f"  {operation.target}: expected to exist, is gone"]
    if not isinstance(operation.change, Patch):
        return [f"  {operation.target}: exists and differs from what was planned"]
    edits = parted(operation.change, live).edits
    bad = [edit for edit in edits if standing_of(edit, live) is Standing.DRIFTED]
    return [f"  {operation.target}", *(line for e in bad for line in _edit(e, live))]


def _edit(edit: Edit, live: Manifest) -> list[str]:
    before = shown_value(edit, edit.before)
    return [
        f"    {place_of(edit)}",
        f"    - {before}    (planned from)",
        f"    + {found_value(edit, live)}    (found)",
    ]
