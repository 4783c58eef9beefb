"""Saying what somebody else changed, in a form that a person can read."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET

from migrate.errors import StaleError
from migrate.objects import Manifest
from migrate.operations.classify import UNREADABLE, Standing, current, standing_of
from migrate.operations.describe import place_of
from migrate.operations.model import Edit, Operation, Patch

AGAIN = "read the difference, then plan again: kmigrate plan"


def drifted(found: Sequence[tuple[Operation, Manifest | None]]) -> StaleError:
    """Return the error for operations whose objects are neither as before nor as after."""
    lines = [line for operation, live in found for line in _lines(operation, live)]
    return StaleError(
        "the cluster has changed since the plan was made:\n" + "\n".join(lines), AGAIN
    )


def shown(edit: Edit, live: Manifest) -> str:
    """Return what the live object has where the edit points to, as text."""
    value = current(edit, live)
    if value is UNREADABLE:
        return "(no readable JSON)"
    return "(none)" if value is UNSET else str(value)


def _lines(operation: Operation, live: Manifest | None) -> list[str]:
    if live is None:
        return [f"  {operation.target}: expected to exist, is gone"]
    if not isinstance(operation.change, Patch):
        return [f"  {operation.target}: exists and differs from what was planned"]
    bad = [e for e in operation.change.edits if standing_of(e, live) is Standing.DRIFTED]
    return [f"  {operation.target}", *(line for e in bad for line in _edit(e, live))]


def _edit(edit: Edit, live: Manifest) -> list[str]:
    before = "(none)" if edit.before is UNSET else str(edit.before)
    return [
        f"    {place_of(edit)}",
        f"    - {before}    (planned from)",
        f"    + {shown(edit, live)}    (found)",
    ]
